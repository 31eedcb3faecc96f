"""The audit chain: every alteration of the past is found (``ecosystem.md`` §3.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec
import pytest
from sqlalchemy import text

from medreg_core.contract.v1.commands import Return
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_server.db.audit import REGISTER, Event, Head
from medreg_server.db.engine import begun, open_engine
from medreg_server.services.audit_heads import AuditHeads, Flaw, Restored, Verification, verify_audit
from medreg_server.services.service import Service
from tests.helpers.server import GivenUp, Hospital, seed_applications, seed_hospital
from tests.server.clients import Office, command


def verified(service: Service) -> Verification:
    return verify_audit(service.environment.database, service.audit_heads)


def tamper(url: str, *statements: str) -> None:
    """Change the database as somebody with the database's password would."""
    engine = open_engine(url)
    with engine.connect() as connection, begun(connection, writes=True):
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def busy(register: Service, hospital: Hospital) -> Service:
    """A register with a day's work in the hospital's chain."""
    office = Office(register, hospital)
    for application in seed_applications(register, hospital.institution, 4):
        office.send_one(command(application, Return(opinion="补充")))
    return register


def test_an_honest_register_verifies(busy: Service) -> None:
    result = verified(busy)
    assert result.flaws == ()
    assert (result.chains, result.rows > 8) == (2, True)


def test_a_register_at_work_is_not_accused_of_what_it_does_meanwhile(
    busy: Service, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head of a row committed while the check begins stands outside before the check sees the row."""
    kept, database = AuditHeads.kept, busy.environment.database

    def at_work(heads: AuditHeads) -> Iterator[Head | Restored]:
        with database.write() as transaction:
            transaction.record(Event("feed.prune", chain=hospital.institution.id))
        heads._last.clear()
        for head in transaction.audit_heads:
            heads.keep(head)
        return kept(heads)

    monkeypatch.setattr(AuditHeads, "kept", at_work)
    assert verified(busy).flaws == ()


_SHIFTED = "chain, seq + 1000, at, actor, role, action, subject, detail, hash"
_ALTERED: list[tuple[str, Callable[[str], list[str]]]] = [
    ("edit", lambda c: [f"UPDATE audit SET actor = 'x' WHERE chain = '{c}' AND seq = 3"]),
    ("edit detail", lambda c: [f"UPDATE audit SET detail = '{{}}' WHERE chain = '{c}' AND seq = 7"]),
    ("edit time", lambda c: [f"UPDATE audit SET at = '2020-01-01T00:00:00+00:00' WHERE chain = '{c}' AND seq = 2"]),
    ("delete", lambda c: [f"DELETE FROM audit WHERE chain = '{c}' AND seq = 4"]),
    ("delete the last", lambda c: [f"DELETE FROM audit WHERE chain = '{c}' AND seq > 8"]),
    ("delete all", lambda c: [f"DELETE FROM audit WHERE chain = '{c}'"]),
    (
        "swap",
        lambda c: [
            f"UPDATE audit SET seq = -1 WHERE chain = '{c}' AND seq = 3",
            f"UPDATE audit SET seq = 3 WHERE chain = '{c}' AND seq = 4",
            f"UPDATE audit SET seq = 4 WHERE chain = '{c}' AND seq = -1",
        ],
    ),
    (
        "insert",
        lambda c: [f"INSERT INTO audit SELECT {_SHIFTED} FROM audit WHERE chain = '{c}' AND seq = 2"],
    ),
    (
        "move to another chain",
        lambda c: [f"UPDATE audit SET chain = 'register', seq = 99 WHERE chain = '{c}' AND seq = 9"],
    ),
    ("forge the head", lambda c: [f"UPDATE audit_head SET hash = '{'0' * 64}' WHERE chain = '{c}'"]),
]


@pytest.mark.parametrize(("name", "alter"), _ALTERED, ids=[name for name, _ in _ALTERED])
def test_every_alteration_is_found(
    busy: Service, hospital: Hospital, database_url: str, name: str, alter: Callable[[str], list[str]]
) -> None:
    tamper(database_url, *alter(hospital.institution.id))
    flaws = verified(busy).flaws
    assert flaws
    assert hospital.institution.id in {flaw.chain for flaw in flaws}


def test_rolling_back_to_an_older_signed_head_shows_against_the_heads_outside(
    register: Service, hospital: Hospital, database_url: str
) -> None:
    """The insider keeps an old, honestly signed head and cuts the chain back to it: inside the database all is well."""
    with register.environment.database.read() as transaction:
        (old,) = [head for head in transaction.audit.heads() if head.chain == hospital.institution.id]
    with register.environment.database.write() as transaction:
        for _ in range(1_000):
            transaction.record(Event("test", chain=hospital.institution.id))
    assert verified(register).flaws == ()
    signature = old.signature.hex()
    blob = f"X'{signature}'" if database_url.startswith("sqlite") else f"decode('{signature}', 'hex')"
    tamper(
        database_url,
        f"DELETE FROM audit WHERE chain = '{old.chain}' AND seq > {old.seq}",
        f"UPDATE audit_head SET seq = {old.seq}, hash = '{old.hash}', signature = {blob} WHERE chain = '{old.chain}'",
    )
    assert {flaw.reason for flaw in verified(register).flaws} == {"cut"}
    inside = verify_audit(register.environment.database, AuditHeads(register.audit_heads._path.with_name("none")))
    assert inside.flaws == (), "without the heads outside nobody could tell"


def test_rewriting_the_whole_chain_needs_the_key(busy: Service, hospital: Hospital, database_url: str) -> None:
    """Recompute every hash after an edit, as an insider without the signing key would."""
    chain = hospital.institution.id
    tamper(database_url, f"UPDATE audit SET actor = 'x' WHERE chain = '{chain}' AND seq = 3")
    digest = "0" * 64
    statements = []
    with busy.environment.database.read() as transaction:
        for entry in transaction.audit.entries(chain):
            digest = entry.chained(digest, chain)
            statements.append(f"UPDATE audit SET hash = '{digest}' WHERE chain = '{chain}' AND seq = {entry.seq}")
    statements.append(f"UPDATE audit_head SET hash = '{digest}' WHERE chain = '{chain}'")
    tamper(database_url, *statements)
    assert "signature" in {flaw.reason for flaw in verified(busy).flaws}


def test_a_rolled_back_transaction_leaves_no_row(register: Service) -> None:
    def heads() -> int:
        with register.environment.database.read() as transaction:
            return sum(head.seq for head in transaction.audit.heads())

    before = heads()
    with suppress(GivenUp), register.environment.database.write() as transaction:
        transaction.record(Event("test", chain=REGISTER))
        transaction.seal()
        raise GivenUp
    assert heads() == before


def test_the_audit_holds_ids_and_no_personal_data(busy: Service, hospital: Hospital) -> None:
    with busy.environment.database.read() as transaction:
        applications = transaction.applications.page(Office(busy, hospital).caller.scope, (), "", 100)
        rows = str(list(transaction.audit.entries(hospital.institution.id)))
    for application in applications:
        person = application.person
        assert person.id_number not in rows
        assert person.name not in rows
        assert person.phone not in rows
        assert application.id in rows
    assert "补充" not in rows, "what the applicant reads stays in the application"


def test_a_head_torn_by_a_power_cut_hides_no_other(busy: Service) -> None:
    path = busy.audit_heads._path
    path.write_bytes(path.read_bytes()[:-20])
    again = AuditHeads(path)
    with busy.environment.database.read() as transaction:
        heads = transaction.audit.heads()
    for head in heads:
        again.keep(head)
    assert [head.chain for head in again.kept() if isinstance(head, Head)][-len(heads) :] == [
        head.chain for head in heads
    ]
    assert verify_audit(busy.environment.database, again).flaws == ()


@pytest.mark.logs("a head that could not be kept is an alarm")
def test_a_head_that_cannot_be_kept_undoes_nothing_and_is_kept_later(register: Service) -> None:
    """What is committed is done: told otherwise, an officer would make his decision twice."""
    path = register.audit_heads._path
    path.unlink()
    path.mkdir()  # as a full disk does, it refuses the file
    hospital = seed_hospital(register)
    office, (first, second) = Office(register, hospital), seed_applications(register, hospital.institution, 2)
    assert office.send_one(command(first, Return(opinion="补充"))).kind is OutcomeKind.ACCEPTED
    path.rmdir()
    office.send_one(command(second, Return(opinion="补充")))
    (kept,) = register.audit_heads.kept()
    assert isinstance(kept, Head)
    assert kept.chain == hospital.institution.id
    assert verified(register).flaws == ()


def test_nobody_without_the_key_can_call_his_cut_a_restore(
    busy: Service, hospital: Hospital, database_url: str
) -> None:
    chain = hospital.institution.id
    with busy.environment.database.read() as transaction:
        kid = next(iter(transaction.server_state.public_keys()))
    forged = Restored(epoch="e", at=busy.environment.now(), ends={REGISTER: 1}, kid=kid)
    with busy.audit_heads._path.open("ab") as file:
        file.write(msgspec.json.encode(forged) + b"\n")
    tamper(database_url, *(f"DELETE FROM {table} WHERE chain = '{chain}'" for table in ("audit", "audit_head")))
    assert Flaw(REGISTER, 1, "signature") in (flaws := verified(busy).flaws)
    assert (chain, "cut") in {(flaw.chain, flaw.reason) for flaw in flaws}
