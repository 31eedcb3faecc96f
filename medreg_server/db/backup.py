"""Copies of the whole database, made while the service runs; their way back is in :mod:`medreg_server.db.restoring`."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import URL, Engine

from medreg_server.db.durable import sync_file, sync_folder
from medreg_server.db.engine import is_missing, open_engine


class BackupFault(Exception):
    """A backup cannot be made or restored, or was not to its end.

    ``code``: file_exists | nothing_there | database_not_empty | log_left | service_runs | damaged | newer |
    unfinished | program_missing | program_failed.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code
        self.detail = detail


def back_up(url: str, target: Path) -> None:
    """Write one consistent copy of the database to ``target``, whole and durable or not at all.

    Raises BackupFault, OSError, and what SQLite says of a database or a disk that it cannot use.
    """
    if target.exists():
        raise BackupFault("file_exists", str(target))
    engine = open_engine(url)
    if is_missing(engine):
        raise BackupFault("nothing_there", str(engine.url.database))
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        _write_copy(engine, draft)
        sync_file(draft)  # neither VACUUM INTO nor pg_dump of PostgreSQL 15 and before does
        _name(draft, target)
    finally:
        draft.unlink(missing_ok=True)
        engine.dispose()


def _write_copy(engine: Engine, draft: Path) -> None:
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(draft),))
    else:
        run_program("pg_dump", "--format=custom", f"--file={draft}", f"--dbname={libpq_url(engine.url)}")


def _name(draft: Path, target: Path) -> None:
    """Give the copy its name; sticks and shares, where it often goes, know no links and sync no folders."""
    if target.exists():
        raise BackupFault("file_exists", str(target))
    draft.replace(target)
    with suppress(OSError):
        sync_folder(target.parent)


def libpq_url(url: URL) -> str:
    """Return a URL as the programs of PostgreSQL read it, password included."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def run_program(program: str, *arguments: str) -> str:
    """Run a program of PostgreSQL; return what it printed. Raises BackupFault program_missing, program_failed."""
    path = shutil.which(program)
    if path is None:
        raise BackupFault("program_missing", program)
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        [path, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",  # it speaks the operator's language, in whatever encoding
        check=False,
    )
    if done.returncode:
        raise BackupFault("program_failed", f"{program}: {done.stderr.strip()}")
    return done.stdout
