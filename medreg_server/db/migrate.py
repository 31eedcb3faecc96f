"""Brings a database to the shape this program needs. Migrations are the only writer of the schema."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from medreg_server.db.engine import begun

_SCRIPTS: Final = Path(__file__).parent / "migrations"


class SchemaMismatch(Exception):
    """The database has another schema than this program; ``found`` and ``needed`` are revisions."""

    def __init__(self, found: str | None, needed: str) -> None:
        super().__init__(f"database is at {found}, this program needs {needed}")
        self.found = found
        self.needed = needed


def migrate(engine: Engine, revision: str = "head") -> None:
    """Upgrade (or with an older ``revision``, downgrade) the schema in one transaction."""
    with engine.connect() as connection, begun(connection, writes=True):
        config = _config(connection)
        if revision == "base" or _is_behind(config, connection, revision):
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)


def check_schema(engine: Engine) -> None:
    """Raise SchemaMismatch unless the schema is exactly the one this program was written for."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found != _needed():
        raise SchemaMismatch(found, _needed())


@cache
def _needed() -> str:
    """Return the revision this program was written for; reading the scripts takes longer than all else at a start."""
    return str(ScriptDirectory(str(_SCRIPTS)).get_current_head())


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
