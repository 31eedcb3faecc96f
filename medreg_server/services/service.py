"""Joins the parts of one process over an up-to-date database: the same for serving, for the commands and for tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medreg_server.db.clock import Clock, system_clock
from medreg_server.db.engine import Engine, open_engine
from medreg_server.db.migrate import check_schema
from medreg_server.db.transaction import Database
from medreg_server.services.audit_heads import FILE, AuditHeads
from medreg_server.services.environment import Environment
from medreg_server.services.keys import open_keys
from medreg_server.services.passwords import Passwords
from medreg_server.services.registry import Registry
from medreg_server.services.rule_tables import installed_tables
from medreg_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of a process that serve, administer or test the register."""

    environment: Environment
    passwords: Passwords
    registry: Registry
    audit_heads: AuditHeads

    def close(self) -> None:
        """Close the database connections."""
        self.environment.database.close()


def open_service(settings: Settings, clock: Clock = system_clock, engine: Engine | None = None) -> Service:
    """Join the parts. Raises SchemaMismatch when the database needs ``migrate`` first.

    An ``engine`` that is handed in keeps the statements it has compiled from one service to the next.
    """
    data_dir = Path(settings.data_dir)
    keys = open_keys(data_dir)
    engine = engine or open_engine(settings.database_url)
    try:
        check_schema(engine)
    except BaseException:
        engine.dispose()
        raise
    database = Database(engine, clock, keys)
    heads = AuditHeads(data_dir / FILE)
    database.keep_heads(heads.keep)
    environment = Environment(database, clock, keys, settings, installed_tables())
    passwords = Passwords(settings)
    registry = Registry(environment, passwords)
    registry.prepare()
    return Service(environment, passwords, registry, heads)
