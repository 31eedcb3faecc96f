"""A queue rehearsed before it is sent: the same rules, in the same order, and not a trace of it (``sync.md`` §3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from medreg_core.contract.v1.commands import (
    Agree,
    Command,
    Outcome,
    RecordPrint,
    RecordRecall,
    Refuse,
    Return,
    WithdrawConsent,
)
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import Application
from medreg_core.domain.vocabulary import FormState, OutcomeKind, Role
from medreg_server.db.engine import open_engine
from medreg_server.db.tables import metadata
from medreg_server.services import commands as desk
from medreg_server.services.decisions import DecisionDesk
from medreg_server.services.service import Service
from tests.helpers.server import Hospital, seed_applications
from tests.server.clients import Office, command, new_id
from tests.server.neighbours import withdraw
from tests.server.test_concurrency import together


@pytest.fixture
def office(register: Service, hospital: Hospital) -> Office:
    return Office(register, hospital)


@pytest.fixture
def colleague(register: Service, hospital: Hospital) -> Office:
    return Office(register, hospital, Role.SUPERVISOR)


def everything(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table."""
    engine = open_engine(url)
    with engine.connect() as connection:
        found = {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return found


def paper(consent: Command, copies: int = 1) -> RecordPrint:
    assert isinstance(consent.body, Agree)
    return RecordPrint(
        form_number=consent.body.form_number,
        digest=consent.body.digest,
        form_state=FormState.PENDING,
        printed_at=consent.made_at,
        copies=copies,
        reprint=0,
    )


def mixed_queue(office: Office, colleague: Office) -> tuple[Command, ...]:
    """A queue of an outage: what passes, what a colleague or the applicant has overtaken, and what hangs on each."""
    good, chained, taken, opposed, gone, wrong = seed_applications(office.service, office.hospital.institution, 6)
    colleague.send(command(taken, Return(opinion="请补充")), command(opposed, Return(opinion="请补充")))
    withdraw(office.service, gone)
    consent, first, lost = office.agree(good), office.agree(chained), office.agree(opposed)
    agreed = msgspec.structs.replace(command(chained, WithdrawConsent(), depends_on=first.id), base_version=2)
    return (
        consent,
        command(good, paper(consent), depends_on=consent.id),
        first,
        agreed,
        command(taken, Return(opinion="请补充")),
        lost,
        command(opposed, paper(lost), depends_on=lost.id),
        command(gone, Refuse(opinion="不符合")),
        office.agree(wrong, digest="0" * 64),
        command(wrong, RecordRecall(form_number="", copies=0)),
        command(wrong, Return(opinion="请补充"), depends_on=new_id()),
    )


def said(outcomes: Sequence[Outcome]) -> list[tuple[OutcomeKind, str, str]]:
    return [(outcome.kind, outcome.code, outcome.by) for outcome in outcomes]


def test_a_rehearsal_says_of_each_command_what_sending_it_says(office: Office, colleague: Office) -> None:
    queue = mixed_queue(office, colleague)
    rehearsed = office.send(*queue, dry_run=True)
    sent = office.send(*queue)
    assert said(rehearsed) == said(sent)
    kinds = [outcome.kind for outcome in sent]
    assert {OutcomeKind.ACCEPTED, OutcomeKind.SUPERSEDED, OutcomeKind.CONFLICT, OutcomeKind.REJECTED} <= set(kinds)
    assert kinds[-1] is OutcomeKind.DEFERRED, "what it hangs on is in no batch"


def test_a_rehearsal_leaves_no_trace_in_any_table(office: Office, colleague: Office, database_url: str) -> None:
    queue = mixed_queue(office, colleague)
    told: list[object] = []
    database = office.service.environment.database
    database.watch(told.append)
    database.keep_heads(told.append)
    before = everything(database_url)
    office.send(*queue, dry_run=True)
    assert everything(database_url) == before
    assert told == [], "nobody is told of what never happened"


def test_a_rehearsed_answer_says_that_it_is_one(office: Office, colleague: Office) -> None:
    queue = mixed_queue(office, colleague)
    for dry_run in (True, False):
        answer = office.commands.answer(office.batch(queue, dry_run=dry_run), office.caller)
        assert answer.dry_run is dry_run


def test_what_was_answered_before_is_told_again(office: Office) -> None:
    (application,) = seed_applications(office.service, office.hospital.institution)
    sent = command(application, Return(opinion="请补充"))
    first = office.send_one(sent)
    again = office.send_one(sent, dry_run=True)
    assert (again.kind, again.version) == (first.kind, first.version)


def test_a_command_the_service_cannot_stand_does_not_spoil_the_rehearsal(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = seed_applications(office.service, office.hospital.institution, 3)
    queue = [command(each, Return(opinion="请补充")) for each in made]
    decide = DecisionDesk.decide

    def trips(self: DecisionDesk, transaction: object, sent: object, body: object, application: Application) -> Outcome:
        outcome = decide(self, transaction, sent, body, application)  # type: ignore[arg-type]  # passed through
        if application.id == made[1].id:
            raise ZeroDivisionError
        return outcome

    monkeypatch.setattr(DecisionDesk, "decide", trips)
    with caplog.at_level("CRITICAL"):
        outcomes = office.send(*queue, dry_run=True)
    assert [o.kind for o in outcomes] == [OutcomeKind.ACCEPTED, OutcomeKind.RETRY, OutcomeKind.ACCEPTED]
    assert outcomes[1].code == FaultCode.SERVER_ERROR


def test_a_rehearsal_that_takes_too_long_gives_way(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    (application,) = seed_applications(office.service, office.hospital.institution)
    monkeypatch.setattr(desk, "_LONGEST_REHEARSAL", timedelta(seconds=-1))
    outcome = office.send_one(command(application, Return(opinion="请补充")), dry_run=True)
    assert (outcome.kind, outcome.code) == (OutcomeKind.RETRY, FaultCode.BUSY)


def test_rehearsals_at_once_hold_no_decision_up(office: Office, colleague: Office) -> None:
    """Two offices rehearse the same rows in opposite orders while every row is being decided: all decisions pass."""
    made = seed_applications(office.service, office.hospital.institution, 12)
    queue = [command(each, Refuse(opinion="不符合")) for each in made]
    real = [command(each, Return(opinion="请补充")) for each in made]
    jobs = [lambda r=list(order): office.send(*r, dry_run=True) for order in (queue, queue[::-1]) * 2]  # type: ignore[misc]
    jobs += [lambda r=real[n::3]: colleague.send(*r) for n in range(3)]  # type: ignore[misc] # bound now
    answers = together(jobs)  # type: ignore[arg-type]  # as above
    decided = [outcome for answer in answers[4:] for outcome in answer]  # type: ignore[attr-defined]
    assert [outcome.kind for outcome in decided] == [OutcomeKind.ACCEPTED] * len(made)
    for answer in answers[:4]:
        assert {o.kind for o in answer} <= {OutcomeKind.ACCEPTED, OutcomeKind.CONFLICT}  # type: ignore[attr-defined]
    assert all(len(office.now(each).history) == 1 for each in made)
