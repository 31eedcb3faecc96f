"""The local chain of receipts: written with the decision, carried by rescue and journal, completed by the answer."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.commands import Command, Outcome
from medreg_core.contract.v1.messages import PublicKey
from medreg_core.contract.v1.proofs import Proof, flaws_of
from medreg_core.contract.v1.receipts import CHAIN_START, CounterSignature, Link
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.cache import audit, commands, outbox, outbox_moves, receipts, schema, sync_state
from medreg_desktop.services.cache.connection import DatabaseError, connect
from medreg_desktop.services.cache.outbox import Resolution
from medreg_desktop.services.cache.rescue import rescue
from medreg_desktop.services.cache.store import CacheStore
from tests.desktop.cache.office import KEY, NOW, WANG, StillClock, agree, application

SERVICE = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
KID = "k1"


def decide(store: CacheStore, n: int) -> Command:
    made = agree(application(n), f"{n:032d}")
    store.write(lambda conn: commands.save(conn, made, WANG, NOW))
    return made


def receipt_of(store: CacheStore, command: Command) -> receipts.Receipt:
    found = store.write(lambda conn: receipts.find(conn, command.id))
    assert found is not None
    return found


def counter_of(link: Link, key: Ed25519PrivateKey = SERVICE) -> CounterSignature:
    made = CounterSignature(
        kid=KID, receipt=link.digest, outcome=OutcomeKind.ACCEPTED, version=2, seq=9, epoch="e", at=NOW
    )
    return msgspec.structs.replace(made, signature=key.sign(made.message))


def accepted(command: Command, counter: CounterSignature | None) -> Outcome:
    return Outcome(id=command.id, kind=OutcomeKind.ACCEPTED, version=2, seq=9, receipt=counter)


def learn_key(store: CacheStore) -> None:
    keys = (PublicKey(KID, SERVICE.public_key().public_bytes_raw()),)
    store.write(lambda conn: sync_state.write(conn, keys=msgspec.json.encode(keys).decode()))


def test_every_decision_is_signed_and_linked_to_the_one_before(store: CacheStore) -> None:
    links = [receipt_of(store, decide(store, n)).link for n in range(1, 6)]
    assert [link.n for link in links] == [1, 2, 3, 4, 5]
    assert [link.previous for link in links] == [CHAIN_START, *(link.digest for link in links[:-1])]
    assert all(link.is_signed and link.actor == WANG and link.saved_at == NOW for link in links)
    assert store.write(receipts.first_broken) is None


def test_no_decision_without_its_receipt_and_no_receipt_without_its_decision(store: CacheStore) -> None:
    made = agree(application(1), "c1")

    def half(conn) -> None:  # type: ignore[no-untyped-def]
        commands.save(conn, made, WANG, NOW)
        raise KeyError("stopped before the commit")

    with pytest.raises(KeyError):
        store.write(half)
    assert store.write(lambda conn: (outbox.find(conn, made.id), receipts.find(conn, made.id))) == (None, None)


@pytest.mark.parametrize("statement", ["UPDATE receipt SET saved_at = ''", "DELETE FROM receipt"])
def test_a_receipt_never_changes_and_is_never_deleted(store: CacheStore, statement: str) -> None:
    decide(store, 1)
    with pytest.raises(DatabaseError):
        store.write(lambda conn: conn.execute(statement))


def test_the_services_word_is_kept_with_the_answer_and_proves_the_decision(store: CacheStore) -> None:
    learn_key(store)
    sent = decide(store, 1)
    counter = counter_of(receipt_of(store, sent).link)
    store.write(lambda conn: commands.settle(conn, accepted(sent, counter), NOW))
    kept = receipt_of(store, sent)
    proof = Proof(command=sent, link=kept.link, counter=kept.counter)
    assert flaws_of(proof, {KID: SERVICE.public_key().public_bytes_raw()}) == ()
    assert "receipt_not_proven" not in {line.action for line in store.write(lambda conn: audit.lines(conn, 9))}


@pytest.mark.parametrize("wrong", ["key", "link"])
def test_a_word_that_is_not_the_services_is_noted_and_the_answer_stands(store: CacheStore, wrong: str) -> None:
    learn_key(store)
    sent, other = decide(store, 1), decide(store, 2)
    link = receipt_of(store, sent if wrong == "key" else other).link
    counter = counter_of(link, Ed25519PrivateKey.generate() if wrong == "key" else SERVICE)
    row = store.write(lambda conn: commands.settle(conn, accepted(sent, counter), NOW))
    assert row.outcome is not None
    assert row.outcome.kind is OutcomeKind.ACCEPTED
    assert "receipt_not_proven" in {line.action for line in store.write(lambda conn: audit.lines(conn, 9))}


def test_what_was_called_back_travels_beside_the_next(store: CacheStore) -> None:
    first, back, back_too, last = (decide(store, n) for n in range(1, 5))
    store.write(lambda conn: outbox_moves.set_in_flight(conn, [first.id]))
    for gone in (back, back_too):
        store.write(lambda conn, c=gone: commands.close(conn, c.id, Resolution.CANCELLED, NOW))  # type: ignore[misc]
    links = store.write(lambda conn: receipts.links_for(conn, [last.id]))
    assert [link.command_id for link in links] == [back.id, back_too.id, last.id]


def test_a_rebuilt_cache_goes_on_with_the_same_chain(store: CacheStore, path: Path) -> None:
    before = [receipt_of(store, decide(store, n)).link for n in range(1, 4)]
    store.close()
    path.write_bytes(b"\0" * path.stat().st_size)
    rescue(path, KEY, StillClock())
    again = CacheStore.open(path, KEY, StillClock())
    try:
        link = receipt_of(again, decide(again, 4)).link
        assert (link.n, link.previous, link.device_key) == (4, before[-1].digest, before[-1].device_key)
        assert again.write(receipts.first_broken) is None
    finally:
        again.close()


def test_a_cache_of_the_version_before_keeps_its_commands_and_begins_its_chain(store: CacheStore, path: Path) -> None:
    old = decide(store, 1)
    store.close()
    conn = connect(path, KEY)
    for statement in (
        "DROP TRIGGER receipt_is_kept",
        "DROP TABLE receipt",
        "DROP TABLE handover",
        "DROP TABLE outage",
        "DROP TABLE activation_code",
        "ALTER TABLE lease DROP COLUMN expires_at",
        "ALTER TABLE lease DROP COLUMN proof",
        "ALTER TABLE print_record DROP COLUMN perhaps",
        f"PRAGMA user_version = {schema.MAJOR * 1000 + 1}",
    ):
        conn.execute(statement)
    conn.close()
    shutil.copy(path, path.with_suffix(".old"))
    migrated = CacheStore.open(path, KEY, StillClock())
    try:
        assert migrated.write(lambda conn: receipts.links_for(conn, [old.id])) == ()
        assert migrated.write(lambda conn: outbox.row_of(conn, old.id)).command == old
        assert receipt_of(migrated, decide(migrated, 2)).link.n == 1
    finally:
        migrated.close()
