"""A PostgreSQL cluster of our own on a Unix socket, gone with the benchmark."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SETTINGS = {
    "listen_addresses": "''",
    "shared_buffers": "1GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "effective_cache_size": "4GB",
    "random_page_cost": "1.1",
    "fsync": "off",
    "max_wal_size": "4GB",
}


def _programs() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return places[0] if places else None


def _as_postgres(*command: str | Path) -> list[str]:
    """Run as the user ``postgres`` when we are root: initdb refuses root."""
    words = [str(word) for word in command]
    return ["runuser", "-u", "postgres", "--", *words] if os.name == "posix" and os.geteuid() == 0 else words


def _run(*command: str | Path) -> None:
    subprocess.run(_as_postgres(*command), check=True, capture_output=True, cwd="/")


@contextmanager
def cluster() -> Iterator[str | None]:
    """Start a cluster and give its connection string; None when PostgreSQL is not installed."""
    programs = _programs()
    if programs is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="medreg-bench-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    try:
        _run(programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--locale=C", "--encoding=UTF8")
        options = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
        _run(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", f"{options} -k {folder}", "start")
        try:
            yield f"host={folder} user=postgres dbname=postgres"
        finally:
            _run(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
