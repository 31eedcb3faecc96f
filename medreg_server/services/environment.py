"""What every use case is handed: the database, the time, the keys, the settings and the rule book."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from medreg_core.domain.deadlines import china_date
from medreg_core.domain.ids import uuid7
from medreg_core.domain.tables import Tables
from medreg_server.db.clock import Clock
from medreg_server.db.server_state import Identity
from medreg_server.db.transaction import Database
from medreg_server.services.keys import Keys
from medreg_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Environment:
    """Built once per process; safe to use from any thread."""

    database: Database
    clock: Clock
    keys: Keys
    settings: Settings
    tables: Tables

    def now(self) -> datetime:
        """Return the present moment, aware UTC."""
        return self.clock()

    def today(self) -> date:
        """Return today's date in China."""
        return china_date(self.clock())

    def new_id(self) -> str:
        """Return a new UUIDv7."""
        return uuid7(int(self.clock().timestamp() * 1000), secrets.token_bytes(10))

    def identity(self) -> Identity:
        """Return the service's id and epoch; read anew each time, because a restore changes the epoch under us.

        Whoever reads anything else asks in the same transaction: the epoch of rows is the one they were read in.
        """
        with self.database.glance() as transaction:
            return transaction.server_state.identity()
