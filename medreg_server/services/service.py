"""Joins the parts of one process over an up-to-date database: the same for serving, for the commands and for tests."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from medreg_server.db.audit import Head
from medreg_server.db.clock import Clock, system_clock
from medreg_server.db.engine import Engine, open_engine
from medreg_server.db.migrate import check_schema
from medreg_server.db.restoring import restoring
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
        """Keep what is still to be kept of the audit, and close the database connections."""
        self.audit_heads.keep_last()
        self.environment.database.close()


def open_service(settings: Settings, clock: Clock = system_clock, engine: Engine | None = None) -> Service:
    """Join the parts. Raises SchemaMismatch when the database needs ``migrate`` first, BackupFault unfinished.

    An ``engine`` that is handed in keeps the statements it has compiled from one service to the next.
    """
    service = _joined(settings, clock, _checked(engine or open_engine(settings.database_url)))
    service.environment.database.keep_heads(service.audit_heads.keep)
    service.registry.prepare()
    with service.environment.database.read() as transaction:
        service.audit_heads.keep_keys(service.environment.keys, transaction.server_state.public_keys())
    return service


def restore(settings: Settings, source: Path, reason: str, clock: Clock = system_clock) -> str:
    """Fill the empty place that the settings name from a backup; return the epoch that begins with it.

    Nobody can open the register before its new epoch has begun. Raises BackupFault, RegistryFault, OSError.
    """
    with restoring(settings.database_url, source) as engine:
        service = _joined(settings, clock, engine)
        # Noted behind the restore, a crash in between would have verify-audit call it a crime for ever.
        epoch, heads = _begun_anew(service, reason)
    # Kept before, the heads of a restore that is broken off would stand against every later one.
    _keep(service, heads)
    return epoch


def new_epoch(settings: Settings, reason: str, clock: Clock = system_clock) -> str:
    """Begin a new epoch in a register that failed over, or was restored by other means; return it.

    Raises SchemaMismatch, BackupFault unfinished, RegistryFault, OSError.
    """
    with closing(_joined(settings, clock, _checked(open_engine(settings.database_url, patient=True)))) as service:
        epoch, heads = _begun_anew(service, reason)
        _keep(service, heads)
    return epoch


def _begun_anew(service: Service, reason: str) -> tuple[str, list[Head]]:
    """Begin an epoch where the register may be of before, and note what of its chains is gone.

    Returns the epoch, and the heads of what was written: among those kept they may only stand behind that note.
    """
    heads: list[Head] = []
    environment = service.environment
    environment.database.keep_heads(heads.append)
    with environment.database.read() as transaction:
        ends = {head.chain: head.seq for head in transaction.audit.heads()}
    service.registry.prepare()
    epoch = service.registry.begin_epoch(reason)
    service.audit_heads.note_restored(ends, epoch, environment.now(), environment.keys)
    return epoch, heads


def _keep(service: Service, heads: list[Head]) -> None:
    for head in heads:
        service.audit_heads.keep(head)
    service.audit_heads.keep_last()


def _checked(engine: Engine) -> Engine:
    try:
        check_schema(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _joined(settings: Settings, clock: Clock, engine: Engine) -> Service:
    data_dir = Path(settings.data_dir)
    keys = open_keys(data_dir)
    database = Database(engine, clock, keys)
    environment = Environment(database, clock, keys, settings, installed_tables())
    passwords = Passwords(settings)
    return Service(environment, passwords, Registry(environment, passwords), AuditHeads(data_dir / FILE))
