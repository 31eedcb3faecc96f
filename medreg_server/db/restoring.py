"""The way back of a backup: its register is finished where no program can open it, then put in its place.

A backup is older than what clients have seen. Served before its new epoch has begun it would answer them as if nothing
had happened, and lease numbers that are on paper.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from medreg_server.db.backup import BackupFault, libpq_url, run_program
from medreg_server.db.durable import sync_file, sync_folder
from medreg_server.db.engine import APPLICATION, is_missing, open_engine
from medreg_server.db.migrate import is_known, migrate, migrate_unseen, require_no_logs, revision_of, show

_REVISION_TABLE: Final = "alembic_version"
_REVISION_ENTRY: Final = re.compile(rf"^\d+; \d+ \d+ TABLE DATA \S+ {_REVISION_TABLE} .*\n", re.MULTILINE)
_REVISION: Final = re.compile(rf"^COPY .*\b{_REVISION_TABLE} .*\n(\S+)\n\\\.$", re.MULTILINE)
_SERVICES: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND application_name = :name"
)


@contextmanager
def restoring(url: str, source: Path) -> Iterator[Engine]:
    """Give the register of a backup, brought to the present schema, which nobody else can open before the block ends.

    The block begins a new epoch in it. If it raises, or the process dies, nothing is served: SQLite's place is as empty
    as before, PostgreSQL's database has to be emptied before the next try. Raises BackupFault, OSError.
    """
    engine = open_engine(url, patient=True)
    try:
        finished = _in_a_draft if engine.dialect.name == "sqlite" else _without_revision
        with finished(engine, source) as register:
            yield register
    finally:
        engine.dispose()


# ---- a file of SQLite -----------------------------------------------------------------------------------------------


@contextmanager
def _in_a_draft(place: Engine, source: Path) -> Iterator[Engine]:
    """Give the register in a file beside its place, of another name."""
    target = Path(str(place.url.database)).resolve()  # SQLite looks for its logs where a link leads to
    _require_empty(place)
    _remove_drafts(target)
    draft = target.with_name(f"{target.name}.restoring-{os.getpid()}")
    engine = open_engine(place.url.set(database=str(draft)).render_as_string(hide_password=False))
    try:
        shutil.copyfile(source, draft)
        _require_whole(engine, source)
        migrate(engine)
        yield engine
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")  # what stands in the log goes into the file
        engine.dispose()
        _require_empty(place)
        _put_in_place(draft, target)
    finally:
        engine.dispose()
        _remove_drafts(target)


def _require_empty(place: Engine) -> None:
    if not is_missing(place):
        raise BackupFault("database_not_empty", str(place.url.database))
    require_no_logs(place)


def _require_whole(engine: Engine, source: Path) -> None:
    try:
        with engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
        revision = revision_of(engine)
    except DatabaseError as error:
        raise BackupFault("damaged", str(source)) from error
    if found != "ok":
        raise BackupFault("damaged", str(source))
    _require_known(revision, source)


def _put_in_place(draft: Path, target: Path) -> None:
    """Give a closed file its name, durably; a name that somebody has taken meanwhile is left alone."""
    sync_file(draft)
    try:
        os.link(draft, target)
    except FileExistsError as error:
        raise BackupFault("database_not_empty", str(target)) from error
    sync_folder(target.parent)


def _remove_drafts(target: Path) -> None:
    """Remove what restores that were broken off have left, each file before its logs: alone these are nothing."""
    for leftover in sorted(target.parent.glob(f"{glob.escape(target.name)}.restoring-*")):
        leftover.unlink(missing_ok=True)


# ---- a database of PostgreSQL ---------------------------------------------------------------------------------------


@contextmanager
def _without_revision(engine: Engine, source: Path) -> Iterator[Engine]:
    """Give the register in its place, but without the revision of its schema: so no program opens it."""
    _require_no_service(engine)
    if inspect(engine).get_table_names():
        raise BackupFault("database_not_empty", str(engine.url.database))
    revision = _fill(engine, source)
    migrate_unseen(engine, revision)
    yield engine
    _require_no_service(engine)
    show(engine)


def _require_no_service(engine: Engine) -> None:
    """A service that runs already asks for no revision any more."""
    with engine.connect() as connection:
        if connection.execute(_SERVICES, {"name": APPLICATION}).scalar_one():
            raise BackupFault("service_runs", str(engine.url.database))


def _fill(engine: Engine, source: Path) -> str:
    """Restore all but the revision in one transaction; return the revision."""
    printed = run_program("pg_restore", "--data-only", f"--table={_REVISION_TABLE}", "--file=-", str(source))
    revision = _REVISION.search(printed)
    entries, left_out = _REVISION_ENTRY.subn("", run_program("pg_restore", "--list", str(source)))
    known = _require_known(revision[1] if revision and left_out else None, source)
    with TemporaryDirectory() as folder:
        chosen = Path(folder) / "entries"
        chosen.write_text(entries, encoding="utf-8")
        run_program(
            "pg_restore",
            "--exit-on-error",
            "--single-transaction",
            "--no-owner",
            f"--use-list={chosen}",
            f"--dbname={libpq_url(engine.url)}",
            str(source),
        )
    return known


def _require_known(revision: str | None, source: Path) -> str:
    if not revision:
        raise BackupFault("damaged", str(source))
    if not is_known(revision):
        raise BackupFault("newer", str(source))
    return revision
