"""Writes that wait for the end are seen by their own transaction, sent together, lost with it; one line for a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from sqlalchemy import event, text

from medreg_core.contract.v1.commands import CommandBatch, Return
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.feed import DIGEST_BUCKETS, DigestQuery
from medreg_core.domain.records import Application, CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_server.db.audit import Event
from medreg_server.db.scope import WHOLE_REGISTER
from medreg_server.services.service import Service
from tests.helpers.receipts import Chain
from tests.helpers.server import GivenUp, Hospital, seed_applications
from tests.server.clients import Office, command


@pytest.fixture
def office(register: Service, hospital: Hospital) -> Office:
    return Office(register, hospital)


@pytest.fixture
def application(register: Service, hospital: Hospital) -> Application:
    return seed_applications(register, hospital.institution)[0]


@contextmanager
def statements(service: Service) -> Iterator[list[str]]:
    """Collect what is sent to the database."""
    sent: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    engine = service.environment.database._engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def test_a_transaction_sees_what_it_has_noted(register: Service, application: Application) -> None:
    with register.environment.database.write() as transaction:
        for opinion in ("一", "二", "三"):
            changed = replace(application, opinion=opinion, version=application.version + 1)
            transaction.applications.save(changed)
            assert transaction.applications.get(application.id, WHOLE_REGISTER) == changed
        transaction.applications.save(replace(changed, opinion="四"))
        transaction.applications.save(replace(changed, opinion="五"))
    with register.environment.database.read() as transaction:
        stored = transaction.applications.get(application.id, WHOLE_REGISTER)
    assert stored == replace(changed, opinion="五"), "of two writes to one row the later one stands"


def test_what_was_noted_is_lost_with_its_transaction(register: Service, application: Application) -> None:
    with suppress(GivenUp), register.environment.database.write() as transaction:
        transaction.applications.save(replace(application, opinion="未写", version=2))
        transaction.record(Event("test"))
        raise GivenUp
    with register.environment.database.read() as transaction:
        assert transaction.applications.get(application.id, WHOLE_REGISTER) == application
        assert all(entry.action != "test" for entry in transaction.audit.entries("register"))


def test_a_decision_goes_to_postgresql_in_few_trips(office: Office, application: Application) -> None:
    service = office.service
    sent_command = office.agree(application)
    with statements(service) as sent:
        assert office.send_one(sent_command).kind is OutcomeKind.ACCEPTED
    decision = sent[next(n for n, line in enumerate(sent) if line.startswith("INSERT INTO command")) :]
    decision = decision[: 1 + max(n for n, line in enumerate(decision) if "UPDATE command" in line)]
    if service.environment.settings.database_url.startswith("postgresql"):
        assert len(decision) == 7, "one of them takes the device's turn"
        assert [decision[-1].count(word) for word in ("INSERT INTO", "UPDATE ")] == [3, 3]
    locks = [line for line in decision if "audit_head" in line or "UPDATE feed_head" in line]
    assert "UPDATE feed_head" in locks[1], "the counter is taken after the chain, and after all reading"


def test_a_receipt_adds_no_trip_but_its_own(register: Service, hospital: Hospital, application: Application) -> None:
    """Its counter-signature names the epoch, and asking for that carries nothing out."""
    chain = Chain()
    office = Office(register, hospital, device_key=chain.public)
    agreed = office.agree(application)
    link = chain.link(agreed, office.caller.account.id)
    batch = CommandBatch(device_id=office.device_id, commands=(agreed,), receipts=(link,))
    with statements(register) as sent:
        (outcome,) = office.commands.answer(batch, office.caller).outcomes
    assert outcome.receipt is not None
    first = next(n for n, line in enumerate(sent) if "UPDATE feed_head" in line)
    assert "FROM server_state" in sent[first + 1]
    if register.environment.settings.database_url.startswith("postgresql"):
        assert len(sent[first:]) == 3, "the counter, the epoch, and everything written"


def test_each_request_reads_in_one_view(office: Office, application: Application) -> None:
    """A view for each table would show two moments, and cost a connection each time."""
    engine = office.service.environment.database._engine
    opened: list[object] = []

    def note(*connection: object) -> None:
        opened.append(connection)

    def views(ask: Callable[[], object]) -> int:
        opened.clear()
        ask()
        return len(opened)

    cursor = office.cursor()
    query = DigestQuery(cursor=cursor, count=0, buckets=(0,) * DIGEST_BUCKETS)
    event.listen(engine, "checkout", note)
    assert views(lambda: office.changes(cursor)) == 1
    assert views(lambda: office.feed.compare(query, office.caller)) == 1
    assert views(lambda: office.feed.bucket(0, office.caller)) == 1
    assert views(lambda: office.commands.known([CommandId("none")], office.caller)) == 1
    assert views(lambda: office.send(office.agree(application))) == 2, "one to know the device, one for all commands"
    assert views(office.snapshot) == 4, "one to begin, one for each part of the copy"
    event.remove(engine, "checkout", note)


@pytest.mark.logs("the lost connection")
@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_connection_lost_in_a_batch_costs_one_command(office: Office, register: Service, hospital: Hospital) -> None:
    sent = [command(one, Return(opinion="请补充")) for one in seed_applications(register, hospital.institution, 3)]
    engine = register.environment.database._engine
    cut: list[int] = []

    def cut_second(conn: object, cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO command") and len(cut) < 2:
            cut.append(1)
            if len(cut) == 2:
                with engine.connect() as other:
                    me = cursor.connection.info.backend_pid  # type: ignore[attr-defined] # psycopg's cursor
                    other.execute(text("SELECT pg_terminate_backend(:me)"), {"me": me})

    event.listen(engine, "before_cursor_execute", cut_second)
    outcomes = office.send(*sent)
    event.remove(engine, "before_cursor_execute", cut_second)
    accepted, lost, also = outcomes
    assert (accepted.kind, also.kind) == (OutcomeKind.ACCEPTED, OutcomeKind.ACCEPTED)
    assert (lost.kind, lost.code) == (OutcomeKind.RETRY, FaultCode.BUSY)
    assert [outcome.kind for outcome in office.send(*sent)] == [OutcomeKind.ACCEPTED] * 3
