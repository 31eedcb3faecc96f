"""Owns the cache's file: opens it, keeps its one writer, hands out readers, and closes it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, RLock, current_thread
from typing import Any, Protocol, TypeVar

from medreg_desktop.services.cache import replica, schema
from medreg_desktop.services.cache.connection import (
    ClosedError,
    Connection,
    DatabaseError,
    connect,
    database_faults,
    prepare_for_writing,
    scalar,
)
from medreg_desktop.services.cache.files import CacheFiles, ProgramLock, file_faults
from medreg_desktop.services.cache.journal import Frame, Journal
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock

T = TypeVar("T")

_log = logging.getLogger(__name__)

_WRITER = "cache-writer"
_CHECKPOINT_PAGES = 1_000
_BULK_CHECKPOINT_PAGES = 30_000


class Connect(Protocol):
    """Opens the file at a path with its key; see :func:`~medreg_desktop.services.cache.connection.connect`."""

    def __call__(self, path: Path, key: bytes, /, *, read_only: bool = False) -> Connection:
        """Return the connection."""
        ...


def _writer_thread() -> Executor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=_WRITER)


@dataclass(frozen=True, slots=True)
class Footing:
    """What a store stands on: how its file is opened, and who carries its transactions out, one at a time in order."""

    connect: Connect = connect
    writer: Callable[[], Executor] = _writer_thread


FOOTING = Footing()
"""An encrypted file and a thread of its own: what the program uses. A simulated world brings another."""


class CacheStore:
    """The open cache. Any thread may call :meth:`write`; every transaction runs on the one writer thread, in order."""

    def __init__(
        self, files: CacheFiles, key: bytes, clock: Clock, conn: Connection, lock: ProgramLock, footing: Footing
    ) -> None:
        """Use :meth:`open`."""
        self.path = files.database
        self.clock = clock
        self._files = files
        self._key = key
        self._conn = conn
        self._lock = lock
        self._journal = Journal(files.journal, key)
        self._journal_is_behind = False
        self._checkpoint_pages = _CHECKPOINT_PAGES
        self._has_grown = True
        self._readers: list[Connection] = []
        self._shared_reader: Connection | None = None
        self._reading = Lock()
        self._taking = RLock()
        self._is_closed = False
        self._connect = footing.connect
        self._writer = footing.writer()

    @classmethod
    def open(
        cls,
        path: Path,
        key: bytes,
        clock: Clock,
        steps: tuple[schema.Step, ...] = schema.STEPS,
        footing: Footing = FOOTING,
    ) -> CacheStore:
        """Open the cache at ``path`` with its raw 32-byte key, making or migrating it where needed.

        Raises:
            KnownFault: ``cache_in_use`` (another program), ``cache_key_wrong``, ``cache_damaged`` (call
                :func:`~medreg_desktop.services.cache.rescue.rescue`), ``cache_newer``, ``cache_migration_waits``,
                ``cache_locked``, ``cache_read_only``, ``disk_full``, ``disk_trouble``.
        """
        files = CacheFiles(path)
        lock = ProgramLock(files.lock)
        try:
            with file_faults():
                conn = _opened(files, key, steps, footing.connect)
        except BaseException:
            lock.release()
            raise
        store = cls(files, key, clock, conn, lock, footing)
        # Also drops what the journal holds of rows that have changed since; not in the way of the first window.
        store._writer.submit(store._renew_journal)
        return store

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one transaction; return its answer once it is durable. An exception leaves nothing behind.

        Raises:
            KnownFault: ``disk_full``, ``cache_damaged``, ``cache_locked``, ``cache_read_only``, ``disk_trouble``,
            ``cache_closed``.
        """
        assert not current_thread().name.startswith(_WRITER), "a transaction inside a transaction would wait for itself"
        result: T = self._to_writer(self._transaction, work).result()
        self._checkpoint_soon()
        return result

    def reader(self) -> Connection:
        """Return a new connection that cannot write. Its thread owns it; the store closes it at the latest.

        Raises KnownFault ``cache_closed``.
        """
        self._check_open()
        conn = self._connect(self.path, self._key, read_only=True)
        self._readers.append(conn)
        return conn

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on one consistent view of the copy and return its answer; never waits for the writer.

        Short reads of any thread share one connection with its warm page cache; whoever needs a long one takes a
        :meth:`reader` of his own.
        """
        with self._reading, self.noting_damage():
            if self._shared_reader is None:
                self._shared_reader = self.reader()
            self._shared_reader.execute("BEGIN")
            try:
                return work(self._shared_reader)
            finally:
                self._shared_reader.execute("ROLLBACK")

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Checkpoint rarely within: 1.4 to 1.9 times faster under random updates (``performance.md`` §3)."""
        self._checkpoint_pages = _BULK_CHECKPOINT_PAGES
        try:
            yield
        finally:
            self._checkpoint_pages = _CHECKPOINT_PAGES
            self._has_grown = True
            self._checkpoint_soon()

    def close(self) -> None:
        """Finish what is being written and give all files free. Closing again does nothing."""
        with self._taking:
            if self._is_closed:
                return
            self._is_closed = True
        for reader in self._readers:
            with suppress(ClosedError):  # its owner has closed it already
                reader.interrupt()
        with self._reading:
            for reader in self._readers:
                reader.close()
            self._readers.clear()
            self._shared_reader = None
        self._writer.submit(self._conn.close)
        self._writer.shutdown(wait=True)
        self._lock.release()

    def _check_open(self) -> None:
        """Whoever comes late must not make an empty file where the copy was."""
        if self._is_closed:
            raise KnownFault("cache_closed")

    def _to_writer(self, work: Callable[..., Any], *arguments: object) -> Future[Any]:
        """Give the writer something to do. Nothing may come behind the closing: it would find the file closed."""
        with self._taking:
            self._check_open()
            return self._writer.submit(work, *arguments)

    def _checkpoint_soon(self) -> None:
        with suppress(KnownFault):  # closed since: what was written is whole all the same
            self._to_writer(self._checkpoint_if_due)

    def _transaction(self, work: Callable[[Connection], T]) -> T:
        before = self._conn.total_changes
        frame: Frame | None = None
        with self.noting_damage(), transaction(self._conn):
            result = work(self._conn)
            if self._conn.total_changes != before:  # else it has only looked
                frame = replica.take_touched(self._conn)
                self._has_grown = True
        if frame is not None:
            self._protect(frame)
        return result

    def _protect(self, frame: Frame) -> None:
        """Bring the journal up to the commit just made. The rows are safe already, so trouble here stops nothing."""
        try:
            if self._journal_is_behind:
                self._renew_journal()
            else:
                self._journal.append(frame)
        except OSError:
            self._journal_is_behind = True
            _log.warning("the rescue journal could not be written; it will be written anew")

    def _renew_journal(self) -> None:
        try:
            with self.noting_damage():
                self._journal.replace(replica.audit_head(self._conn), replica.all_rows(self._conn))
            self._journal_is_behind = False
        except (OSError, KnownFault):
            self._journal_is_behind = True
            _log.warning("the rescue journal could not be renewed")

    def _checkpoint_if_due(self) -> None:
        if not self._has_grown:
            return
        self._has_grown = False
        with database_faults():
            _, pages, done = self._conn.execute("PRAGMA wal_checkpoint(NOOP)").fetchone() or (0, 0, 0)
            if pages - done > self._checkpoint_pages:
                self._conn.execute("PRAGMA wal_checkpoint(PASSIVE)")

    @contextmanager
    def noting_damage(self) -> Iterator[None]:
        """Turn what the database raises into KnownFault; damage is noted, so that the next start checks the file."""
        try:
            with database_faults():
                yield
        except KnownFault as met:
            fault = self._first_page_fault() or met if met.code == "cache_read_only" else met
            if fault.code == "cache_damaged":
                self.note_damage()
            raise fault from met.__cause__
        except DatabaseError as error:
            if self._is_closed:  # interrupted by the closing
                raise KnownFault("cache_closed") from error
            raise

    def _first_page_fault(self) -> KnownFault | None:
        """Return why the file does not open anew: a writer whose first page is broken hears only "read-only"."""
        try:
            self._connect(self.path, self._key, read_only=True).close()
        except KnownFault as fault:
            return fault
        return None

    @property
    def is_suspect(self) -> bool:
        """Whether damage was found since the last full check: open it anew before it is trusted."""
        return self._files.suspect.exists()

    def note_damage(self) -> None:
        """Remember that the file was found damaged, so that the next start checks all of it. Readers call it too."""
        try:
            self._files.suspect.touch()
        except OSError:
            _log.warning("the damage could not be noted beside the file")


@contextmanager
def transaction(conn: Connection) -> Iterator[None]:
    """Commit at the end, roll back on any exception."""
    conn.execute("BEGIN IMMEDIATE")
    try:
        yield
        conn.execute("COMMIT")
    except BaseException:
        # SQLite may have rolled back by itself, e.g. when the disk is full.
        if getattr(conn, "in_transaction", True):
            conn.execute("ROLLBACK")
        raise


def _opened(files: CacheFiles, key: bytes, steps: tuple[schema.Step, ...], opened: Connect) -> Connection:
    journal = Journal(files.journal, key)
    if not files.database.exists() and journal.exists():
        raise KnownFault("cache_damaged" if journal.opens() else "cache_key_wrong", cause="missing")
    try:
        return _made_ready(opened(files.database, key), files, journal, steps)
    except KnownFault as fault:
        if fault.params.get("cause") == "SQLITE_NOTADB" and not journal.opens():
            raise KnownFault("cache_key_wrong") from fault
        raise


def _made_ready(conn: Connection, files: CacheFiles, journal: Journal, steps: tuple[schema.Step, ...]) -> Connection:
    try:
        with database_faults():
            _bring_up_to_date(conn, files, steps)
            _check(conn, files, journal)
            replica.watch(conn)
    except BaseException:
        conn.close()
        raise
    return conn


def _bring_up_to_date(conn: Connection, files: CacheFiles, steps: tuple[schema.Step, ...]) -> None:
    version = schema.version_of(conn)
    if version == (0, 0):
        prepare_for_writing(conn)
        with transaction(conn):
            schema.create(conn)
        return
    missing = schema.missing_steps(conn, steps)
    prepare_for_writing(conn)
    if missing:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # Named after the first step: a start after a kill between steps makes a second copy beside the first.
        files.copy_database(f"{missing[0].major}.{missing[0].minor}")
    for step in missing:
        with transaction(conn):
            schema.apply_step(conn, step)


def _check(conn: Connection, files: CacheFiles, journal: Journal) -> None:
    """Find damage early: cheap signs always, every page after a suspicion.

    Raises:
        KnownFault: ``cache_damaged``; also when the journal knows later decisions, i.e. an old copy was put back.
    """
    if files.suspect.exists():
        if conn.execute("PRAGMA cipher_integrity_check").fetchall() or scalar(conn, "PRAGMA quick_check") != "ok":
            raise KnownFault("cache_damaged", cause="pages")
        files.suspect.unlink()
    if journal.audit_head() > replica.audit_head(conn):
        raise KnownFault("cache_damaged", cause="older")
