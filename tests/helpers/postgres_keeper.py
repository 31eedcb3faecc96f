"""Stops a test's PostgreSQL when whoever started it has ended, in good order or by a kill.

A process of its own at the other end of a pipe, which every system closes when a process is killed. It outlives a
Ctrl-C, which goes to the session of the tests, and is a plain script of the standard library.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path


def kept(owner: str, control: Path, data: Path, base: Path) -> subprocess.Popen[bytes]:
    """Start the keeper of a cluster in ``base``; closing its input, or being killed, ends both."""
    command = [sys.executable, "-I", __file__, owner, *map(str, (control, data, base))]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)


def run_as(owner: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL, as root as another user: PostgreSQL refuses root."""
    return subprocess.run(
        [str(argument) for argument in arguments],
        user=owner if os.geteuid() == 0 else None,
        cwd="/",
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=90,
    )


def _keep(owner: str, control: str, data: str, base: str) -> None:
    sys.stdin.buffer.read()  # returns when the last end of the pipe is closed
    if Path(data, "postmaster.pid").exists():
        run_as(owner, control, "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(base, ignore_errors=True)  # a server that was just starting ends when it misses its files


if __name__ == "__main__":
    _keep(*sys.argv[1:])
