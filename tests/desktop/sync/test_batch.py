"""Which commands leave: order per application, dependencies, limits; what answers make of them (sync.md §5.6)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_core.contract.v1.commands import BATCH_BYTES, BATCH_COMMANDS, Outcome
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.sync.batch import select, settlement
from medreg_desktop.services.sync.outbox_view import UNSENT, QueueRow, RowState

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def row(n: int, application: str = "", **changes: object) -> QueueRow:
    values: dict[str, object] = {
        "id": CommandId(f"c{n}"),
        "subject": application or f"a{n}",
        "counter": n,
        "size": 1000,
        "state": RowState.QUEUED,
    }
    return QueueRow(**{**values, **changes})  # type: ignore[arg-type]


def chosen(*rows: QueueRow, limit: int = BATCH_COMMANDS, suspects: tuple[CommandId, ...] = ()) -> list[str]:
    return list(select(rows, NOW, limit, suspects).ids)


def test_unrelated_commands_leave_together_in_the_order_they_were_made() -> None:
    assert chosen(row(3), row(1), row(2)) == ["c1", "c2", "c3"]


def test_a_killed_programs_commands_leave_again() -> None:
    assert chosen(row(1, state=RowState.IN_FLIGHT)) == ["c1"]


def test_two_independent_commands_on_one_application_do_not_share_a_batch() -> None:
    assert chosen(row(1, "a"), row(2, "a"), row(3, "b")) == ["c1", "c3"]


def test_a_chain_may_share_a_batch() -> None:
    assert chosen(row(1, "a"), row(2, "a", depends_on="c1"), row(3, "a", depends_on="c2")) == ["c1", "c2", "c3"]


@pytest.mark.parametrize("state", [RowState.QUARANTINED, RowState.DEFERRED, RowState.QUEUED])
def test_nothing_overtakes_an_unanswered_command_on_its_application(state: RowState) -> None:
    waiting = row(1, "a", state=state, next_try=LATER)
    assert chosen(waiting, row(2, "a"), row(3, "a", depends_on="c1"), row(4, "b")) == ["c4"]


def test_an_answered_command_holds_nobody_up() -> None:
    assert chosen(row(1, "a", state=RowState.NEEDS_YOU), row(2, "a")) == ["c2"]


def test_a_dependency_across_applications_is_kept() -> None:
    assert chosen(row(1, "a", next_try=LATER), row(2, "b", depends_on="c1")) == []


def test_limits() -> None:
    assert len(chosen(*(row(n) for n in range(150)))) == BATCH_COMMANDS
    half = BATCH_BYTES // 2
    assert chosen(row(1, size=half), row(2, size=half), row(3, size=10)) == ["c1", "c3"]
    assert chosen(row(1, size=2 * BATCH_BYTES)) == ["c1"]


def test_suspects_go_alone_and_last() -> None:
    rows = (row(1), row(2), row(3))
    assert chosen(*rows, suspects=(CommandId("c1"),)) == ["c2", "c3"]
    assert chosen(row(1), row(3), suspects=(CommandId("c1"), CommandId("c3"))) == ["c1"]


def test_the_next_moment_is_told() -> None:
    found = select((row(1, next_try=LATER), row(2, next_try=LATER + timedelta(minutes=1))), NOW, 100)
    assert (found.ids, found.next_due) == ((), LATER)


def test_a_wait_written_by_a_mad_clock_is_not_obeyed() -> None:
    assert chosen(row(1, next_try=NOW + timedelta(days=3650))) == ["c1"]


def test_a_day_of_deferral_is_shown() -> None:
    old = row(1, state=RowState.DEFERRED, waiting_since=NOW - timedelta(hours=25), next_try=LATER)
    young = row(2, state=RowState.DEFERRED, waiting_since=NOW - timedelta(hours=1), next_try=LATER)
    assert select((old, young), NOW, 100).overdue == ("c1",)


def test_what_was_put_off_before_a_weekend_is_asked_before_it_is_called_overdue() -> None:
    friday = row(
        1, state=RowState.DEFERRED, waiting_since=NOW - timedelta(hours=60), next_try=NOW - timedelta(hours=59)
    )
    selection = select((friday,), NOW, 100)
    assert (selection.ids, selection.overdue) == (("c1",), ())


@st.composite
def queues(draw: st.DrawFn) -> tuple[QueueRow, ...]:
    rows: list[QueueRow] = []
    for n in range(draw(st.integers(0, 25))):
        earlier = [None, *(item.id for item in rows)]
        rows.append(
            row(
                n,
                f"a{draw(st.integers(0, 6))}",
                size=draw(st.sampled_from([100, 5_000, 200_000])),
                state=draw(st.sampled_from([s for s in RowState if s is not RowState.DONE])),
                depends_on=draw(st.sampled_from(earlier)),
                next_try=draw(st.sampled_from([None, None, LATER])),
            )
        )
    return tuple(rows)


@given(queues(), st.integers(1, 100), st.data())
def test_order_per_application_and_dependencies_hold_for_any_queue(
    rows: tuple[QueueRow, ...], limit: int, data: st.DataObject
) -> None:
    suspects = data.draw(st.lists(st.sampled_from([item.id for item in rows]), max_size=3)) if rows else []
    ids = select(rows, NOW, limit, suspects).ids
    by_id = {item.id: item for item in rows}
    assert len(ids) == len(set(ids)) <= limit
    for position, command in enumerate(ids):
        item = by_id[command]
        assert item.state in UNSENT
        before = set(ids[:position])
        for other in rows:
            is_earlier = other.subject == item.subject and other.counter < item.counter
            if (is_earlier or other.id == item.depends_on) and other.state is not RowState.NEEDS_YOU:
                assert other.id in before
    if any(command in suspects for command in ids):
        assert len(ids) == 1


@given(queues())
def test_something_leaves_whenever_something_may(rows: tuple[QueueRow, ...]) -> None:
    """Unrelated work never waits: the first unanswered command of an application leaves if due and independent."""
    first: dict[str, QueueRow] = {}
    for item in rows:
        if item.state is not RowState.NEEDS_YOU:
            first.setdefault(item.subject, item)
    free = [i for i in first.values() if i.state in UNSENT and i.depends_on is None and i.next_try is None]
    assert bool(select(rows, NOW, 100).ids) >= bool(free)


@pytest.mark.parametrize(
    ("kind", "state", "wait_s"),
    [
        (OutcomeKind.ACCEPTED, RowState.DONE, None),
        (OutcomeKind.SUPERSEDED, RowState.DONE, None),
        (OutcomeKind.REJECTED, RowState.NEEDS_YOU, None),
        (OutcomeKind.CONFLICT, RowState.NEEDS_YOU, None),
        (OutcomeKind.MISMATCH, RowState.QUARANTINED, None),
        (OutcomeKind.DEFERRED, RowState.DEFERRED, 60),
        (OutcomeKind.RETRY, RowState.QUEUED, 9),
    ],
)
def test_answers(kind: OutcomeKind, state: RowState, wait_s: int | None) -> None:
    found = settlement(Outcome(id=CommandId("c1"), kind=kind), NOW, lambda: timedelta(seconds=9))
    assert found.state is state
    assert found.next_try == (None if wait_s is None else NOW + timedelta(seconds=wait_s))


@pytest.mark.parametrize("kind", [OutcomeKind.DEFERRED, OutcomeKind.RETRY])
def test_a_stated_wait_is_obeyed_up_to_an_hour(kind: OutcomeKind) -> None:
    outcome = Outcome(id=CommandId("c1"), kind=kind, retry_after_s=10**9)
    assert settlement(outcome, NOW, timedelta).next_try == NOW + timedelta(hours=1)
