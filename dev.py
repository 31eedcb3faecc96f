#!/usr/bin/env python3
"""Everything a developer runs: ``demo``, ``test``, ``lint``, ``bench``, ``sim``. Standard library only.

The first call makes ``.venv`` and installs exactly what ``requirements.lock`` names; later calls start at once. System
libraries are installed where that is possible without asking (Debian as root), else the one line to run is printed.
"""

from __future__ import annotations

import argparse
import ctypes.util
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCK = ROOT / "requirements.lock"
BENCH_LOCK = ROOT / "requirements-bench.lock"

# Shared libraries that the Qt wheels expect from the system, with the Debian package that brings each.
QT_LIBRARIES = {
    "EGL": "libegl1",
    "GL": "libgl1",
    "xkbcommon": "libxkbcommon0",
    "dbus-1": "libdbus-1-3",
    "fontconfig": "libfontconfig1",
    "glib-2.0": "libglib2.0-0",
    "xcb-cursor": "libxcb-cursor0",
    "xcb-icccm": "libxcb-icccm4",
    "xcb-keysyms": "libxcb-keysyms1",
    "xkbcommon-x11": "libxkbcommon-x11-0",
    "xcb-render-util": "libxcb-render-util0",
    "xcb-image": "libxcb-image0",
    "xcb-shape": "libxcb-shape0",
    "nss3": "libnss3",
}


def say(text: str) -> None:
    """Tell what is going on."""
    print(f"[dev] {text}", flush=True)


def run(*command: str | Path, env: dict[str, str] | None = None) -> int:
    """Run a command in the repository; return its exit status."""
    return subprocess.run([str(part) for part in command], cwd=ROOT, env=env, check=False).returncode


def need(*command: str | Path) -> None:
    """Run a command that everything after it stands on."""
    status = run(*command)
    if status:
        raise SystemExit(f"This step failed (exit status {status}): {' '.join(str(part) for part in command)}")


def set_up(*, bench: bool = False) -> None:
    """Make the environment match the lock files; does nothing when it already does."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this very line tells the owner of an older one what to do
        raise SystemExit(
            f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}. Run dev.py with a newer one."
        )
    if not PYTHON.exists():
        say(f"making {VENV.name}")
        if run(sys.executable, "-m", "venv", VENV):
            raise SystemExit(
                "Python's venv module is missing. On Debian: apt-get install python3-venv, then run this again."
            )
    for lock in (LOCK, BENCH_LOCK) if bench else (LOCK,):
        install(lock)


def install(lock: Path) -> None:
    """Install what a lock file names, unless that was done before."""
    stamp = VENV / f".{lock.stem}-installed"
    wanted = hashlib.sha256(lock.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say(f"installing what {lock.name} names")
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    need(*pip, "--require-hashes", "-r", lock)
    if lock == LOCK:
        need(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    stamp.write_text(wanted)


def system_packages(missing: list[str], purpose: str) -> None:
    """Install Debian packages where that needs no question; otherwise print the line and stop."""
    if not missing:
        return
    line = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    apt = shutil.which("apt-get")
    if apt and hasattr(os, "geteuid") and os.geteuid() == 0:
        say(f"{purpose}: {line}")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run(apt, "update", "-qq", env=environment)
        if run(apt, "install", "-y", "-qq", "--no-install-recommends", *missing, env=environment) == 0:
            return
    raise SystemExit(f"{purpose} needs system packages. Run this as an administrator, then try again:\n  {line}")


def qt_libraries() -> None:
    """Make sure that Qt finds the system libraries it expects."""
    if sys.platform.startswith("linux"):
        missing = [package for name, package in QT_LIBRARIES.items() if not ctypes.util.find_library(name)]
        system_packages(missing, "Qt")


def postgres() -> None:
    """Make sure that PostgreSQL's programs are there; the tests start a server of their own."""
    found = shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found and os.name == "nt":
        raise SystemExit("The tests need PostgreSQL. Install it and put its bin folder on PATH, then run this again.")
    if not found:
        system_packages(["postgresql", "postgresql-contrib"], "the database tests")


def has_display() -> bool:
    """Whether a window can be shown."""
    return (
        os.name == "nt"
        or sys.platform == "darwin"
        or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    )


def demo(arguments: list[str]) -> int:
    """Start the demo province: windows on a screen, or the same job headless with pictures."""
    set_up()
    qt_libraries()
    if "--headless" not in arguments and not has_display():
        say("no display found: the same job runs headless; pictures and journey.json go to out/demo")
        arguments = ["--headless", *arguments]
    environment = dict(os.environ)
    if "--headless" in arguments:
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    return run(PYTHON, "-m", "demo", *arguments, env=environment)


def test(arguments: list[str]) -> int:
    """Run the tests; arguments go to pytest."""
    set_up()
    qt_libraries()
    postgres()
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    parallel = [] if any(a.startswith("-n") for a in arguments) else ["-n", str(min(os.cpu_count() or 1, 4))]
    return run(PYTHON, "-m", "pytest", *parallel, *arguments, env=environment)


def lint(_arguments: list[str]) -> int:
    """Ruff, formatting, strict types, import contracts."""
    set_up()
    bin_ = PYTHON.parent
    checks = {
        "ruff": (bin_ / "ruff", "check", "."),
        "format": (bin_ / "ruff", "format", "--check", "."),
        "mypy": (PYTHON, "-m", "mypy"),
        "import contracts": (bin_ / "lint-imports",),
    }
    failed = [name for name, command in checks.items() if run(*command)]
    say("all clean" if not failed else f"to mend: {', '.join(failed)}")
    return 1 if failed else 0


def bench(arguments: list[str]) -> int:
    """Run one benchmark beside its peers, or all; results go to benchmarks/results."""
    set_up(bench=True)
    qt_libraries()
    postgres()
    names = sorted(p.parent.name for p in (ROOT / "benchmarks").glob("*/__main__.py"))
    chosen = names if not arguments or arguments[0].startswith("-") else [arguments.pop(0)]
    unknown = [name for name in chosen if name not in names]
    if unknown:
        raise SystemExit(f"There is no benchmark named {unknown[0]}. There are: {', '.join(names)}.")
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    return max(run(PYTHON, "-m", f"benchmarks.{name}", *arguments, env=environment) for name in chosen)


def sim(arguments: list[str]) -> int:
    """Run the sync simulator: ``--runs N --seed S [--steps K]``."""
    set_up()
    return run(PYTHON, "-m", "simulator", *arguments)


def main() -> int:
    """Read the command line."""
    commands = {"demo": demo, "test": test, "lint": lint, "bench": bench, "sim": sim}
    parser = argparse.ArgumentParser(
        prog="dev.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=commands, help="; ".join(f"{n}: {f.__doc__}" for n, f in commands.items()))
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="handed on to the command")
    chosen = parser.parse_args()
    return commands[chosen.command](chosen.arguments)


if __name__ == "__main__":
    sys.exit(main())
