"""The audit chain: every alteration of the past is found (``ecosystem.md`` §3.5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from medreg_core.contract.v1.commands import Return
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_server import app
from medreg_server.db.audit import REGISTER, START, Event, Head, head_message
from medreg_server.db.engine import begun, open_engine
from medreg_server.services.audit_heads import AuditHeads, Flaw, Restored, Verification, verify_audit
from medreg_server.services.keys import key_id
from medreg_server.services.service import Service
from tests.helpers.server import GivenUp, Hospital, open_register, seed_applications, seed_hospital
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


def cut_back(url: str, head: Head) -> None:
    """Cut a chain back to an older head that was honestly signed: inside the database all is well then."""
    signature = head.signature.hex()
    blob = f"X'{signature}'" if url.startswith("sqlite") else f"decode('{signature}', 'hex')"
    tamper(
        url,
        f"DELETE FROM audit WHERE chain = '{head.chain}' AND seq > {head.seq}",
        f"UPDATE audit_head SET seq = {head.seq}, hash = '{head.hash}' WHERE chain = '{head.chain}'",
        f"UPDATE audit_head SET signature = {blob} WHERE chain = '{head.chain}'",
    )


def head_of(service: Service, chain: str) -> Head:
    with service.environment.database.read() as transaction:
        (found,) = [head for head in transaction.audit.heads() if head.chain == chain]
    return found


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
    old = head_of(register, hospital.institution.id)
    with register.environment.database.write() as transaction:
        for _ in range(1_000):
            transaction.record(Event("test", chain=hospital.institution.id))
    assert verified(register).flaws == ()
    cut_back(database_url, old)
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


@pytest.mark.parametrize("ended", [True, False])
def test_the_last_rows_of_a_chain_that_rests_cannot_be_cut(database_url: str, tmp_path: Path, *, ended: bool) -> None:
    """A timer keeps their head outside, and so does the end of the service; no later row needs to come."""
    with open_register(database_url, tmp_path) as service:
        hospital = seed_hospital(service)
        old = head_of(service, hospital.institution.id)
        office = Office(service, hospital)
        for application in seed_applications(service, hospital.institution, 3):
            office.send_one(command(application, Return(opinion="补充")))
        if not ended:
            service.audit_heads.keep_last()
            cut_back(database_url, old)
            assert {flaw.reason for flaw in verified(service).flaws} == {"cut"}
            return
    with open_register(database_url, tmp_path) as again:
        assert verified(again).flaws == ()
        cut_back(database_url, old)
        assert {flaw.reason for flaw in verified(again).flaws} == {"cut"}


def test_a_timer_keeps_the_last_heads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(app, "_HEADS_EVERY_S", 0)

    async def twice() -> None:
        loop, kept = asyncio.get_running_loop(), asyncio.Semaphore(0)
        heads = AuditHeads(tmp_path / "heads")
        monkeypatch.setattr(heads, "keep_last", lambda: loop.call_soon_threadsafe(kept.release))
        task = loop.create_task(app._keep_heads(heads))
        for _ in range(2):
            await kept.acquire()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(twice())


def test_a_chain_signed_anew_by_a_key_put_into_the_database_is_found(
    busy: Service, hospital: Hospital, database_url: str
) -> None:
    """Whoever can write to the database can call any key the service's there."""
    chain, key = hospital.institution.id, Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    with busy.environment.database.write() as transaction:
        transaction.server_state.publish_key(key_id(public), public, busy.environment.now())
    tamper(database_url, f"UPDATE audit SET actor = 'x' WHERE chain = '{chain}' AND seq > 1")
    digest, values = START, []
    with busy.environment.database.read() as transaction:
        for entry in transaction.audit.entries(chain):
            digest = entry.chained(digest, chain)
            values.append(f"UPDATE audit SET hash = '{digest}' WHERE chain = '{chain}' AND seq = {entry.seq}")
    signature = key.sign(head_message(chain, entry.seq, digest)).hex()
    blob = f"X'{signature}'" if database_url.startswith("sqlite") else f"decode('{signature}', 'hex')"
    signed = f"hash = '{digest}', kid = '{key_id(public)}', signature = {blob}"
    tamper(database_url, *values, f"UPDATE audit_head SET {signed} WHERE chain = '{chain}'")
    assert Flaw(chain, entry.seq, "signature") in verified(busy).flaws


def test_what_earlier_keys_have_signed_still_holds(database_url: str, tmp_path: Path) -> None:
    with open_register(database_url, tmp_path) as service:
        seed_hospital(service)
    (tmp_path / "keys" / "signing.key").unlink()  # lost; the service makes itself another
    with open_register(database_url, tmp_path) as service:
        assert verified(service).flaws == ()
        seed_hospital(service)
    (tmp_path / "keys" / "public-keys.ndjson").unlink()  # as a version before leaves it
    with open_register(database_url, tmp_path) as service:
        assert verified(service).flaws == ()
        assert len(service.audit_heads.keys()) == 2


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
