"""The engine as a whole, over a service and a copy in memory: what it sends, asks and tells in each situation."""

from __future__ import annotations

from collections import Counter

import pytest

from medreg_core.contract.v1.feed import ChangePage, Op
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.events import Wish
from medreg_desktop.services.sync.lamp import Lamp, LampKind
from medreg_desktop.services.sync.outbox_view import RowState
from medreg_desktop.services.sync.ports import TooManyRemovals
from medreg_desktop.services.sync.report import GuardState
from medreg_desktop.services.transport.trouble import Trouble, TroubleKind
from tests.desktop.sync.desk import OFFLINE, Desk, only


def test_the_first_run_fetches_everything_and_then_waits() -> None:
    desk = Desk(rows=600)
    report = desk.sync()
    assert desk.copy.rows == desk.world.rows
    assert report.lamp.kind is LampKind.SYNCED
    assert desk.world.calls == ["hello", "snapshot", "changes", "digest", "changes"]
    desk.world.calls.clear()
    desk.sync(30)
    assert desk.world.calls == ["changes"]


def test_a_clock_that_is_set_right_is_asked_about_once() -> None:
    """Whoever sets it as he was told would else read on for hours that it is wrong."""
    desk = Desk()
    desk.time.fast_s = 720.0
    assert desk.sync().lamp == Lamp(LampKind.CLOCK, minutes_fast=12, code="clock_wrong")
    desk.world.calls.clear()
    desk.time.fast_s = 0.0
    assert desk.sync(30).lamp.kind is LampKind.SYNCED
    desk.sync(3600)
    assert Counter(desk.world.calls)["ping"] == 1


def test_500_decisions_take_five_requests() -> None:
    desk = Desk(rows=600)
    desk.sync()
    desk.world.calls.clear()
    for number in range(500):
        desk.save(f"a{number:04}")
    report = desk.sync()
    assert Counter(desk.world.calls)["commands"] == 5
    assert report.unsent == 0
    assert desk.copy.rows == desk.world.rows


def test_a_decision_saved_during_the_snapshot_goes_first() -> None:
    desk = Desk(rows=1000)
    seen: list[str] = []

    def save_at_row(call: str, when: str) -> None:
        seen.append(call)
        if seen.count("snapshot row") == 300 and call == "snapshot row":
            desk.save("a0001")

    desk.world.fail = save_at_row
    desk.sync()
    assert desk.world.calls[:4] == ["hello", "snapshot", "commands", "snapshot"]
    assert desk.copy.rows == desk.world.rows
    # Nothing that a mark covered was streamed twice.
    assert seen.count("snapshot row") <= 1000 + 250


@pytest.mark.parametrize("kind", list(TroubleKind))
@pytest.mark.parametrize("call", ["hello", "snapshot", "changes", "commands", "digest"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_any_trouble_at_any_call_is_survived(kind: TroubleKind, call: str, when: str) -> None:
    desk = Desk()
    trouble = Trouble(kind, "some_code", wait_s=30)
    desk.world.fail = only(call, trouble, when)
    desk.save("a0001")
    for _ in range(40):
        desk.sync(300)
        desk.sign_in() if kind is TroubleKind.SIGN_IN else None
    if kind is TroubleKind.REFUSED:
        desk.driver.tell(lambda at: events.Asked(at, Wish.NOW))
    desk.driver.tell(lambda at: events.Asked(at, Wish.NOW))
    report = desk.calm()
    assert desk.copy.rows == desk.world.rows
    (state,) = desk.states()
    if kind is TroubleKind.ENVELOPE and call == "commands":
        assert state is RowState.QUARANTINED  # it can never be taken: set apart, in sight
    else:
        assert state is RowState.DONE
        assert desk.world.effects == [CommandId("c1")]
        assert report.lamp.kind is LampKind.SYNCED


def test_the_session_ending_counts_no_attempt() -> None:
    desk = Desk()
    desk.sync()
    desk.world.fail = only("commands", Trouble(TroubleKind.SIGN_IN, "session_expired", 401))
    desk.save("a0001")
    report = desk.sync()
    assert report.lamp.kind is LampKind.SIGN_IN
    assert [row.attempts for row in desk.copy.queue_rows.values()] == [0]
    calls = len(desk.world.calls)
    desk.sync(86400)
    assert len(desk.world.calls) == calls  # it asks nothing until somebody signs in


def test_a_poison_command_delays_nobody() -> None:
    desk = Desk(rows=200)
    desk.sync()
    ids = [desk.save(f"a{number:04}") for number in range(150)]
    desk.world.poison = frozenset({ids[41], ids[120]})
    for _ in range(20):
        desk.sync(5)
    assert desk.states()[RowState.DONE] == 148
    for _ in range(30):
        desk.sync(300)
    assert {i for i, row in desk.copy.queue_rows.items() if row.state is RowState.QUARANTINED} == desk.world.poison
    assert desk.sync().quarantined == 2


def test_two_poison_commands_at_the_head_are_no_outage() -> None:
    desk = Desk()
    desk.sync()
    ids = [desk.save(f"a{number:04}") for number in range(5)]
    desk.world.fail = lambda call, _: Trouble(TroubleKind.SERVER, "server_error", 500) if call == "commands" else None
    for _ in range(10):
        desk.sync(300)
    desk.world.fail = lambda _call, _when: None
    desk.world.poison = frozenset(ids[:2])
    for _ in range(20):
        desk.sync(300)
    assert {row for row, found in desk.copy.queue_rows.items() if found.state is RowState.DONE} == set(ids[2:])


def test_an_outage_accuses_no_command() -> None:
    desk = Desk(rows=200)
    desk.sync()
    desk.world.fail = lambda call, when: Trouble(TroubleKind.SERVER, "server_error", 500) if when == "before" else None
    for number in range(150):
        desk.save(f"a{number:04}")
    for _ in range(200):
        desk.sync(60)
    assert desk.states() == {RowState.QUEUED: 150}
    desk.world.fail = lambda _call, _when: None
    desk.world.calls.clear()
    desk.sync(301)
    desk.sync(301)
    assert desk.states() == {RowState.DONE: 150}
    assert Counter(desk.world.calls)["commands"] <= 12


def test_an_hour_of_outage_costs_few_requests() -> None:
    desk = Desk()
    desk.sync()
    desk.save("a0001")
    desk.world.fail = lambda _call, _when: OFFLINE
    desk.world.calls.clear()
    for _ in range(3600):
        desk.sync(1)
    assert len(desk.world.calls) <= 100
    assert desk.reports[-1].lamp.kind is LampKind.OFFLINE


def test_the_network_changing_ends_the_wait() -> None:
    desk = Desk()
    desk.sync()
    desk.save("a0001")
    desk.world.fail = lambda _call, _when: OFFLINE
    for _ in range(50):
        desk.sync(300)
    desk.world.fail = lambda _call, _when: None
    desk.driver.tell(events.NetworkChanged)
    desk.sync(0.001)
    assert desk.states() == {RowState.DONE: 1}


def test_pausing_stops_sending_and_nothing_else() -> None:
    desk = Desk()
    desk.sync()
    desk.driver.tell(lambda at: events.Asked(at, Wish.PAUSE))
    desk.save("a0001")
    desk.world.change("a0002")
    report = desk.sync()
    assert (report.lamp.kind, report.lamp.code, report.unsent) == (LampKind.SENDING, "paused", 1)
    assert desk.copy.rows == desk.world.rows
    desk.driver.tell(lambda at: events.Asked(at, Wish.RESUME))
    assert desk.sync().unsent == 0


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (OutcomeKind.CONFLICT, RowState.NEEDS_YOU),
        (OutcomeKind.REJECTED, RowState.NEEDS_YOU),
        (OutcomeKind.SUPERSEDED, RowState.DONE),
        (OutcomeKind.MISMATCH, RowState.QUARANTINED),
    ],
)
def test_final_answers_are_kept_and_never_asked_again(kind: OutcomeKind, state: RowState) -> None:
    desk = Desk()
    desk.world.decide = lambda _: kind
    desk.save("a0001")
    desk.sync()
    assert desk.states() == {state: 1}
    desk.world.calls.clear()
    desk.sync(86400)
    assert "commands" not in desk.world.calls


def test_a_deferral_is_asked_again_and_shown_after_a_day() -> None:
    desk = Desk()
    desk.world.decide = lambda _: OutcomeKind.DEFERRED
    desk.save("a0001")
    for _ in range(60):
        report = desk.sync(600)
    assert report.lamp.kind is LampKind.SENDING
    assert desk.world.calls.count("commands") >= 50
    for _ in range(90):
        report = desk.sync(600 * 2)
    assert desk.states() == {RowState.QUARANTINED: 1}
    assert report.lamp.kind is LampKind.NEEDS_YOU


def test_many_removals_are_held_until_the_digest_agrees() -> None:
    desk = Desk(rows=20)
    desk.sync()
    guarded = desk.copy.keep_page
    held: list[int] = []

    def keep(page: object, *, confirmed: bool) -> None:
        if not confirmed:
            held.append(page.last)  # type: ignore[attr-defined]
            raise TooManyRemovals(4, 20)
        guarded(page, confirmed=confirmed)  # type: ignore[arg-type]

    desk.copy.keep_page = keep  # type: ignore[method-assign]
    for number in range(4):
        desk.world.change(f"a{number:04}", Op.TOMBSTONE)
    desk.world.calls.clear()
    desk.sync(30)
    assert held == [24]
    assert desk.world.calls == ["changes", "digest", "changes"]
    assert desk.copy.rows == desk.world.rows
    told = [report.guard for report in desk.reports if report.guard is not None]
    assert [guard.state for guard in dict.fromkeys(told)] == [GuardState.HELD, GuardState.CONFIRMED]
    assert {(guard.removals, guard.total) for guard in told} == {(4, 20)}


def test_removals_that_the_register_does_not_confirm_are_told_as_not_done() -> None:
    desk = Desk(rows=20)
    desk.sync()
    kept = desk.copy.keep_page

    def keep(page: object, *, confirmed: bool) -> None:
        if not confirmed:
            raise TooManyRemovals(1, 20)
        kept(page, confirmed=confirmed)  # type: ignore[arg-type]

    desk.copy.keep_page = keep  # type: ignore[method-assign]
    digest = desk.copy.digest

    def once_wrong(page: object) -> tuple[int, tuple[int, ...]]:
        desk.copy.digest = digest  # type: ignore[method-assign]
        return 0, (1,) * 256

    desk.copy.digest = once_wrong  # type: ignore[method-assign, assignment]
    desk.world.change("a0001", Op.TOMBSTONE)
    report = desk.sync(30)
    assert report.guard is not None
    assert report.guard.state is GuardState.REFETCHED
    assert desk.copy.rows == desk.world.rows, "the copy was fetched anew"


def test_many_removals_on_a_page_that_is_not_the_last_are_confirmed_by_two_snapshots() -> None:
    desk = Desk(rows=20)
    desk.sync()
    guarded, finish = desk.copy.keep_page, desk.copy.finish_snapshot
    refused = 0

    def keep(page: ChangePage, *, confirmed: bool) -> None:
        if any(change.op is Op.TOMBSTONE for change in page.changes):
            raise TooManyRemovals
        guarded(page, confirmed=confirmed)

    def finished(*parts: object, confirmed: str) -> bool:
        nonlocal refused
        if confirmed != "a0000 to a0003":
            refused += 1
            desk.copy.drop_snapshot()
            raise TooManyRemovals(4, 20, "a0000 to a0003")
        return finish(*parts, confirmed=confirmed)  # type: ignore[arg-type]

    desk.copy.keep_page, desk.copy.finish_snapshot = keep, finished  # type: ignore[method-assign]
    for number in range(4):
        desk.world.change(f"a{number:04}", Op.TOMBSTONE)
    for number in range(4, 8):
        desk.world.change(f"a{number:04}")
    desk.world.calls.clear()
    desk.sync(30)
    assert refused == 1
    assert desk.world.calls == ["changes", "snapshot", "snapshot", "changes", "digest"]
    assert desk.copy.rows == desk.world.rows


def test_a_stale_page_is_never_applied_and_three_rebuild_the_copy() -> None:
    desk = Desk()
    desk.sync()
    stale = desk.world.log[:]
    desk.copy.at = type(desk.copy.at)(**{**{f: getattr(desk.copy.at, f) for f in desk.copy.at.__slots__}, "seq": 3})
    desk.start()
    report = desk.sync()
    assert report.anomalies == 1
    for _ in range(6):
        report = desk.sync(300)
    assert desk.copy.rows == desk.world.rows
    assert desk.copy.at.seq == len(stale)
    assert report.anomalies >= 3
    assert report.lamp.kind is LampKind.SYNCED


def test_a_full_disk_loses_nothing_and_is_told() -> None:
    desk = Desk()
    desk.sync()
    settle = desk.copy.settle

    def full(*_: object) -> None:
        raise KnownFault("disk_full")

    desk.copy.settle = full  # type: ignore[method-assign]
    desk.save("a0001")
    report = desk.sync()
    assert (report.lamp.kind, report.lamp.code) == (LampKind.NEEDS_YOU, "disk_full")
    desk.copy.settle = settle  # type: ignore[method-assign]
    for _ in range(5):
        report = desk.sync(300)
    assert desk.states() == {RowState.DONE: 1}
    assert desk.world.effects == [CommandId("c1")]
    assert report.lamp.kind is LampKind.SYNCED


def test_a_command_that_could_not_be_marked_never_leaves() -> None:
    desk = Desk()
    desk.sync()

    def full(*_: object) -> None:
        raise KnownFault("disk_full")

    desk.copy.mark_in_flight = full  # type: ignore[method-assign]
    desk.save("a0001")
    desk.sync()
    assert "commands" not in desk.world.calls


def test_a_decision_saved_while_the_outbox_was_read_twice_is_seen() -> None:
    """Both messages have the disk read; the second reading was absorbed after the decision that it did not know."""
    desk = Desk()
    desk.sync()
    desk.driver.restart()
    desk.driver.tell(events.CommandSaved)
    desk.sign_in()

    def decided_meanwhile(call: str, moment: str) -> None:
        if (call, moment) == ("hello", "before"):
            desk.save("a0001")

    desk.world.fail = decided_meanwhile
    report = desk.sync()
    assert desk.states() == {RowState.DONE: 1}
    assert report.lamp.kind is LampKind.SYNCED
