"""The unit of work: the only way to the tables, and the only writer of the feed and the audit.

Why no database trigger numbers the changes: a trigger fires when a row is written, in the middle of the transaction, so
it would hold the institution's counter while other work is done and could lock two counters in any order. Here the
numbers are taken by :meth:`WriteTransaction.seal`, after all other work, in sorted order. A writer cannot forget: the
repositories that own feed-bearing tables note each change themselves, and leaving a write transaction seals it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from medreg_core.domain.records import DeviceId, InstitutionId
from medreg_server.db.accounts import Accounts
from medreg_server.db.activation import Activation
from medreg_server.db.applications import Applications
from medreg_server.db.audit import Audit, Event, Head, Signer
from medreg_server.db.clock import Clock
from medreg_server.db.commands import Commands
from medreg_server.db.consents import Consents
from medreg_server.db.devices import Devices
from medreg_server.db.engine import begun
from medreg_server.db.exam_results import ExamResults
from medreg_server.db.feed import Feed
from medreg_server.db.forms import Forms
from medreg_server.db.institutions import Institutions
from medreg_server.db.leases import Leases
from medreg_server.db.physicians import Physicians
from medreg_server.db.receipts import Receipts
from medreg_server.db.rescued import Rescued
from medreg_server.db.server_state import ServerState
from medreg_server.db.writes import Writes

_log: Final = logging.getLogger(__name__)

_TRANSIENT_SQLSTATES: Final = frozenset(
    ["40001", "40P01", "55P03", "57014", "57P01", "57P03", "08000", "08003", "08006", "53300", "23505"]
)
"""PostgreSQL: serialisation failure, deadlock, lock and statement timeout, shutdown, lost or too many connections.

23505, a key that exists, happens only when two send the same new row at once: all are looked for before they are
inserted. The second then finds the first's row.
"""


class DatabaseBusy(Exception):
    """The database could not do the work now; nothing was changed and the same request may succeed later."""


class ReadTransaction:
    """The repositories on one connection, inside one consistent view of the register."""

    def __init__(self, connection: Connection) -> None:
        writes = self._writes = Writes(connection)
        self.feed = Feed(writes)
        self.audit = Audit(writes)
        self.applications = Applications(writes, self.feed)
        self.institutions = Institutions(writes, self.feed)
        self.physicians = Physicians(writes)
        self.exam_results = ExamResults(writes)
        self.accounts = Accounts(writes)
        self.devices = Devices(writes)
        self.leases = Leases(writes)
        self.activation = Activation(writes)
        self.forms = Forms(writes)
        self.consents = Consents(writes)
        self.commands = Commands(writes)
        self.rescued = Rescued(writes)
        self.receipts = Receipts(writes)
        self.server_state = ServerState(writes)


class WriteTransaction(ReadTransaction):
    """The repositories inside a transaction that may change the register."""

    def __init__(self, connection: Connection, clock: Clock, signer: Signer) -> None:
        super().__init__(connection)
        self._clock = clock
        self._signer = signer
        self.advanced: dict[InstitutionId, int] = {}
        self.audit_heads: list[Head] = []

    def record(self, event: Event) -> None:
        """Note an event for the audit."""
        self.audit.add(event)

    def take_turn(self, device_id: DeviceId) -> bool:
        """Wait for the device's turn (:meth:`Devices.take_turn`); return whether it is shut out."""
        return self.devices.take_turn(device_id)

    def seal(self) -> Mapping[InstitutionId, int]:
        """Chain the audit, number the changes, and return the new head of each feed touched.

        After it only a command's outcome, which must name its number, may still be written.
        """
        now = self._clock()
        self.audit_heads += self.audit.append(now, self._signer)
        self.advanced |= self.feed.number(now)
        return self.advanced

    def finish(self) -> None:
        """Seal what is not sealed, and write what still waits to be written."""
        self.seal()
        self._writes.carry_out()


class RehearsedTransaction(WriteTransaction):
    """A transaction of which nothing will stay. It takes no turn, no feed counter and no audit chain from anybody."""

    def take_turn(self, device_id: DeviceId) -> bool:
        """Only ask whether the device is shut out: who decides there would wait for the whole rehearsal."""
        return self.devices.is_revoked(device_id)

    def seal(self) -> Mapping[InstitutionId, int]:
        """Number nothing: who waited for the counter would wait for the whole rehearsal."""
        return self.advanced


Write = Callable[[], AbstractContextManager[WriteTransaction]]
"""Begins a transaction that is sealed and committed when its block ends, rolled back when it raises."""

Watcher = Callable[[Mapping[InstitutionId, int]], None]
"""Told after each commit which feeds advanced, and to which number."""

HeadKeeper = Callable[[Head], None]
"""Told after each commit the signed heads of the audit chains, to keep them outside the database."""


class Database:
    """Gives out transactions. One per process; safe to use from any thread."""

    def __init__(self, engine: Engine, clock: Clock, signer: Signer) -> None:
        self._engine = engine
        self._clock = clock
        self._signer = signer
        self._watchers: list[Watcher] = []
        self._head_keepers: list[HeadKeeper] = []
        # SQLite has one writer. Threads queue here, in turn, instead of polling its file lock against each other.
        self._gate: AbstractContextManager[object] = (
            threading.Lock() if engine.dialect.name == "sqlite" else nullcontext()
        )

    def watch(self, watcher: Watcher) -> None:
        """Tell ``watcher`` after each commit; it runs on the writing thread and must not block."""
        self._watchers.append(watcher)

    def keep_heads(self, keeper: HeadKeeper) -> None:
        """Tell ``keeper`` after each commit; it runs on the writing thread."""
        self._head_keepers.append(keeper)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[ReadTransaction]:
        """Give one consistent view. Raises DatabaseBusy."""
        with _translated(), self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with begun(connection, writes=False):
                yield ReadTransaction(connection)

    @contextmanager
    def glance(self) -> Iterator[ReadTransaction]:
        """Give a view for a single statement, which sees one moment by itself: nothing is begun and nothing ended.

        Raises DatabaseBusy.
        """
        with _translated(), self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":  # SQLite's driver begins nothing by itself, see db.engine
                connection.execution_options(isolation_level="AUTOCOMMIT")
            yield ReadTransaction(connection)

    @contextmanager
    def write(self) -> Iterator[WriteTransaction]:
        """Give a transaction that is sealed and committed when the block ends, rolled back when it raises.

        Raises DatabaseBusy.
        """
        with self.series() as write, write() as transaction:
            yield transaction

    @contextmanager
    def series(self) -> Iterator[Write]:
        """Give a function that begins transactions like :meth:`write`, one after another, all on one connection.

        Other writers come in between as they would otherwise. Raises DatabaseBusy, as does each transaction.
        """
        with _translated(), self._engine.connect() as connection:
            yield lambda: self._write_on(connection)

    @contextmanager
    def rehearsal(self) -> Iterator[Write]:
        """Give a function like :meth:`series`, of which nothing is kept and nobody is told.

        Each transaction is a savepoint of one that is rolled back: it sees the work of those before it, and may fail
        alone. Raises DatabaseBusy.
        """
        with self._gate, _translated(), self._engine.connect() as connection, begun(connection, writes=True) as whole:
            try:
                yield lambda: self._rehearse_on(connection)
            finally:
                whole.rollback()

    @contextmanager
    def _rehearse_on(self, connection: Connection) -> Iterator[WriteTransaction]:
        with _translated(), connection.begin_nested():
            transaction = RehearsedTransaction(connection, self._clock, self._signer)
            yield transaction
            transaction.finish()

    @contextmanager
    def _write_on(self, connection: Connection) -> Iterator[WriteTransaction]:
        with self._gate, _translated(), begun(connection, writes=True):
            transaction = WriteTransaction(connection, self._clock, self._signer)
            yield transaction
            transaction.finish()
        for watcher in self._watchers:
            watcher(transaction.advanced)
        for keeper in self._head_keepers:
            for head in transaction.audit_heads:
                keeper(head)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseBusy("connections") from error
    except DBAPIError as error:
        if not _is_transient(error):
            raise
        _log.warning("database busy: %s", type(error.orig).__name__)
        raise DatabaseBusy(type(error.orig).__name__) from error


def _is_transient(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is not None:
        return sqlstate in _TRANSIENT_SQLSTATES
    return isinstance(error, OperationalError) and any(
        word in str(error.orig) for word in ("locked", "busy", "connection", "connect")
    )
