"""The journey's hold on the office process: one command at a time, each with its answer; and the means to kill it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


class OfficeProcess:
    """Starts :mod:`demo.office` and talks to it over its standard input and output."""

    def __init__(self, data: Path, server: str, screens: Path, log: Path) -> None:
        self._log = log.open("ab")
        command = (sys.executable, "-m", "demo.office", "--data", data, "--server", server, "--screens", screens)
        self._process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )

    def do(self, command: str, **arguments: object) -> dict[str, Any]:
        """Do a command; raises RuntimeError with the office's own account when it failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self._process.stdin.flush()
        while line := self._process.stdout.readline():
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                if "error" in answer:
                    raise RuntimeError(f"{command}: {answer['error']}\n{answer.get('trace', '')}")
                return answer
        raise RuntimeError(f"{command}: the office ended; see its log")

    def kill(self) -> None:
        """SIGKILL (TerminateProcess on Windows): no chance to clean up."""
        self._process.kill()
        self._process.wait()
        self._log.close()

    def quit(self) -> int:
        """End the program as its user would; return its exit status."""
        self.do("quit")
        status = self._process.wait(timeout=30)
        self._log.close()
        return status
