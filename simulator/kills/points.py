"""Where a process can be killed: labels on functions of the program, put on in a process that is about to die.

Nothing in the program knows of them. Writes, syncs, renames and removals of files have labels of their own, see
:func:`watch_disk`.
"""

from __future__ import annotations

import _sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlcipher3 import _sqlite3 as cipher
from urllib3.connection import HTTPConnection

from medreg_desktop.services.cache import (
    applications,
    audit,
    codes,
    drafts,
    feed,
    handovers,
    leases,
    outbox_moves,
    papers,
    rescue,
    restored,
    schema,
    snapshot,
    store,
    sync_state,
    synced,
)
from medreg_desktop.services.cache.files import CacheFiles
from medreg_desktop.services.cache.journal import Journal
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.sync import bundle_file, courier_desk, effects
from medreg_desktop.services.sync.worker import SyncWorker
from medreg_desktop.services.transport import exchange
from medreg_server.db.activation import Activation
from medreg_server.db.audit import Audit
from medreg_server.db.commands import Commands
from medreg_server.db.feed import Feed as ServerFeed
from medreg_server.db.transaction import Database, WriteTransaction
from medreg_server.services.audit_heads import AuditHeads
from medreg_server.services.codes import CodeDesk
from medreg_server.services.commands import CommandDesk
from medreg_server.services.courier import CourierDesk
from simulator.kills.fate import Fate
from simulator.power.files import TapedFiles
from simulator.power.operations import Create, Note, Operation, Rename, Tape
from simulator.power.vfs import WatchedVfs


class Moment(StrEnum):
    """When a labelled function passes its point."""

    BEFORE = "before"
    AFTER = "after"
    AROUND = "around"  # before and after, the label says so
    INSIDE = "inside"  # of a context manager: before it is entered, in it, at the end of its block, after it
    EACH = "each"  # of an iterator: at each item


@dataclass(frozen=True, slots=True)
class Point:
    """A label on a function."""

    label: str
    where: ModuleType | type
    name: str
    moment: Moment = Moment.AFTER


CLIENT = (
    # A transaction of the cache: around BEGIN, around COMMIT; what stands in it.
    Point("transaction", store, "transaction", Moment.INSIDE),
    Point("transaction", rescue, "transaction", Moment.INSIDE),
    Point("number taken", leases, "take"),
    Point("form issued", papers, "issue"),
    Point("print noted", papers, "add_print"),
    Point("recall noted", papers, "add_recall"),
    Point("command in outbox", outbox_moves, "add"),
    Point("audit line written", audit, "append"),
    Point("overlay laid", applications, "refresh"),
    Point("draft gone", drafts, "discard"),
    Point("draft kept", drafts, "save"),
    Point("marked in flight", outbox_moves, "set_in_flight"),
    Point("outcome stored", outbox_moves, "store_outcome"),
    Point("command closed", outbox_moves, "close"),
    Point("position written", sync_state, "write"),
    Point("rows written", synced, "put"),
    Point("rows removed", synced, "remove"),
    Point("page checked", feed, "_check_continues"),
    Point("receipts compared", restored, "compare"),
    Point("snapshot thrown away", snapshot, "_throw_away"),
    # Activation codes, and the courier's files.
    Point("codes kept", codes, "add"),
    Point("code taken", codes, "take"),
    Point("code shown again", codes, "show_again"),
    Point("code voided", codes, "void"),
    Point("handed over", handovers, "hand_over"),
    Point("file on the stick", bundle_file, "write_and_read_back", Moment.AROUND),
    Point("answers on the stick", courier_desk, "write_and_read_back", Moment.AROUND),
    Point("answers read", courier_desk, "read_answers"),
    # The rescue journal.
    Point("journal frame", Journal, "append", Moment.AROUND),
    Point("journal renewal", Journal, "replace", Moment.AROUND),
    # An exchange with the service.
    Point("bytes sent", HTTPConnection, "send", Moment.AROUND),
    Point("headers arrived", HTTPConnection, "getresponse"),
    Point("body arrived", exchange, "whole_body"),
    Point("line arrived", exchange, "lines_of", Moment.EACH),
    # Migration, rescue.
    Point("copy before migration", CacheFiles, "copy_database", Moment.AROUND),
    Point("migration step", schema, "apply_step", Moment.AROUND),
    Point("schema made", schema, "create"),
    Point("damaged file read", rescue, "_readable"),
    Point("journal merged", rescue, "_merge"),
    Point("rescued rows inserted", rescue, "_insert"),
    Point("file rebuilt", rescue, "_built"),
    Point("file set aside", CacheFiles, "set_aside"),
)

SERVER = (
    Point("transaction", Database, "_write_on", Moment.INSIDE),
    Point("key claimed", Commands, "claim"),
    Point("effect done", CommandDesk, "_executed"),
    Point("audit chained", Audit, "append"),
    Point("feed numbered", ServerFeed, "number"),
    Point("outcome kept", Commands, "settle"),
    Point("everything written", WriteTransaction, "finish"),
    Point("audit head kept", AuditHeads, "keep", Moment.AROUND),
    Point("codes leased", Activation, "lease"),
    Point("code moved", CodeDesk, "_done"),
    Point("courier's file carried out", CourierDesk, "_carried_out", Moment.AROUND),
    Point("courier's answers sealed", CourierDesk, "_sealed"),
)

_EFFECTS = {
    effects.MarkInFlight: "send",
    effects.SendCommands: "send",
    effects.Settle: "settle",
    effects.KeepPage: "page",
    effects.GetChanges: "page",
    effects.BeginSnapshot: "snapshot",
    effects.GetSnapshot: "snapshot",
    effects.KeepBlock: "snapshot",
    effects.FinishSnapshot: "swap",
    effects.HandOver: "courier",
    effects.WriteBundle: "courier",
}
"""The works that a sync is made of; the rest of it is ``sync``."""


def label(points: tuple[Point, ...], fate: Fate) -> None:
    """Put the labels on, for the rest of this process."""
    for point in points:
        setattr(point.where, point.name, _labelled(point, getattr(point.where, point.name), fate))


def label_client(fate: Fate) -> None:
    """Put on all labels of the client, and have its works named."""
    label(CLIENT, fate)
    do, part, checkpoint = SyncWorker.do, SyncWorker.next_part, CacheStore._checkpoint_if_due  # noqa: SLF001 - named here

    def named_do(self: SyncWorker, effect: effects.Effect) -> Any:
        with fate.doing(_EFFECTS.get(type(effect), "sync")):
            return do(self, effect)

    def named_part(self: SyncWorker) -> Any:
        with fate.doing("snapshot"):
            return part(self)

    def named_checkpoint(self: CacheStore) -> None:
        with fate.aside("checkpoint"):
            checkpoint(self)

    SyncWorker.do = named_do  # type: ignore[method-assign] # this process only, and it is about to die
    SyncWorker.next_part = named_part  # type: ignore[method-assign]
    CacheStore._checkpoint_if_due = named_checkpoint  # type: ignore[method-assign] # noqa: SLF001 - as above


class _Passed(Tape):
    """Forgets what is done to the files; only the moments count."""

    def note(self, operation: Operation) -> None:
        """Forget it."""


def watch_disk(folder: Path, fate: Fate) -> None:
    """Label every write, sync, rename and removal of files below ``folder``, for the rest of this process."""
    tape = _Passed(str(folder.resolve()), lambda operation: _on_disk(operation, fate))
    WatchedVfs(cipher, tape)
    WatchedVfs(_sqlite3, tape)
    TapedFiles(tape).__enter__()


def _on_disk(operation: Operation, fate: Fate) -> None:
    if isinstance(operation, Note | Create) or ".lock" in operation.path:
        return
    path = operation.to if isinstance(operation, Rename) else operation.path
    fate.passing(f"disk: {type(operation).__name__.lower()} {_kind(path)}")


def _kind(path: str) -> str:
    """Return what a file is, without the part of its name that differs from run to run."""
    name = Path(path).name
    for part, kind in ((".before-", "copy"), (".damaged-", "damaged file"), (".key.", "key draft")):
        if part in name:
            return kind
    return name if "." in name else "folder"


def _labelled(point: Point, function: Callable[..., Any], fate: Fate) -> Callable[..., Any]:
    match point.moment:
        case Moment.INSIDE:
            return _inside(point.label, function, fate)
        case Moment.EACH:
            return _each(point.label, function, fate)
        case moment:
            return _around(point.label, function, fate, moment)


def _around(name: str, function: Callable[..., Any], fate: Fate, moment: Moment) -> Callable[..., Any]:
    @wraps(function)
    def labelled(*args: Any, **named: Any) -> Any:
        if moment is not Moment.AFTER:
            fate.passing(f"before {name}")
        result = function(*args, **named)
        if moment is not Moment.BEFORE:
            fate.passing(f"after {name}" if moment is Moment.AROUND else name)
        return result

    return labelled


def _inside(
    name: str, function: Callable[..., AbstractContextManager[Any]], fate: Fate
) -> Callable[..., AbstractContextManager[Any]]:
    @contextmanager
    def labelled(*args: Any) -> Iterator[Any]:
        fate.passing(f"before {name}")
        with function(*args) as value:
            fate.passing(f"{name} begun")
            yield value
            fate.passing(f"before the end of {name}")
        fate.passing(f"after {name}")

    return labelled


def _each(name: str, function: Callable[..., Iterator[Any]], fate: Fate) -> Callable[..., Iterator[Any]]:
    @wraps(function)
    def labelled(*args: Any) -> Iterator[Any]:
        for item in function(*args):
            fate.passing(name)
            yield item

    return labelled
