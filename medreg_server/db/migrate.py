"""Brings a database to the shape this program needs. Migrations are the only writer of the schema."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from medreg_server.db.backup import BackupFault
from medreg_server.db.engine import LOGS, begun, is_missing, logs_left
from medreg_server.db.tables import server_state

_log: Final = logging.getLogger(__name__)
_OWNER_ONLY: Final = 0o600
_SCRIPTS: Final = Path(__file__).parent / "migrations"


class SchemaMismatch(Exception):
    """The database has another schema than this program; ``found`` and ``needed`` are revisions."""

    def __init__(self, found: str | None, needed: str) -> None:
        super().__init__(f"database is at {found}, this program needs {needed}")
        self.found = found
        self.needed = needed


def migrate(engine: Engine, revision: str = "head") -> None:
    """Upgrade (or with an older ``revision``, downgrade) the schema in one transaction.

    A file of SQLite can be read by its owner alone afterwards. Raises BackupFault unfinished, log_left.
    """
    require_no_logs(engine)
    with engine.connect() as connection, begun(connection, writes=True):
        _close_to_others(engine)
        if _found(connection) == _needed() and revision == "head":
            return
        config = _config(connection)
        if revision == "base" or _is_behind(config, connection, revision):
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)


def _close_to_others(engine: Engine) -> None:
    """Take the register's file, and its logs, from all but their owner; SQLite makes later logs like the file."""
    if engine.dialect.name != "sqlite":
        return
    file = Path(str(engine.url.database)).resolve()  # SQLite looks for its logs where a link leads to
    for path in (file, *(file.with_name(file.name + end) for end in LOGS)):
        try:
            path.chmod(_OWNER_ONLY)
        except FileNotFoundError:
            pass
        except OSError as error:  # another user's: told, and no reason to leave the schema as it was
            _log.warning("others may be able to read %s: %s", path, error)


def migrate_unseen(engine: Engine, revision: str) -> None:
    """Upgrade a register that stands at ``revision`` without its knowing, and leave it so.

    No program, not even one of a version before, opens a register that has no revision; see :func:`show`.
    """
    with engine.connect() as connection, begun(connection, writes=True):
        config = _config(connection)
        command.stamp(config, revision)
        command.upgrade(config, "head")
        command.stamp(config, "base")


def show(engine: Engine) -> None:
    """Write down the revision of a register that was migrated unseen: from now on programs open it."""
    with engine.connect() as connection, begun(connection, writes=True):
        command.stamp(_config(connection), "head")


def require_no_logs(engine: Engine) -> None:
    """Raise BackupFault log_left where a file of SQLite is gone and its log is not: a new file would destroy that."""
    if logs := logs_left(engine):
        raise BackupFault("log_left", ", ".join(map(str, logs)))


@cache
def is_known(revision: str) -> bool:
    """Whether this program can bring a register of ``revision`` up to date; not one that a newer program made."""
    return any(script.revision == revision for script in ScriptDirectory(str(_SCRIPTS)).walk_revisions())


def revision_of(engine: Engine) -> str | None:
    """Return the revision that stands in a database, or None."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def check_schema(engine: Engine) -> None:
    """Raise SchemaMismatch unless the schema is exactly the one this program was written for.

    Raises BackupFault unfinished as well. No file is made where there is none.
    """
    if is_missing(engine):
        raise SchemaMismatch(None, _needed())
    with engine.connect() as connection:
        found = _found(connection)
    if found != _needed():
        raise SchemaMismatch(found, _needed())


@cache
def _needed() -> str:
    """Return the revision this program was written for; reading the scripts takes longer than all else at a start."""
    return str(ScriptDirectory(str(_SCRIPTS)).get_current_head())


def _found(connection: Connection) -> str | None:
    """Return the revision; where a register has none, its restore was broken off before the new epoch had begun."""
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None and inspect(connection).has_table(server_state.name):
        raise BackupFault("unfinished", str(connection.engine.url.database))
    return found


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


def _is_behind(config: Config, connection: Connection, revision: str) -> bool:
    """Return whether ``revision`` is an ancestor of where the database stands."""
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None or revision in {"head", found}:
        return False
    ancestors = {script.revision for script in ScriptDirectory.from_config(config).iterate_revisions(found, "base")}
    return revision in ancestors
