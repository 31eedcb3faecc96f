"""The dry run of a queue before it leaves: advice that is shown, holds nothing for ever, and is never an outcome."""

from __future__ import annotations

from collections import Counter

import pytest

from medreg_core.contract.v1.commands import Command, OutcomeBatch
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.events import Wish
from medreg_desktop.services.sync.forecast import Prospect, Rehearsed
from medreg_desktop.services.sync.outbox_view import Actor, RowState
from medreg_desktop.services.sync.rehearsing import HOLD, TRIES, batches
from medreg_desktop.services.sync.state import Habits
from medreg_desktop.services.transport.trouble import Trouble, TroubleKind
from tests.desktop.sync.desk import ME, OFFLINE, Desk, only
from tests.desktop.sync.world import FakeService

LOOK_S = 30.0
HOLD_S = HOLD.total_seconds()


def after_an_outage(commands: int, bad: int = 0, habits: Habits | None = None) -> tuple[Desk, list[CommandId]]:
    """A desk that is back after an outage in which so many decisions were made; the first ``bad`` conflict."""
    desk = Desk(rows=max(commands, 1), habits=habits or Habits(rehearse_from=10, look_s=LOOK_S))
    desk.sync()
    desk.world.fail = lambda _call, when: OFFLINE if when == "before" else None
    desk.sync(60)
    ids = [desk.save(f"a{number:04}") for number in range(commands)]
    desk.sync(1)
    conflicts = set(ids[:bad])
    desk.world.decide = lambda c: OutcomeKind.CONFLICT if c.id in conflicts else OutcomeKind.ACCEPTED
    desk.world.fail = lambda _call, _when: None
    desk.world.calls.clear()
    return desk, ids


def back(desk: Desk) -> Rehearsed:
    report = desk.sync(301)
    assert report.rehearsed is not None
    return report.rehearsed


def ask(desk: Desk, wish: Wish) -> None:
    desk.driver.tell(lambda at: events.Asked(at, wish))


def test_what_gathered_is_rehearsed_and_the_registrar_may_look_first() -> None:
    desk, ids = after_an_outage(215, bad=3)
    told = back(desk)
    assert (told.total, told.passes, told.needs_you, told.is_running) == (215, 212, 3, False)
    assert [forecast.id for forecast in told.affected] == ids[:3]
    assert desk.states() == {RowState.QUEUED: 215}, "nothing has left yet"
    assert not desk.world.effects
    assert Counter(desk.world.calls)["rehearsal"] == 3


def test_without_a_word_what_passes_goes_after_a_short_time_and_the_rest_after_a_longer_one() -> None:
    desk, ids = after_an_outage(20, bad=2)
    back(desk)
    assert desk.sync(LOOK_S - 5).unsent == 20
    report = desk.sync(6)
    assert (report.unsent, desk.states()[RowState.DONE]) == (2, 18)
    assert report.rehearsed is not None
    assert report.rehearsed.needs_you == 2
    desk.sync(HOLD_S)
    assert {i for i, row in desk.copy.queue_rows.items() if row.state is RowState.NEEDS_YOU} == set(ids[:2])


def test_a_queue_that_passes_whole_does_not_wait() -> None:
    desk, _ = after_an_outage(20)
    report = desk.sync(301)
    assert (report.unsent, desk.states()) == (0, {RowState.DONE: 20})
    assert report.rehearsed is None


@pytest.mark.parametrize(("wish", "left"), [(Wish.SEND, 2), (Wish.NOW, 2), (Wish.SEND_ALL, 0)])
def test_the_registrar_sends_without_waiting(wish: Wish, left: int) -> None:
    desk, _ = after_an_outage(20, bad=2)
    back(desk)
    ask(desk, wish)
    assert desk.sync().unsent == left


def test_a_few_decisions_leave_without_a_rehearsal() -> None:
    desk, _ = after_an_outage(9, bad=1)
    report = desk.sync(301)
    assert (report.rehearsed, report.unsent, report.needs_you) == (None, 0, 1)
    assert "rehearsal" not in desk.world.calls


def test_many_decisions_made_online_leave_at_once() -> None:
    desk = Desk(rows=200, habits=Habits(rehearse_from=10))
    desk.sync()
    for number in range(200):
        desk.save(f"a{number:04}")
    assert desk.sync().unsent == 0
    assert "rehearsal" not in desk.world.calls


def test_the_threshold_is_the_offices_and_nought_means_never() -> None:
    desk, _ = after_an_outage(3, bad=1, habits=Habits(rehearse_from=3))
    assert back(desk).needs_you == 1
    desk, _ = after_an_outage(50, bad=1, habits=Habits(rehearse_from=0))
    assert desk.sync(301).rehearsed is None


def test_a_rehearsal_can_be_asked_for_at_any_time() -> None:
    desk = Desk(rows=5, habits=Habits(rehearse_from=0))
    desk.sync()
    ask(desk, Wish.PAUSE)
    desk.world.decide = lambda _command: OutcomeKind.REJECTED
    desk.save("a0001")
    ask(desk, Wish.REHEARSE)
    report = desk.sync()
    assert report.rehearsed is not None
    assert report.rehearsed.needs_you == 1
    desk.sync(3600)
    assert desk.states() == {RowState.QUEUED: 1}, "paused is paused"


def test_what_is_rehearsed_is_never_kept_as_an_outcome() -> None:
    desk, _ = after_an_outage(20, bad=2)
    back(desk)
    assert desk.copy.outcomes == {}
    assert desk.world.answers == {}
    assert all(row.attempts == 0 for row in desk.copy.queue_rows.values()), "and counts no attempt"


def test_a_decision_made_while_the_registrar_looks_does_not_wait_for_the_others() -> None:
    desk, _ = after_an_outage(12, bad=1)
    back(desk)
    desk.world.change("b")
    fresh = desk.save("b")
    desk.sync(1)
    assert desk.copy.queue_rows[fresh].state is RowState.DONE
    assert desk.states()[RowState.QUEUED] == 12


def test_a_decision_taken_back_while_it_is_shown_is_no_longer_counted() -> None:
    desk, ids = after_an_outage(12, bad=2)
    back(desk)
    desk.copy.done.add(ids[0])
    desk.driver.tell(events.CommandSaved)
    told = desk.sync().rehearsed
    assert told is not None
    assert (told.total, told.needs_you) == (11, 1)


def test_what_hangs_on_a_refused_command_is_said_to_follow_it() -> None:
    desk = Desk(rows=12, habits=Habits(rehearse_from=2))
    desk.world.fail = lambda _call, when: OFFLINE if when == "before" else None
    first = desk.save("a0001")
    second = desk.save("a0001", depends_on=first)
    desk.sync()
    desk.world.fail = lambda _call, _when: None
    refused = OutcomeKind.REJECTED
    desk.world.decide = lambda _command: refused
    desk.world.codes = {second: "dependency_failed"}
    told = back(desk)
    assert [forecast.prospect for forecast in told.affected] == [Prospect.NEEDS_YOU, Prospect.FOLLOWS]
    assert told.needs_you == 1


@pytest.mark.parametrize("kind", list(TroubleKind))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_rehearsal_that_never_comes_back_keeps_no_decision(kind: TroubleKind, when: str) -> None:
    desk, _ = after_an_outage(20, bad=2)
    trouble = Trouble(kind, "some_code", wait_s=30)
    tried: list[str] = []

    def fail(call: str, moment: str) -> Trouble | None:
        if call == "commands" and moment == when and desk.world.calls[-1] == "rehearsal":
            tried.append(moment)
            return trouble
        return None

    desk.world.fail = fail
    for _ in range(12):
        desk.sync(60)
        desk.sign_in() if kind is TroubleKind.SIGN_IN and len(tried) < TRIES else None
    stops = {TroubleKind.REFUSED, TroubleKind.TOO_OLD, TroubleKind.SIGN_IN}
    if kind in stops:
        desk.world.fail = lambda _call, _when: None
        desk.start()
        desk.sync(301)
        desk.sync(HOLD_S)
    assert desk.sync(HOLD_S).unsent == 0
    assert len(tried) <= TRIES + 1, "the first does not count: nothing else had come back either"


def test_a_service_that_does_not_know_rehearsals_is_never_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that does not say that it was rehearsed is thrown away, and the queue is sent as it is."""
    desk, _ = after_an_outage(20, bad=2)
    send = FakeService.send

    def forgets(self: FakeService, batch: object) -> OutcomeBatch:
        answer = send(self, batch)  # type: ignore[arg-type]  # passed through
        return OutcomeBatch(magic=answer.magic, outcomes=answer.outcomes, server_time=answer.server_time)

    monkeypatch.setattr(FakeService, "send", forgets)
    report = desk.sync(301)
    assert report.rehearsed is None
    assert (report.unsent, report.needs_you) == (0, 2)


def test_another_registrar_finds_no_rehearsal_of_the_one_before() -> None:
    desk, _ = after_an_outage(20, bad=2)
    back(desk)
    desk.copy.done.update(desk.copy.queue_rows)  # another's queue is empty
    desk.driver.tell(lambda at: events.SignedIn(at, Actor(ME, session=True)))
    assert desk.sync().rehearsed is None


def test_all_commands_on_one_application_are_rehearsed_together_and_in_order() -> None:
    desk = Desk(rows=3)
    first = [desk.save(f"a{n % 150:04}") for n in range(300)]
    rows = desk.copy.queue(ME)
    made = batches(rows)
    assert sorted(i for batch in made for i in batch) == sorted(first)
    assert max(map(len, made)) <= 100
    where = {i: (n, place) for n, batch in enumerate(made) for place, i in enumerate(batch)}
    for earlier, later in zip(first[:150], first[150:], strict=True):
        assert where[earlier][0] == where[later][0]
        assert where[earlier][1] < where[later][1]


# ---- one command alone that the service cannot stand ----------------------------------------------------------------


def a_lone_poison(kind: OutcomeKind | None) -> tuple[Desk, CommandId]:
    """One command on which the service fails: with a 5xx, or with an answer that says it tripped."""
    desk = Desk(rows=5)
    desk.sync()
    poisoned = desk.save("a0001")
    if kind is None:
        desk.world.poison = frozenset({poisoned})
    else:
        desk.world.decide, desk.world.code = (lambda _command: kind), "server_error"
    return desk, poisoned


@pytest.mark.parametrize("kind", [None, OutcomeKind.RETRY])
def test_a_poison_command_alone_is_set_apart_in_sight(kind: OutcomeKind | None) -> None:
    desk, poisoned = a_lone_poison(kind)
    for _ in range(90):
        desk.sync(60)
    assert desk.copy.queue_rows[poisoned].state is RowState.QUARANTINED
    assert desk.sync().quarantined == 1
    desk.world.calls.clear()
    desk.sync(86_400)
    assert "commands" not in desk.world.calls, "it is not tried for ever"


def fails_at(*calls: str) -> Desk:
    """A good command alone, and a service that fails on these calls for two hours."""
    desk = Desk(rows=5)
    desk.sync()
    desk.save("a0001")
    desk.world.fail = lambda call, when: (
        Trouble(TroubleKind.SERVER, "server_error", 500) if call in calls and when == "before" else None
    )
    for _ in range(120):
        desk.sync(60)
    return desk


@pytest.mark.parametrize("calls", [("commands",), ("commands", "hello"), ("commands", "changes", "hello", "ping")])
def test_a_good_command_alone_is_never_set_apart_in_an_outage(calls: tuple[str, ...]) -> None:
    desk = fails_at(*calls)
    assert desk.states() == {RowState.QUEUED: 1}
    desk.world.fail = lambda _call, _when: None
    for _ in range(10):
        desk.sync(60)
    assert desk.states() == {RowState.DONE: 1}


def test_a_register_that_can_read_but_not_write_accuses_no_command() -> None:
    """A rehearsal writes nothing that stays; the hello does, and is heard as well."""
    desk = Desk(rows=5)
    desk.sync()
    desk.save("a0001")
    trouble = Trouble(TroubleKind.SERVER, "server_error", 500)
    desk.world.fail = lambda call, when: (
        trouble
        if when == "before" and (call == "hello" or (call == "commands" and desk.world.calls[-1] == "commands"))
        else None
    )
    for _ in range(120):
        desk.sync(60)
    assert desk.states() == {RowState.QUEUED: 1}


def test_only_refusing_the_probe_counts() -> None:
    desk, poisoned = a_lone_poison(OutcomeKind.RETRY)
    rehearse = desk.world.rehearse

    def trips(command: Command) -> object:
        outcome = rehearse(command)
        return type(outcome)(id=outcome.id, kind=OutcomeKind.RETRY, code="server_error")

    desk.world.rehearse = trips  # type: ignore[method-assign, assignment]
    for _ in range(120):
        desk.sync(60)
    assert desk.copy.queue_rows[poisoned].state is RowState.QUEUED


def test_a_service_whose_answers_do_not_say_that_they_were_rehearsed_is_asked_for_none() -> None:
    """Neither of what gathered nor, about a lone command that keeps failing, of the probe: that is tried as ever."""
    desk, ids = after_an_outage(12)
    desk.world.protocol = 1
    desk.start()
    ask(desk, Wish.REHEARSE)
    desk.sync(301)
    assert set(desk.world.effects) == set(ids)
    desk.save("a0001")
    desk.world.fail = only("commands", Trouble(TroubleKind.SERVER, "server_error", 500))
    for _ in range(120):
        desk.sync(60)
    assert "rehearsal" not in desk.world.calls
    assert desk.states()[RowState.QUEUED] == 1
    assert Counter(desk.world.calls)["hello"] <= 2, "without a probe no witness is needed"


def test_a_flaky_line_accuses_nobody() -> None:
    desk = Desk(rows=5)
    desk.sync()
    desk.save("a0001")
    desk.world.fail = only("commands", OFFLINE, "after")
    for _ in range(120):
        desk.sync(60)
    assert "rehearsal" not in desk.world.calls
    assert desk.states() == {RowState.QUEUED: 1}
