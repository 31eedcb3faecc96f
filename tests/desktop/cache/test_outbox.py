"""The outbox: order, immutability, answers, overlay, two registrars on one PC."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlcipher3 import dbapi2

from medreg_core.contract.v1.commands import (
    Agree,
    Command,
    CommandBody,
    Outcome,
    RecordPrint,
    Return,
    WithdrawConsent,
)
from medreg_core.domain.records import Application, CommandId
from medreg_core.domain.vocabulary import FormState, OutcomeKind, State
from medreg_desktop.services.cache import applications, audit, commands, outbox, outbox_moves, overlay, sync_state
from medreg_desktop.services.cache.feed import Feed
from medreg_desktop.services.cache.outbox import OutboxState, Resolution
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.search.conditions import RowSync
from tests.desktop.cache.office import (
    EPOCH,
    KEY,
    LI,
    NOW,
    WANG,
    StillClock,
    agree,
    application,
    judge,
    page,
    read,
    upsert,
)

FIRST, SECOND, THIRD = (CommandId(f"{n:032d}") for n in (1, 2, 3))


@pytest.fixture
def office(store: CacheStore, feed: Feed) -> CacheStore:
    feed.apply_page(page(0, [upsert(n, application(n)) for n in (1, 2, 3)]))
    store.write(lambda conn: applications.switch_actor(conn, WANG, "王经办"))
    return store


def command(number: int, entity: Application, body: CommandBody, depends_on: CommandId | None = None) -> Command:
    return Command(
        id=CommandId(f"{number:032d}"),
        application_id=entity.id,
        base_version=entity.version,
        made_at=NOW,
        body=body,
        depends_on=depends_on,
    )


def printed(number: int, entity: Application, depends_on: CommandId | None = None) -> Command:
    body = RecordPrint(form_number="n", digest="d", form_state=FormState.PENDING, printed_at=NOW, copies=1, reprint=0)
    return command(number, entity, body, depends_on)


def save(office: CacheStore, made: Command, actor: str = WANG) -> None:
    office.write(lambda conn: commands.save(conn, made, actor, NOW))  # type: ignore[arg-type]


def send(office: CacheStore, command_id: CommandId) -> None:
    office.write(lambda conn: outbox_moves.set_in_flight(conn, [command_id]))


def fail(office: CacheStore, command_id: CommandId) -> None:
    office.write(lambda conn: outbox_moves.back_off(conn, [command_id], "server_unreachable", None))


def settle(office: CacheStore, command_id: CommandId, kind: OutcomeKind, **answer: object) -> None:
    outcome = Outcome(id=command_id, kind=kind, **answer)  # type: ignore[arg-type]
    office.write(lambda conn: commands.settle(conn, outcome, NOW))


def state_of(office: CacheStore, command_id: CommandId) -> OutboxState:
    return office.read(lambda conn: outbox.row_of(conn, command_id)).state


def shown(office: CacheStore, number: int = 1) -> tuple[State, RowSync]:
    found = office.read(lambda conn: applications.get(conn, application(number).id))
    assert found is not None
    return found.shown_state, found.row_sync


def listed(office: CacheStore, number: int = 1) -> tuple[State, RowSync, str]:
    ((state, sync, handler),) = read(
        office, "SELECT state, sync, handler FROM worklist WHERE id = ?", application(number).id
    )
    return list(State)[state], list(RowSync)[sync], handler


def due(office: CacheStore, after: timedelta = timedelta()) -> list[CommandId]:
    return [row.command.id for row in office.read(lambda conn: outbox.due(conn, WANG, NOW + after))]


def test_what_waits_is_read_without_all_that_was_ever_done(office: CacheStore) -> None:
    asked: list[str] = []

    def steps(conn: Any) -> list[str]:
        conn.set_trace_callback(asked.append)
        outbox.rows(conn, WANG)
        outbox.due(conn, WANG, NOW)
        conn.set_trace_callback(None)
        return [step for statement in asked for *_, step in conn.execute(f"EXPLAIN QUERY PLAN {statement}")]

    plan = office.write(steps)
    assert [step for step in plan if step.startswith("SCAN outbox") and "outbox_open" not in step] == []
    assert len(asked) == 2


def test_a_decision_shows_at_once_in_the_sheet_and_in_the_list(office: CacheStore) -> None:
    save(office, agree(application(1), FIRST))
    assert shown(office) == (State.AGREED, RowSync.WAITING)
    assert listed(office) == (State.AGREED, RowSync.WAITING, "王经办")
    assert listed(office, 2) == (State.SUBMITTED, RowSync.SYNCED, "")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE outbox SET command = '{}'",
        "UPDATE outbox SET base_version = 9",
        "UPDATE outbox SET actor = 'somebody'",
        "DELETE FROM outbox",
        "UPDATE audit SET detail = ''",
        "DELETE FROM audit",
    ],
)
def test_a_saved_command_and_its_audit_never_change(office: CacheStore, change: str) -> None:
    save(office, agree(application(1), FIRST))
    with pytest.raises(dbapi2.IntegrityError):
        office.write(lambda conn: conn.execute(change))
    assert office.read(lambda conn: outbox.row_of(conn, FIRST)).command == agree(application(1), FIRST)


def test_the_same_command_cannot_be_saved_twice(office: CacheStore) -> None:
    save(office, agree(application(1), FIRST))
    with pytest.raises(dbapi2.IntegrityError):
        save(office, agree(application(2), FIRST))
    assert read(office, "SELECT count(*) FROM audit WHERE action = 'agree'") == [(1,)]


def test_applications_do_not_wait_for_each_other_but_each_keeps_its_order(office: CacheStore) -> None:
    save(office, agree(application(1), FIRST))
    save(office, printed(2, application(1), FIRST))
    save(office, agree(application(2), THIRD))
    assert due(office) == [FIRST, SECOND, THIRD]
    later = NOW + timedelta(minutes=1)
    office.write(lambda conn: outbox_moves.set_in_flight(conn, [FIRST]))
    assert due(office) == [THIRD]
    office.write(lambda conn: outbox_moves.back_off(conn, [FIRST], "server_unreachable", later))
    assert due(office) == [THIRD]
    assert due(office, timedelta(minutes=1)) == [FIRST, SECOND, THIRD]
    assert office.read(lambda conn: outbox.next_due(conn, WANG)) == later


def test_a_quarantined_command_holds_only_its_own_application(office: CacheStore) -> None:
    save(office, agree(application(1), FIRST))
    save(office, printed(2, application(1), FIRST))
    save(office, agree(application(2), THIRD))
    office.write(lambda conn: outbox_moves.quarantine(conn, FIRST, "poison"))
    assert due(office) == [THIRD]
    office.write(lambda conn: outbox_moves.retry_now(conn, actor=WANG))
    assert due(office) == [THIRD]
    office.write(lambda conn: outbox_moves.retry_now(conn, [FIRST], actor=WANG))
    assert due(office) == [FIRST, SECOND, THIRD]


def test_an_uncounted_try_takes_the_attempt_back_but_not_that_it_was_sent(office: CacheStore) -> None:
    save(office, agree(application(1), FIRST))
    office.write(lambda conn: outbox_moves.set_in_flight(conn, [FIRST]))
    office.write(lambda conn: outbox_moves.back_off(conn, [FIRST], "session_expired", None, counted=False))
    row = office.read(lambda conn: outbox.row_of(conn, FIRST))
    assert (row.attempts, row.sent, row.state, row.last_cause) == (0, True, OutboxState.QUEUED, "session_expired")


def test_what_a_killed_program_left_in_flight_is_sent_again(office: CacheStore) -> None:
    save(office, agree(application(1), FIRST))
    office.write(lambda conn: outbox_moves.set_in_flight(conn, [FIRST]))
    assert office.write(commands.reclaim) == 1
    assert due(office) == [FIRST]
    assert listed(office)[1] is RowSync.WAITING


@pytest.mark.parametrize(
    ("kind", "state", "sync"),
    [
        (OutcomeKind.ACCEPTED, OutboxState.DONE, RowSync.SYNCED),
        (OutcomeKind.SUPERSEDED, OutboxState.DONE, RowSync.SYNCED),
        (OutcomeKind.REJECTED, OutboxState.NEEDS_YOU, RowSync.NEEDS_YOU),
        (OutcomeKind.CONFLICT, OutboxState.NEEDS_YOU, RowSync.NEEDS_YOU),
        (OutcomeKind.DEFERRED, OutboxState.DEFERRED, RowSync.DEFERRED),
        (OutcomeKind.RETRY, OutboxState.QUEUED, RowSync.WAITING),
        (OutcomeKind.MISMATCH, OutboxState.QUARANTINED, RowSync.QUARANTINED),
    ],
)
def test_each_answer_moves_the_command_and_its_word(
    office: CacheStore, kind: OutcomeKind, state: OutboxState, sync: RowSync
) -> None:
    save(office, agree(application(1), FIRST))
    office.write(lambda conn: outbox_moves.set_in_flight(conn, [FIRST]))
    settle(office, FIRST, kind, code="why", version=2, seq=4)
    row = office.read(lambda conn: outbox.row_of(conn, FIRST))
    assert (row.state, shown(office)[1], row.outcome is not None) == (state, sync, True)


def test_an_own_accepted_decision_is_shown_until_the_feed_has_it(office: CacheStore, feed: Feed) -> None:
    save(office, agree(application(1), FIRST))
    settle(office, FIRST, OutcomeKind.ACCEPTED, version=2, seq=5)
    assert shown(office)[0] is State.AGREED
    feed.apply_page(page(3, [upsert(4, application(2, version=2))]))
    assert shown(office)[0] is State.AGREED
    assert listed(office)[0] is State.AGREED
    feed.apply_page(page(4, [upsert(5, application(1, version=2, state=State.AGREED, decided_by="王"))]))
    assert listed(office) == (State.AGREED, RowSync.SYNCED, "王")
    feed.apply_page(page(5, [upsert(6, application(1, version=3, state=State.ACCEPTED))]))
    assert shown(office)[0] is State.ACCEPTED


def test_a_compacted_page_that_passes_the_effect_ends_the_overlay_too(office: CacheStore, feed: Feed) -> None:
    save(office, agree(application(1), FIRST))
    settle(office, FIRST, OutcomeKind.ACCEPTED, version=2, seq=5)
    feed.apply_page(page(3, [], last=9))
    assert listed(office)[0] is State.SUBMITTED


def test_a_late_second_answer_changes_nothing(office: CacheStore) -> None:
    save(office, agree(application(1), FIRST))
    settle(office, FIRST, OutcomeKind.ACCEPTED, version=2, seq=5)
    settle(office, FIRST, OutcomeKind.CONFLICT)
    assert state_of(office, FIRST) is OutboxState.DONE
    assert read(office, "SELECT outcome_kind FROM outbox") == [("accepted",)]


@pytest.mark.parametrize("kind", [OutcomeKind.CONFLICT, OutcomeKind.REJECTED])
def test_what_builds_on_a_decision_not_taken_stops(office: CacheStore, kind: OutcomeKind) -> None:
    save(office, agree(application(1), FIRST))
    save(office, printed(2, application(1), FIRST))
    save(office, command(3, application(1), WithdrawConsent(), SECOND))
    settle(office, FIRST, kind)
    stopped = [office.read(lambda conn, i=i: outbox.row_of(conn, i)) for i in (SECOND, THIRD)]
    assert [(row.state, row.resolution) for row in stopped] == [(OutboxState.DONE, Resolution.STOPPED)] * 2
    assert shown(office)[0] is State.SUBMITTED
    assert office.read(audit.first_broken) is None


def test_a_decision_behind_one_that_was_superseded_is_not_closed_unseen(office: CacheStore) -> None:
    fourth, fifth = (CommandId(f"{n:032d}") for n in (4, 5))
    save(office, agree(application(1), FIRST))
    save(office, printed(2, application(1), FIRST))
    save(office, command(3, application(1), WithdrawConsent(), FIRST))
    save(office, msgspec.structs.replace(agree(application(1), fourth), depends_on=THIRD))
    save(office, printed(5, application(1), fourth))
    settle(office, FIRST, OutcomeKind.SUPERSEDED, version=2, seq=1)
    assert [state_of(office, i) for i in (FIRST, SECOND)] == [OutboxState.DONE] * 2
    assert due(office) == [THIRD, fourth, fifth], "nobody is asked about the consent, so the register is"
    settle(office, THIRD, OutcomeKind.REJECTED, code="dependency_failed")
    assert state_of(office, THIRD) is OutboxState.NEEDS_YOU
    assert [state_of(office, i) for i in (fourth, fifth)] == [OutboxState.DONE] * 2


def test_a_deferral_remembers_since_when(office: CacheStore) -> None:
    save(office, agree(application(1), FIRST))
    answer = Outcome(id=FIRST, kind=OutcomeKind.DEFERRED, code="waits_for_command")
    office.write(lambda conn: commands.settle(conn, answer, NOW, next_try=NOW))
    office.write(lambda conn: commands.settle(conn, answer, NOW + timedelta(hours=2), next_try=NOW))
    assert office.read(lambda conn: outbox.row_of(conn, FIRST)).deferred_since == NOW
    overdue = NOW + timedelta(hours=25)
    office.write(lambda conn: commands.settle(conn, answer, overdue, overdue=True))
    assert state_of(office, FIRST) is OutboxState.NEEDS_YOU


def test_who_asks_again_for_what_was_put_off_too_long_waits_anew(office: CacheStore) -> None:
    save(office, agree(application(1), FIRST))
    answer = Outcome(id=FIRST, kind=OutcomeKind.DEFERRED, code="waits_for_command")
    office.write(lambda conn: commands.settle(conn, answer, NOW))
    office.write(lambda conn: outbox_moves.quarantine(conn, FIRST, "deferred_too_long"))
    office.write(lambda conn: outbox_moves.retry_now(conn, [FIRST], actor=WANG))
    again = NOW + timedelta(hours=30)
    office.write(lambda conn: commands.settle(conn, answer, again))
    assert office.read(lambda conn: outbox.row_of(conn, FIRST)).deferred_since == again


def test_a_second_registrar_sees_counts_only_and_loses_nothing(office: CacheStore) -> None:
    save(office, agree(application(1), FIRST))
    office.write(lambda conn: applications.switch_actor(conn, LI, "李经办"))
    assert office.read(lambda conn: outbox.rows(conn, LI)) == []
    assert office.read(lambda conn: outbox.due(conn, LI, NOW)) == []
    counts = office.read(lambda conn: outbox.counts(conn, LI))
    assert (counts.own, counts.others) == ({}, 1)
    assert shown(office) == (State.SUBMITTED, RowSync.SYNCED)
    assert listed(office) == (State.SUBMITTED, RowSync.SYNCED, "")
    found = office.read(lambda conn: applications.get(conn, application(1).id))
    assert found is not None
    assert found.others_pending == 1
    save(office, agree(application(2), SECOND), LI)
    office.write(lambda conn: applications.switch_actor(conn, WANG, "王经办"))
    assert listed(office) == (State.AGREED, RowSync.WAITING, "王经办")
    assert listed(office, 2) == (State.SUBMITTED, RowSync.SYNCED, "")
    assert office.read(lambda conn: outbox.counts(conn, WANG)).unsent == 1


def test_the_next_command_names_the_version_the_ones_before_will_make(office: CacheStore) -> None:
    save(office, agree(application(1), FIRST))
    found = office.read(lambda conn: applications.get(conn, application(1).id))
    assert found is not None
    assert (found.next_base_version, found.seen_at) == (2, None), "only the service knows when it will be"
    settle(office, FIRST, OutcomeKind.ACCEPTED, version=6, seq=5, at=NOW)
    found = office.read(lambda conn: applications.get(conn, application(1).id))
    assert found is not None
    assert (found.next_base_version, found.seen_at) == (6, NOW)


_acts = st.lists(
    st.tuples(
        st.sampled_from(["save", "send", "fail", "settle", "feed"]),
        st.integers(0, 5),
        st.sampled_from(list(OutcomeKind)),
    ),
    max_size=25,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=_acts)
def test_whatever_happens_the_list_agrees_with_the_overlay(
    tmp_path_factory: pytest.TempPathFactory, acts: list
) -> None:
    office = CacheStore.open(tmp_path_factory.mktemp("outbox") / "cache.db", KEY, StillClock())
    try:
        office.write(lambda conn: sync_state.write(conn, epoch=EPOCH, seq="0"))
        feed = Feed(office, judge)
        feed.apply_page(page(0, [upsert(n, application(n)) for n in (1, 2)]))
        office.write(lambda conn: applications.switch_actor(conn, WANG, "王"))
        made: list[CommandId] = []
        for act, pick, kind in acts:
            seq = office.read(sync_state.read).seq
            if act == "save":
                entity = application(1 + pick % 2)
                bodies = (agree(entity, FIRST).body, Return(opinion="x"), WithdrawConsent())
                save(office, command(len(made) + 1, entity, bodies[pick % 3], made[-1] if pick > 3 and made else None))
                made.append(CommandId(f"{len(made) + 1:032d}"))
            elif made and act == "send":
                send(office, made[pick % len(made)])
            elif made and act == "fail":
                fail(office, made[pick % len(made)])
            elif made and act == "settle":
                settle(office, made[pick % len(made)], kind, version=5, seq=seq + pick)
            elif act == "feed":
                feed.apply_page(page(seq, [], last=seq + pick))
            if act in {"send", "fail"}:  # the sync engine refreshes after these by itself
                office.write(lambda conn: applications.refresh(conn, [application(n).id for n in (1, 2)]))
            for number in (1, 2):
                assert listed(office, number)[:2] == shown(office, number)
        assert office.read(audit.first_broken) is None
        assert len(office.read(lambda conn: outbox.rows(conn, WANG, open_only=False))) == len(made)
    finally:
        office.close()


def test_an_effect_of_another_epoch_is_shown_until_the_copy_is_of_that_epoch(office: CacheStore) -> None:
    save(office, agree(application(1), FIRST))
    settle(office, FIRST, OutcomeKind.ACCEPTED, version=2, seq=50)
    row = office.read(lambda conn: outbox.row_of(conn, FIRST))
    assert isinstance(row.command.body, Agree)
    assert overlay.is_effective(row, EPOCH, 3)
    assert overlay.is_effective(row, "epoch-0", 90)
    office.write(lambda conn: outbox_moves.forget_positions(conn, "epoch-2"))
    row = office.read(lambda conn: outbox.row_of(conn, FIRST))
    assert not overlay.is_effective(row, "epoch-2", 3)
