"""Receipts at the service: counter-signed with the answer, checked, and never in the way of a decision."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, text, update

from medreg_core.contract.v1.commands import Command, CommandBatch, Outcome, Refuse, Return
from medreg_core.contract.v1.proofs import Proof, flaws_of
from medreg_core.contract.v1.receipts import Link
from medreg_core.domain.records import Application
from medreg_core.domain.vocabulary import OutcomeKind, Role
from medreg_server.db.receipts import Standing
from medreg_server.db.tables import audit, receipt
from medreg_server.services.service import Service
from tests.helpers.receipts import Chain, undated
from tests.helpers.server import Hospital, seed_applications
from tests.server.clients import Office, command

RETURN = Return(opinion="请补充资料")


@pytest.fixture
def chain() -> Chain:
    return Chain()


@pytest.fixture
def office(register: Service, hospital: Hospital, chain: Chain) -> Office:
    return Office(register, hospital, device_key=chain.public)


@pytest.fixture
def applications(register: Service, hospital: Hospital) -> list[Application]:
    return seed_applications(register, hospital.institution, 6)


def send(office: Office, commands: Sequence[Command], links: Sequence[Link]) -> tuple[Outcome, ...]:
    batch = CommandBatch(device_id=office.device_id, commands=tuple(commands), receipts=tuple(links))
    return office.commands.answer(batch, office.caller).outcomes


def keys(service: Service) -> dict[str, bytes]:
    own = service.environment.keys
    return {own.kid: own.public_key}


def alarms(service: Service) -> list[tuple[str, dict[str, str]]]:
    with service.environment.database.read() as transaction:
        rows = transaction.receipts._connection.execute(
            select(audit.c.action, audit.c.detail).where(audit.c.action.like("receipt.%")).order_by(audit.c.seq)
        ).all()
    return [(row.action, msgspec.json.decode(row.detail, type=dict[str, str])) for row in rows]


def test_the_answer_comes_with_a_signature_that_proves_it(
    office: Office, chain: Chain, applications: list[Application]
) -> None:
    sent = office.agree(applications[0])
    link = chain.link(sent, office.caller.account.id)
    (outcome,) = send(office, [sent], [link])
    counter = outcome.receipt
    assert counter is not None
    assert (counter.outcome, counter.version, counter.seq) == (OutcomeKind.ACCEPTED, outcome.version, outcome.seq)
    assert counter.epoch == office.service.environment.identity().epoch
    assert flaws_of(Proof(command=sent, link=link, counter=counter), keys(office.service)) == ()
    assert alarms(office.service) == []


def test_asked_again_it_is_the_same_bytes(office: Office, chain: Chain, applications: list[Application]) -> None:
    sent = command(applications[0], RETURN)
    link = chain.link(sent, office.caller.account.id)
    first, again = send(office, [sent], [link]), send(office, [sent], [link])
    assert msgspec.json.encode(first) == msgspec.json.encode(again)
    assert msgspec.json.encode(send(office, [sent], [])) == msgspec.json.encode(first)
    assert office.commands.known([sent.id], office.caller).outcomes == first


def test_a_refused_decision_is_signed_as_refused(office: Office, chain: Chain, applications: list[Application]) -> None:
    sent = command(applications[0], Refuse(opinion=""))
    (outcome,) = send(office, [sent], [chain.link(sent, office.caller.account.id)])
    assert outcome.kind is OutcomeKind.REJECTED
    assert outcome.receipt is not None
    assert outcome.receipt.outcome is OutcomeKind.REJECTED


def test_without_a_receipt_a_command_is_answered_as_before(office: Office, applications: list[Application]) -> None:
    assert office.send_one(command(applications[0], RETURN)).receipt is None


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "actor": ({"actor": "somebody"}, "other_actor"),
    "body": ({"body_hash": "1" * 64}, "other_body"),
    "version": ({"base_version": 9}, "other_command"),
    "device": ({"device_key": Chain().public}, "other_device"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_receipt_that_is_not_this_commands_is_an_alarm_and_stops_nothing(
    office: Office, chain: Chain, applications: list[Application], what: str
) -> None:
    changes, flaw = WRONG[what]
    sent = command(applications[0], RETURN)
    wrong = msgspec.structs.replace(chain.link(sent, office.caller.account.id), **changes).signed_by(chain.key)
    (outcome,) = send(office, [sent], [wrong])
    assert (outcome.kind, outcome.receipt) == (OutcomeKind.ACCEPTED, None)
    assert [(action, detail["flaw"]) for action, detail in alarms(office.service)] == [("receipt.invalid", flaw)]


def test_a_forged_signature_is_an_alarm_and_stops_nothing(
    office: Office, chain: Chain, applications: list[Application]
) -> None:
    sent = command(applications[0], RETURN)
    forged = msgspec.structs.replace(chain.link(sent, office.caller.account.id), signature=b"\0" * 64)
    (outcome,) = send(office, [sent], [forged])
    assert (outcome.kind, outcome.receipt) == (OutcomeKind.ACCEPTED, None)
    assert alarms(office.service)[0][1]["flaw"] == "signature"


def test_a_digest_with_a_line_end_is_unreadable(chain: Chain, applications: list[Application]) -> None:
    """PostgreSQL has no room for it; the decision it came with would be tried for ever."""
    link = chain.link(command(applications[0], RETURN), "somebody")
    odd = msgspec.json.encode(msgspec.structs.replace(link, previous=f"{'a' * 64}\n"))
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(odd, type=Link)


def test_a_receipt_at_no_date_is_an_alarm_and_stops_nothing(
    office: Office, chain: Chain, applications: list[Application]
) -> None:
    actor = office.caller.account.id
    sent = [command(each, RETURN) for each in applications[:3]]
    own, beside, good = (chain.link(each, actor) for each in sent)
    first, last = send(office, [sent[0], sent[2]], [undated(chain, own), undated(chain, beside), good])
    assert (first.kind, first.receipt) == (OutcomeKind.ACCEPTED, None)
    assert (last.kind, last.receipt is None) == (OutcomeKind.ACCEPTED, False)
    assert [(action, detail.get("flaw")) for action, detail in alarms(office.service)] == [
        ("receipt.invalid", "signature"),
        ("receipt.gap", None),
    ]


def test_a_disk_put_back_or_copied_forks_the_chain_and_is_told_once(
    office: Office, chain: Chain, applications: list[Application]
) -> None:
    actor = office.caller.account.id
    first, mine, other, next_one = (command(each, RETURN) for each in applications[:4])
    send(office, [first], [chain.link(first, actor)])
    image = chain.copy()
    send(office, [mine], [chain.link(mine, actor)])
    (outcome,) = send(office, [other], [image.link(other, actor)])
    assert (outcome.kind, outcome.receipt is None) == (OutcomeKind.ACCEPTED, False)
    send(office, [next_one], [image.link(next_one, actor)])
    assert [(action, detail["n"]) for action, detail in alarms(office.service)] == [("receipt.fork", "2")]


def test_a_fork_that_an_older_service_did_not_see_is_told_with_the_next_link(
    office: Office, chain: Chain, applications: list[Application]
) -> None:
    """It did not let the links of one device wait for each other, so both could be called chained."""
    actor = office.caller.account.id
    first, mine, other, next_one = (command(each, RETURN) for each in applications[:4])
    send(office, [first], [chain.link(first, actor)])
    image = chain.copy()
    send(office, [mine], [chain.link(mine, actor)])
    send(office, [other], [image.link(other, actor)])
    with office.service.environment.database.write() as transaction:
        connection = transaction.receipts._connection
        connection.execute(update(receipt).values(standing=Standing.CHAINED.value))
    before = alarms(office.service)
    send(office, [next_one], [image.link(next_one, actor)])
    assert [(action, detail["n"]) for action, detail in alarms(office.service)[len(before) :]] == [
        ("receipt.fork", "3")
    ]


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_two_links_of_one_place_in_two_transactions_at_once_are_a_fork(
    register: Service, office: Office, chain: Chain, applications: list[Application]
) -> None:
    """The second looks for the first's link while that is stored and not committed."""
    actor = office.caller.account.id
    first, mine, other = (command(each, RETURN) for each in applications[:3])
    send(office, [first], [chain.link(first, actor)])
    image = chain.copy()
    link, forked = chain.link(mine, actor), image.link(other, actor)
    with ThreadPoolExecutor(1) as pool:
        with register.environment.database.write() as transaction:
            transaction.take_turn(office.device_id)
            transaction.receipts.add(link, office.device_id, office.caller.institution_id, link.saved_at)
            sending = pool.submit(send, office, [other], [forked])
            while not (sending.done() or waiting(register)):
                pass
        sending.result()
    assert [(action, detail["n"]) for action, detail in alarms(register)] == [("receipt.fork", "2")]


def waiting(service: Service) -> int:
    """Return how many transactions of PostgreSQL wait for another's lock."""
    with service.environment.database.read() as transaction:
        locks = text("select count(*) from pg_locks where not granted")
        return int(transaction.receipts._connection.execute(locks).scalar_one())


def test_what_arrives_before_its_predecessor_is_a_gap(
    office: Office, chain: Chain, applications: list[Application]
) -> None:
    actor = office.caller.account.id
    sent = [command(each, RETURN) for each in applications[:3]]
    links = [chain.link(each, actor) for each in sent]
    send(office, sent[2:], links[2:])
    assert [(action, detail["n"]) for action, detail in alarms(office.service)] == [("receipt.gap", "3")]
    send(office, sent[:2], links[:2])
    assert len(alarms(office.service)) == 1


def test_a_decision_called_back_leaves_no_gap_when_its_link_comes_along(
    office: Office, chain: Chain, applications: list[Application]
) -> None:
    actor = office.caller.account.id
    sent = [command(each, RETURN) for each in applications[:3]]
    links = [chain.link(each, actor) for each in sent]
    outcomes = send(office, [sent[0], sent[2]], links)
    assert [outcome.id for outcome in outcomes] == [sent[0].id, sent[2].id]
    send(office, [sent[2]], links)  # the same links again
    assert alarms(office.service) == []


def test_a_rehearsal_signs_and_keeps_nothing(office: Office, chain: Chain, applications: list[Application]) -> None:
    sent = command(applications[0], RETURN)
    link = chain.link(sent, office.caller.account.id)
    batch = CommandBatch(device_id=office.device_id, commands=(sent,), receipts=(link,), dry_run=True)
    (outcome,) = office.commands.answer(batch, office.caller).outcomes
    assert (outcome.kind, outcome.receipt) == (OutcomeKind.ACCEPTED, None)
    assert send(office, [sent], [link])[0].receipt is not None


def test_a_colleague_on_the_same_pc_is_of_the_same_chain(
    register: Service, hospital: Hospital, office: Office, chain: Chain, applications: list[Application]
) -> None:
    colleague = Office(register, hospital, Role.SUPERVISOR, device_id=office.device_id, device_key=chain.public)
    mine, theirs = (command(each, RETURN) for each in applications[:2])
    first, second = chain.link(mine, office.caller.account.id), chain.link(theirs, colleague.caller.account.id)
    send(colleague, [theirs], [second])
    send(office, [mine], [first])
    assert [action for action, _ in alarms(register)] == ["receipt.gap"]
