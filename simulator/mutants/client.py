"""Bugs of programs on a desk: what they lost, sent twice, believed too soon or never sent again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from medreg_core.contract.v1.commands import Command, CommandBatch, Outcome, OutcomeBatch
from medreg_core.contract.v1.feed import ChangePage, Op
from medreg_core.contract.v1.messages import MAGIC
from medreg_core.domain.records import AccountId, CommandId
from medreg_core.domain.vocabulary import CommandKind, OutcomeKind
from medreg_desktop.services.cache import (
    applications,
    audit,
    commands,
    feed,
    outbox,
    outbox_moves,
    overlay,
    restored,
    store,
    sync_state,
)
from medreg_desktop.services.cache import synced as rows_of
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState, Resolution
from medreg_desktop.services.review import deciding, outbox_desk
from medreg_desktop.services.sync import batch, circuit, copy, engine, receiving, sending
from medreg_desktop.services.sync.copy import CacheCopy
from medreg_desktop.services.sync.outbox_view import QueueRow, RowState, Settlement
from medreg_desktop.services.transport import classify
from medreg_desktop.services.transport.http import HttpTransport
from medreg_desktop.services.transport.trouble import TransportFault, TroubleKind
from medreg_server.services.commands import CommandDesk
from medreg_server.services.feed import FeedDesk
from simulator.compare import every_row
from simulator.mutants.patching import Mutant
from simulator.mutants.service import cursor_of_any_epoch, no_actor_check

_settle = copy._settle  # noqa: SLF001 - mutants are made of the insides


# ---- sending --------------------------------------------------------------------------------------------------------


def _acts_of_sync_alone(
    conn: Connection, at: datetime, actor: str, action: str, subject: str, detail: Any = None
) -> audit.AuditLine:
    if action in {kind.value for kind in CommandKind}:
        return audit.AuditLine(0, at.isoformat(), actor, action, subject, "", "", "")
    return _append(conn, at, actor, action, subject, detail)


_append = audit.append


def _floor_without_cap(failures: int, chance: float, cap_s: float = 0.0) -> float:
    del chance, cap_s
    return max(10.0, 2.0 ** min(failures, 40) * 8)


def _dropped_on(cause: str) -> Any:
    def settle(conn: Connection, item: Settlement, at: datetime) -> None:
        _settle(conn, item, at)
        if item.cause == cause:
            outbox_moves.close(conn, item.id, Resolution.DROPPED, at)

    return settle


def _dropped_after_tries(conn: Connection, item: Settlement, at: datetime) -> None:
    _settle(conn, item, at)
    row = outbox.row_of(conn, item.id)
    if row.state is OutboxState.QUEUED and row.attempts >= 3:  # it was 10; our circuit tries less often
        outbox_moves.close(conn, item.id, Resolution.DROPPED, at)


def _deleted_when_refused(conn: Connection, item: Settlement, at: datetime) -> None:
    _settle(conn, item, at)
    if item.state is RowState.NEEDS_YOU:
        conn.execute("DELETE FROM outbox WHERE id = ?", (item.id,))


def _answer_dropped(conn: Connection, item: Settlement, at: datetime) -> None:
    if item.outcome is None or item.state is not RowState.DONE:
        _settle(conn, item, at)
        return
    outbox_moves.back_off(conn, [item.id], "", at + timedelta(days=365), counted=True)


def _done_when_sent(conn: Connection, item: Settlement, at: datetime) -> None:
    if item.state is RowState.QUEUED and item.cause in {"server_unreachable", "server_silent"}:
        outbox_moves.close(conn, item.id, Resolution.DROPPED, at)
        return
    _settle(conn, item, at)


def _one_refusal_sends_all_again(self: CacheCopy, settlements: tuple[Settlement, ...], at: datetime) -> None:
    if any(item.state is RowState.NEEDS_YOU for item in settlements):
        settlements = tuple(Settlement(item.id, RowState.QUEUED, "refused") for item in settlements)
    _settle_all(self, settlements, at)


_settle_all = CacheCopy.settle


def _new_key_for_a_retry(self: CacheCopy, ids: Any, **asked: Any) -> tuple[Command, ...]:
    wanted = _commands(self, ids, **asked)
    tried = self._store.read(lambda conn: {row.command.id for row in every_row(conn) if row.attempts > 1})
    return tuple(
        msgspec.structs.replace(one, id=CommandId(one.id[:-4] + "beef")) if one.id in tried else one for one in wanted
    )


_commands = CacheCopy.commands


def _in_flight_for_ever(conn: Connection) -> int:
    del conn
    return 0


_UNSENT_BUT_FOR_THOSE_IN_FLIGHT = frozenset({RowState.QUEUED, RowState.DEFERRED})
"""The second line: the engine sends again what it finds in flight when nothing is under way."""


def _not_marked_as_sent(conn: Connection, ids: Any) -> None:
    marks = [(command,) for command in ids]
    conn.executemany("UPDATE outbox SET attempts = attempts + 1, state = 'in_flight' WHERE id = ?", marks)


def _any_answer_acknowledges(self: HttpTransport, batch_: CommandBatch) -> OutcomeBatch:
    try:
        return _send(self, batch_)
    except TransportFault as fault:
        if fault.trouble.kind is not TroubleKind.PORTAL:
            raise
        now = self.link.clock.now()
        done = tuple(Outcome(id=one.id, kind=OutcomeKind.ACCEPTED, at=now) for one in batch_.commands)
        return OutcomeBatch(magic=MAGIC, outcomes=done, server_time=now)


_send = HttpTransport.send


def _refuses_when_the_clock_is_wrong(state: Any, event: Any) -> Any:
    state, wanted = _greeted(state, event)
    return (state.with_contact(blocked="clock") if abs(state.contact.clock_offset_s) > 300 else state), wanted


_greeted = engine._greeted  # noqa: SLF001 - as above


def _nobody_is_suspected(state: Any, *_: Any, **__: Any) -> Any:
    return state


def _retry_after_believed(retry_after: str, now: datetime) -> int | None:
    del now
    return int(retry_after) if retry_after.isdigit() else None


def _stored_wait_obeyed(row: QueueRow, now: datetime) -> datetime:
    return row.next_try if row.next_try is not None and row.next_try > now else now


def _recallable_though_sent(decision: OutboxRow) -> bool:
    return decision.state is OutboxState.QUEUED


# ---- who works here, and how often ----------------------------------------------------------------------------------


def _queue_of_everybody(self: CacheCopy, account_id: AccountId) -> tuple[QueueRow, ...]:
    del account_id
    open_rows = lambda conn: [row for row in every_row(conn) if row.is_open]  # noqa: E731 - one expression
    return tuple(copy._queue_row(row) for row in self._store.read(open_rows))  # noqa: SLF001 - as above


def _queue_cleared_at_sign_in(conn: Connection, actor: AccountId, name: str) -> None:
    conn.execute(
        "UPDATE outbox SET state = 'done', resolution = 'dropped' WHERE state <> 'done' AND actor <> ?", (actor,)
    )
    _switch_actor(conn, actor, name)


_switch_actor = applications.switch_actor


class _NoLock:
    def __init__(self, path: object) -> None:
        del path

    def release(self) -> None:
        """Nothing was taken."""


# ---- receiving ------------------------------------------------------------------------------------------------------


def _cursor_apart_from_rows(self: feed.Feed, page: ChangePage, **_: object) -> feed.Applied:
    latest = {(change.kind, change.id): change for change in page.changes}.values()
    rows = self._judged([change for change in latest if change.op is Op.UPSERT])
    self._store.write(lambda conn: sync_state.write(conn, cursor=page.cursor, seq=str(page.last)))
    return self._store.write(lambda conn: feed._applied(conn, page, rows, []))  # noqa: SLF001 - as above


def _overlay_dropped_early(row: OutboxRow, epoch: str, seq: int) -> bool:
    del epoch, seq
    return row.state is not OutboxState.DONE and row.state is not OutboxState.NEEDS_YOU


def _every_page_continues(*_: object) -> bool:
    return True


def _nothing_checked(*_: object) -> None:
    return


def _nothing_removed(conn: Connection, keys: object) -> None:
    del conn, keys


def _unknown_row_breaks_the_page(conn: Connection, wanted: Any) -> Any:
    found = _existing(conn, wanted)
    if len(found) < len(wanted):
        raise feed.FeedBroken("unknown")
    return found


_existing = rows_of.existing


def _no_receipt_compared(*_: object) -> int:
    return 0


def _epoch_believed_at_hello(conn: Connection, welcome: Any, now: datetime) -> Any:
    trusted = _note_welcome(conn, welcome, now)
    sync_state.write(conn, epoch=welcome.epoch)
    return trusted


def _epoch_believed_meanwhile(state: Any, event: Any) -> Any:
    state, wanted = _greeted(state, event)
    if state.position is None:
        return state, wanted
    return replace(state, position=replace(state.position, epoch=event.welcome.epoch)), wanted


_note_welcome = sync_state.note_welcome


def _repair_forgets_the_outbox(self: CacheCopy, rows: Any) -> None:
    self._store.write(
        lambda conn: conn.execute("UPDATE outbox SET state = 'done', resolution = 'dropped' WHERE state <> 'done'")
    )
    _keep_bucket(self, rows)


_keep_bucket = CacheCopy.keep_bucket


def _outbox_not_read_after_snapshot(state: Any, event: Any) -> Any:
    queue = state.sending.queue
    after, wanted = _snapshot_ended(state, event)
    return after.with_sending(queue=queue), wanted


_snapshot_ended = receiving.snapshot_ended


def _half_built_kept(state: Any, page: ChangePage) -> Any:
    position = state.position
    return replace(state, position=replace(position, cursor=page.cursor, seq=page.last)), ()


def _never_of_before(*_: object) -> bool:
    return False


def _older_rows_win(row: rows_of.ServerRow, stored: object) -> bool:
    del row, stored
    return False


def _greets_after_each_page(state: Any, event: Any) -> Any:
    state, wanted = _page_arrived(state, event)
    return state.with_contact(greeted=False), wanted


_page_arrived = receiving.page_arrived


def _copy_anew_at_each_sign_in(state: Any, event: Any) -> Any:
    return _actor_changed(state, event).with_receiving(resync="signed in")


_actor_changed = engine._actor_changed  # noqa: SLF001 - as above


def _every_receipt_with_each_batch(self: CacheCopy, ids: Any) -> Any:
    del ids
    return _receipts(self, self._store.read(lambda conn: [row.command.id for row in every_row(conn)]))


_receipts = CacheCopy.receipts


MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "delay floor without cap",
        "OpenCRVS",
        ((circuit, "back_off_s", _floor_without_cap), (sending, "back_off_s", _floor_without_cap)),
    ),
    Mutant("what was decided is in no audit", "our own, thought up", ((audit, "append", _acts_of_sync_alone),)),
    Mutant("dropped on 401", "TanStack/db#1592", ((copy, "_settle", _dropped_on("session_expired")),)),
    Mutant(
        "dropped when the program is too old", "nextcloud#4912", ((copy, "_settle", _dropped_on("client_too_old")),)
    ),
    Mutant("dropped after tries", "TanStack/db#1301", ((copy, "_settle", _dropped_after_tries),)),
    Mutant("refused command leaves the outbox", "OpenCRVS", ((copy, "_settle", _deleted_when_refused),), raises=True),
    Mutant("answer lost on its way to the disk", "TanStack#1659", ((copy, "_settle", _answer_dropped),)),
    Mutant("sent is as good as done", "android-fhir#2361", ((copy, "_settle", _done_when_sent),)),
    Mutant(
        "one refusal sends the batch again", "OpenCRVS#9651", ((CacheCopy, "settle", _one_refusal_sends_all_again),)
    ),
    Mutant("a retry has a new key", "opencrvs-core#7477", ((CacheCopy, "commands", _new_key_for_a_retry),)),
    Mutant(
        "in flight for ever after a kill",
        "TanStack/db#1301",
        ((commands, "reclaim", _in_flight_for_ever), (batch, "UNSENT", _UNSENT_BUT_FOR_THOSE_IN_FLIGHT)),
    ),
    Mutant("not marked as sent", "collect#5317", ((outbox_moves, "set_in_flight", _not_marked_as_sent),)),
    Mutant("any answer acknowledges", "captive portals", ((HttpTransport, "send", _any_answer_acknowledges),)),
    Mutant("refuses when the clock is wrong", "Anki", ((engine, "_greeted", _refuses_when_the_clock_is_wrong),)),
    Mutant("poison blocks all", "fhircore#3022", ((sending, "_charge", _nobody_is_suspected),)),
    Mutant("absurd Retry-After believed", "any proxy", ((classify, "_wait", _retry_after_believed),)),
    Mutant("stored wait obeyed after a clock jump", "Anki", ((batch, "due_at", _stored_wait_obeyed),)),
    Mutant(
        "called back though sent",
        "collect#5317",
        ((deciding, "is_recallable", _recallable_though_sent), (outbox_desk, "is_recallable", _recallable_though_sent)),
    ),
    Mutant(
        "one outbox for everybody",
        "DHIS2",
        ((CacheCopy, "queue", _queue_of_everybody), (CommandDesk, "_device", no_actor_check)),
    ),
    Mutant("queue cleared at sign-in", "DHIS2", ((applications, "switch_actor", _queue_cleared_at_sign_in),)),
    Mutant("two programs on one copy", "android-fhir#2361", ((store, "ProgramLock", _NoLock),)),
    Mutant("cursor stored apart from rows", "syncthing#5149", ((feed.Feed, "apply_page", _cursor_apart_from_rows),)),
    Mutant("overlay dropped early", "TanStack#1659", ((overlay, "is_effective", _overlay_dropped_early),)),
    Mutant(
        "any page continues",
        "Marten#2189",
        ((receiving, "_continues", _every_page_continues), (feed, "_check_continues", _nothing_checked)),
    ),
    Mutant("removed rows stay", "joplin#14388", ((rows_of, "remove", _nothing_removed),)),
    Mutant("unknown tombstone breaks the page", "couchdb", ((rows_of, "existing", _unknown_row_breaks_the_page),)),
    Mutant("changes of known rows are ignored", "android-fhir#2361", ((rows_of, "_is_newer", _older_rows_win),)),
    Mutant("receipts not compared after a restore", "nextcloud#1026", ((restored, "compare", _no_receipt_compared),)),
    Mutant(  # cursors name their epoch too: the second line, which no service of those days had
        "epoch believed at hello",
        "syncthing#6335",
        (
            (sync_state, "note_welcome", _epoch_believed_at_hello),
            (engine, "_greeted", _epoch_believed_meanwhile),
            (FeedDesk, "position", cursor_of_any_epoch),
        ),
    ),
    Mutant("repair forgets the outbox", "Anki", ((CacheCopy, "keep_bucket", _repair_forgets_the_outbox),)),
    Mutant(
        "outbox not read after a snapshot",
        "our own, found here",
        ((receiving, "snapshot_ended", _outbox_not_read_after_snapshot),),
    ),
    Mutant(
        "a snapshot of before is taken",
        "our own, found here",
        ((receiving, "_moved_to", _half_built_kept), (receiving, "_is_of_before", _never_of_before)),
    ),
    Mutant("greets after each page", "any loop over pages", ((receiving, "page_arrived", _greets_after_each_page),)),
    Mutant("copy anew at each sign-in", "Anki, CommCare", ((engine, "_actor_changed", _copy_anew_at_each_sign_in),)),
    Mutant(
        "every receipt with each batch", "any growing log", ((CacheCopy, "receipts", _every_receipt_with_each_batch),)
    ),
)
