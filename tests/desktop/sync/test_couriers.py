"""What goes into a courier's file, decided by the engine alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from medreg_core.contract.v1.commands import Outcome
from medreg_core.contract.v1.courier import PAYLOAD_BYTES
from medreg_core.domain.records import AccountId, CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.sync import effects, events
from medreg_desktop.services.sync.bundles import BundleNote
from medreg_desktop.services.sync.couriers import carried
from medreg_desktop.services.sync.engine import begin, step
from medreg_desktop.services.sync.events import Moment
from medreg_desktop.services.sync.outbox_view import Actor, Position, QueueRow, RowState
from medreg_desktop.services.sync.state import SyncState

AT = Moment(10.0, datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
ME = Actor(AccountId("wang"), session=False)


def row(n: int, subject: str = "", state: RowState = RowState.QUEUED, **changes: object) -> QueueRow:
    return QueueRow(CommandId(f"c{n}"), subject or f"a{n}", n, 900, state, **changes)  # type: ignore[arg-type]


def state_of(*rows: QueueRow, key: bytes = b"k" * 32) -> tuple[SyncState, tuple[effects.Effect, ...]]:
    """The engine after a file was asked for and the queue was read, and what it wants done then."""
    state, done = begin(1), ()
    for event in (
        events.SignedIn(AT, ME),
        events.CopyRead(AT, Position(cursor="c", courier_key=key)),
        events.BundleWanted(AT, "/stick"),
        events.QueueRead(AT, rows),
    ):
        state, done = step(state, event)
    return state, done


def test_all_that_waits_goes_along_in_its_order() -> None:
    rows = [row(3), row(1), row(2, state=RowState.DEFERRED)]
    assert carried(rows) == ("c1", "c2", "c3")


def test_nothing_overtakes_what_is_set_apart_or_left_behind() -> None:
    rows = [
        row(1, "a", RowState.QUARANTINED),
        row(2, "a"),
        row(3, "b"),
        row(4, "c", depends_on=CommandId("c2")),
        row(5, "d", has_receipt=False),
        row(6, "d"),
        row(7, "e", RowState.NEEDS_YOU),
        row(8, "e"),
    ]
    assert carried(rows) == ("c3", "c8")


def test_what_does_not_fit_stays_with_all_that_follows_it() -> None:
    big = PAYLOAD_BYTES // 2
    rows = [
        QueueRow(CommandId("c1"), "a", 1, big - 5000, RowState.QUEUED),
        QueueRow(CommandId("c2"), "b", 2, big + 5000, RowState.QUEUED),
        QueueRow(CommandId("c3"), "b", 3, 10, RowState.QUEUED),
        QueueRow(CommandId("c4"), "c", 4, 10, RowState.QUEUED),
    ]
    assert carried(rows) == ("c1", "c4")


def test_handed_over_first_written_then() -> None:
    state, done = state_of(row(1), row(2, state=RowState.QUARANTINED), row(3))
    hand_over, write = (effect for effect in done if not isinstance(effect, effects.Tell))
    assert isinstance(hand_over, effects.HandOver)
    assert isinstance(write, effects.WriteBundle)
    assert hand_over.ids == ("c1", "c3")
    assert (write.bundle_id, write.account_id, write.folder, write.left) == (hand_over.bundle_id, "wang", "/stick", 0)
    assert state.courier.folder == ""
    assert state.courier.note.is_being_written


def test_a_file_that_failed_is_taken_back() -> None:
    state, _ = state_of(row(1))
    state, done = step(state, events.BundleWritten(AT, "b1", BundleNote(code="disk_full")))
    assert effects.TakeBackBundle("b1") in done
    assert (state.courier.note.n, state.courier.note.code) == (1, "disk_full")


def test_without_the_services_key_nothing_is_handed_over() -> None:
    state, done = state_of(row(1), key=b"")
    assert not [effect for effect in done if isinstance(effect, effects.HandOver)]
    assert state.courier.note.code == "courier_key_missing"


def test_a_disk_that_fails_meanwhile_is_told_and_nobody_waits_for_the_file() -> None:
    state, _ = state_of(row(1))
    state, _ = step(state, events.DiskFailed(AT, "disk_full"))
    assert (state.courier.note.is_being_written, state.courier.note.code) == (False, "disk_full")


def test_another_registrar_never_writes_for_the_one_before() -> None:
    state, _ = step(begin(1), events.SignedIn(AT, ME))
    state, _ = step(state, events.CopyRead(AT, Position(cursor="c", courier_key=b"k" * 32)))
    state, _ = step(state, events.BundleWanted(AT, "/stick"))
    state, _ = step(state, events.SignedIn(AT, Actor(AccountId("li"), session=False)))
    _, done = step(state, events.QueueRead(AT, (row(1),)))
    assert not [effect for effect in done if isinstance(effect, effects.HandOver)]


def test_answers_settle_what_is_final_and_leave_the_rest() -> None:
    outcomes = (
        Outcome(id=CommandId("c1"), kind=OutcomeKind.ACCEPTED, seq=4),
        Outcome(id=CommandId("c2"), kind=OutcomeKind.RETRY),
        Outcome(id=CommandId("c3"), kind=OutcomeKind.DEFERRED),
        Outcome(id=CommandId("c4"), kind=OutcomeKind.CONFLICT),
    )
    state, _ = step(begin(1), events.CopyRead(AT, Position(epoch="e9", cursor="c")))
    state, done = step(state, events.AnswersBrought(AT, outcomes, "e9", "e9"))
    (settle,) = (effect for effect in done if isinstance(effect, effects.Settle))
    assert [(item.id, item.state, item.epoch) for item in settle.settlements] == [
        ("c1", RowState.DONE, "e9"),
        ("c4", RowState.NEEDS_YOU, "e9"),
    ]
    assert state.receiving.copy_changes == 1


@pytest.mark.parametrize(
    ("position", "said"),
    [
        (Position(epoch="e2", cursor="c"), "courier_answers_of_another"),
        (None, "courier_not_read"),
    ],
)
def test_answers_held_against_another_copy_settle_nothing_and_say_so(position: Position | None, said: str) -> None:
    """Looked at beside the copy of epoch e1; by the time they are taken it is of a restored register."""
    state = begin(1)
    if position is not None:
        state, _ = step(state, events.CopyRead(AT, position))
    outcomes = (Outcome(id=CommandId("c1"), kind=OutcomeKind.ACCEPTED, seq=4),)
    state, done = step(state, events.AnswersBrought(AT, outcomes, "e1", "e1"))
    assert not [effect for effect in done if isinstance(effect, effects.Settle)]
    assert state.courier.note.code == said
