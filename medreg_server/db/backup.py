"""Copies of the whole database, made while the service runs, and their way back."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import URL

from medreg_server.db.engine import open_engine


class BackupFault(Exception):
    """A backup cannot be made or restored.

    ``code``: file_exists | database_not_empty | program_missing | program_failed.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code
        self.detail = detail


def back_up(url: str, target: Path) -> None:
    """Write one consistent copy of the database to ``target``. Raises BackupFault."""
    if target.exists():
        raise BackupFault("file_exists", str(target))
    engine = open_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            with closing(engine.raw_connection()) as connection:
                connection.cursor().execute("VACUUM INTO ?", (str(target),))
        else:
            _run("pg_dump", "--format=custom", f"--file={target}", f"--dbname={_libpq(engine.url)}")
    finally:
        engine.dispose()


def restore(url: str, source: Path) -> None:
    """Fill an empty or missing database from a backup. Raises BackupFault.

    The caller begins a new epoch afterwards: the copy is older than what clients have seen.
    """
    engine = open_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            _restore_file(engine, source)
        else:
            _run(
                "pg_restore",
                "--exit-on-error",
                "--single-transaction",
                "--no-owner",
                f"--dbname={_libpq(engine.url)}",
                str(source),
            )
    finally:
        engine.dispose()


def _restore_file(engine: Engine, source: Path) -> None:
    target = Path(str(engine.url.database))
    if target.exists():
        raise BackupFault("database_not_empty", str(target))
    draft = target.with_suffix(".restoring")
    shutil.copyfile(source, draft)
    draft.replace(target)


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _run(program: str, *arguments: str) -> None:
    path = shutil.which(program)
    if path is None:
        raise BackupFault("program_missing", program)
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        [path, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupFault("program_failed", f"{program}: {done.stderr.strip()}")
