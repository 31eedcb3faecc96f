"""Bugs of durability, put into the program: power cuts must find each, or they prove nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from medreg_core.contract.v1.feed import ChangePage
from medreg_desktop.services.cache import feed, journal, outbox_moves, replica, store, sync_state
from medreg_desktop.services.cache.connection import Connection, prepare_for_writing
from medreg_desktop.services.cache.journal import Frame, Journal
from medreg_desktop.services.cache.store import CacheStore
from medreg_server.db import engine
from medreg_server.db.commands import CommandKey, Commands

Patch = tuple[ModuleType | type, str, Any]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug: its name, and what it replaces."""

    name: str
    patches: tuple[Patch, ...]

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Put the bug into the program for a while."""
        before = [(where, name, getattr(where, name)) for where, name, _ in self.patches]
        try:
            for where, name, bug in self.patches:
                setattr(where, name, bug)
            yield
        finally:
            for where, name, original in before:
                setattr(where, name, original)


def _synchronous(mode: str) -> Patch:
    def prepare(conn: Connection) -> None:
        prepare_for_writing(conn)
        conn.execute(f"PRAGMA synchronous = {mode}")

    return store, "prepare_for_writing", prepare


def _server_synchronous(mode: str) -> Patch:
    own = engine._prepare_sqlite  # noqa: SLF001 - mutants are made of the insides

    def prepare(connection: Any, entry: Any) -> None:
        own(connection, entry)
        connection.execute(f"PRAGMA synchronous = {mode}")

    return engine, "_prepare_sqlite", prepare


_add, _reclaim, _claim, _append = outbox_moves.add, outbox_moves.reclaim, Commands.claim, Journal.append


def _committed_alone(conn: Connection, *rest: Any) -> Any:
    row = _add(conn, *rest)
    conn.execute("COMMIT")
    conn.execute("BEGIN IMMEDIATE")
    return row


def _key_committed_alone(self: Commands, key: CommandKey) -> bool:
    is_new = _claim(self, key)
    self._connection.exec_driver_sql("COMMIT")
    self._connection.exec_driver_sql("BEGIN IMMEDIATE")
    return is_new


def _no_sync(*_: object) -> None:
    return


def _unflushed(file: Any) -> None:
    os.fsync(file.fileno())


def _without_what_was_closed(self: Journal, frame: Frame) -> None:
    kept = tuple(entry for entry in frame.entries if not (entry.row and entry.row.get("resolution")))
    _append(self, Frame(frame.audit_head, kept))


def _reclaimed_with_what_was_called_back(conn: Connection) -> Any:
    conn.execute("UPDATE outbox SET state = 'queued', resolution = '' WHERE resolution = 'cancelled' AND sent = 0")
    return _reclaim(conn)


def _told_before_the_journal(self: CacheStore, work: Callable[[Connection], Any]) -> Any:
    with store.transaction(self._conn):
        result = work(self._conn)
        frame = replica.take_touched(self._conn)
    if frame is not None:
        self._writer.submit(self._protect, frame)
    return result


def _cursor_before_rows(self: feed.Feed, page: ChangePage, **_: object) -> feed.Applied:
    latest = {(change.kind, change.id): change for change in page.changes}.values()
    rows = self._judged(list(latest))
    self._store.write(lambda conn: sync_state.write(conn, cursor=page.cursor, seq=str(page.last)))
    return self._store.write(lambda conn: feed._applied(conn, page, rows, []))  # noqa: SLF001 - as above


ALL: tuple[Mutant, ...] = (
    Mutant("the cache with synchronous=NORMAL", (_synchronous("NORMAL"),)),
    Mutant("the cache with synchronous=OFF", (_synchronous("OFF"),)),
    Mutant("command and audit line in two transactions", ((outbox_moves, "add", _committed_alone),)),
    Mutant("journal never synced", ((journal, "_sync", _no_sync),)),
    Mutant("journal synced before its bytes were handed over", ((journal, "_sync", _unflushed),)),
    Mutant("journal renamed without its folder", ((journal, "sync_folder", _no_sync),)),
    Mutant("the journal forgets what was called back", ((Journal, "append", _without_what_was_closed),)),
    Mutant(
        "called back, and queued again at a start", ((outbox_moves, "reclaim", _reclaimed_with_what_was_called_back),)
    ),
    Mutant("told before the journal has it", ((CacheStore, "_transaction", _told_before_the_journal),)),
    Mutant("position and rows in two transactions", ((feed.Feed, "apply_page", _cursor_before_rows),)),
    Mutant("the register with synchronous=NORMAL", (_server_synchronous("NORMAL"),)),
    Mutant("the register with synchronous=OFF", (_server_synchronous("OFF"),)),
    Mutant("key and effect in two transactions", ((Commands, "claim", _key_committed_alone),)),
)
