"""Several registrars' batches of one office beside each other, each seeing what he may."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from medreg_core.contract.v1.messages import Account
from medreg_core.domain.records import AccountId, HistoryEntry
from medreg_core.domain.vocabulary import CommandKind, Move, OutcomeKind, Role, State
from medreg_desktop.services.cache import outbox_moves
from medreg_desktop.services.review.deciding import Decision
from medreg_desktop.services.review.reconcile_desk import Result
from tests.desktop.cache.office import NOW
from tests.desktop.review.office import LI, Office, application

AGREE = Decision(CommandKind.AGREE, 1, "同意聘用。")
CHIEF = Account(AccountId("account-zhang"), "zhang", "张主任", Role.SUPERVISOR)


def decided_by(name: str, number: int, move: Move = Move.AGREE, state: State = State.AGREED) -> object:
    """An application as the register shows it after a colleague's decision."""
    entry = HistoryEntry(NOW, Role.REGISTRAR, name, move, 2)
    return application(number, version=2, state=state, decided_by=name, decided_at=NOW, history=(entry,))


def three_ends(office: Office) -> None:
    """One accepted, one in conflict, one that waits; a colleague's decision comes with the feed."""
    first, second, _ = (office.reviews.decide(application(n).id, AGREE).command_id for n in (1, 2, 3))
    assert first is not None
    assert second is not None
    office.store.write(lambda conn: outbox_moves.set_in_flight(conn, [first, second]))
    office.hears(first, OutcomeKind.ACCEPTED, version=2, seq=40)
    office.hears(second, OutcomeKind.CONFLICT, code="already_decided", by="李经办", at=NOW, version=2)
    office.receives(
        replace(decided_by("王经办", 1), person=application(1).person),  # type: ignore[type-var]
        decided_by("李经办", 2, Move.RETURN, State.RETURNED),  # type: ignore[arg-type]
    )


def test_each_registrars_batch_with_what_became_of_it(office: Office) -> None:
    three_ends(office)
    found = office.reconciling.read()
    mine, theirs = found.batches
    assert (mine.who, mine.is_mine, theirs.who, theirs.is_mine) == ("王经办", True, "李经办", False)
    assert mine.counts == {Result.ACCEPTED: 1, Result.CONFLICT: 1, Result.WAITING: 1}
    assert mine.lines[0].result is Result.CONFLICT, "what needs a person stands first"
    assert [(line.act, line.result, line.command_id) for line in theirs.lines] == [
        (CommandKind.RETURN, Result.ACCEPTED, None)
    ]
    assert mine.lines[0].by == "李经办"


def test_a_colleague_of_the_same_name_is_not_taken_for_oneself(office: Office) -> None:
    three_ends(office)
    office.receives(decided_by("王经办", 5))  # type: ignore[arg-type]
    mine, theirs, namesake = office.reconciling.read().batches
    assert (mine.who, mine.is_mine, len(mine.lines)) == ("王经办", True, 3)
    assert (theirs.who, namesake.who, namesake.is_mine) == ("李经办", "王经办", False)
    assert [line.application_id for line in namesake.lines] == [application(5).id]


def test_an_accepted_decision_that_the_feed_brings_too_stands_once(office: Office) -> None:
    three_ends(office)
    lines = [line for batch in office.reconciling.read().batches for line in batch.lines]
    assert sum(line.application_id == application(1).id for line in lines) == 1


def test_of_a_colleagues_unsent_queue_a_registrar_sees_the_number_alone(office: Office) -> None:
    three_ends(office)
    li = Office(office.store, office.clock, LI, office.ids)
    found = li.reconciling.read()
    assert found.hidden == 2
    shown = {(line.who, line.application_id) for batch in found.batches for line in batch.lines}
    assert shown == {("王经办", application(1).id), ("李经办", application(2).id)}


def test_a_supervisor_sees_every_batch_of_this_computer(office: Office) -> None:
    three_ends(office)
    chief = Office(office.store, office.clock, CHIEF, office.ids)
    found = chief.reconciling.read()
    assert found.hidden == 0
    lines = [line for batch in found.batches for line in batch.lines]
    assert {Result.CONFLICT, Result.WAITING, Result.ACCEPTED} <= {line.result for line in lines}
    assert all(line.command_id is None for line in lines), "looked at, never settled in another's name"


def test_what_is_older_than_the_outage_is_left_out(office: Office) -> None:
    three_ends(office)
    li = Office(office.store, office.clock, LI, office.ids)
    office.clock.pass_by(days=3)
    assert li.reconciling.read().batches == ()
    mine = office.reconciling.read()
    assert mine.since <= NOW, "one's own that are still open reach back to when they were made"
    assert office.clock.now() - mine.since <= timedelta(days=14)
