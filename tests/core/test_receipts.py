"""Receipts: what a device signs, what a service signs beside it, and that every change of either is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.commands import Command, Return
from medreg_core.contract.v1.proofs import Proof, ProofFlaw, ProofUnreadable, embedded, flaws_of, read_proof
from medreg_core.contract.v1.receipts import (
    CHAIN_START,
    LINK_BYTES,
    CounterSignature,
    Link,
    LinkFlaw,
    command_digest,
    first_break,
    flaw_of,
)
from medreg_core.domain.records import AccountId, ApplicationId, CommandId, Material
from medreg_core.domain.vocabulary import OutcomeKind

DEVICE = Ed25519PrivateKey.from_private_bytes(b"d" * 32)
SERVICE = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
KEYS = {"k1": SERVICE.public_key().public_bytes_raw()}
CHINA, WEST = timezone(timedelta(hours=8)), timezone(timedelta(hours=-8))
UNDATED = [
    datetime(1, 1, 1, tzinfo=CHINA),
    datetime(9999, 12, 31, 23, tzinfo=WEST),
    datetime(9999, 12, 31, 23, tzinfo=UTC),
]
AT = datetime(2026, 11, 23, 2, 42, 7, 5, tzinfo=UTC)


def command(**changes: Any) -> Command:
    made = Command(
        id=CommandId("0" * 31 + "1"),
        application_id=ApplicationId("a1"),
        base_version=3,
        made_at=AT,
        body=Return(opinion="请补充材料", materials=(Material("id_copy", pages=1),)),
    )
    return msgspec.structs.replace(made, **changes)


def link(sent: Command, n: int = 1, previous: str = CHAIN_START, **changes: Any) -> Link:
    made = Link(
        device_key=DEVICE.public_key().public_bytes_raw(),
        n=n,
        previous=previous,
        command_id=sent.id,
        body_hash=command_digest(sent),
        base_version=sent.base_version,
        actor=AccountId("wang"),
        saved_at=AT,
    )
    return msgspec.structs.replace(made, **changes).signed_by(DEVICE)


def counter(of: Link, **changes: Any) -> CounterSignature:
    made = CounterSignature(
        kid="k1", receipt=of.digest, outcome=OutcomeKind.ACCEPTED, version=4, seq=17, epoch="e1", at=AT
    )
    made = msgspec.structs.replace(made, **changes)
    return msgspec.structs.replace(made, signature=SERVICE.sign(made.message))


def proof() -> Proof:
    sent = command()
    own = link(sent)
    return Proof(command=sent, link=own, counter=counter(own))


def test_a_whole_proof_has_no_flaw_after_any_journey() -> None:
    assert flaws_of(proof(), KEYS) == ()
    assert flaws_of(read_proof(msgspec.json.encode(proof())), KEYS) == ()
    in_a_pdf = b"%PDF-1.4\n<< /Keywords (" + embedded(proof()).encode() + b") >>\n%%EOF"
    assert flaws_of(read_proof(in_a_pdf), KEYS) == ()


CHANGED = {
    "body": (lambda p: _with(p, command=command(body=Return(opinion="别的理由"))), ProofFlaw.OTHER_BODY),
    "command": (lambda p: _with(p, command=command(id=CommandId("x"))), ProofFlaw.OTHER_COMMAND),
    "version": (lambda p: _with(p, command=command(base_version=4)), ProofFlaw.OTHER_COMMAND),
    "moment": (lambda p: _link(p, saved_at=AT - timedelta(hours=5)), ProofFlaw.SIGNATURE),
    "person": (lambda p: _link(p, actor=AccountId("li")), ProofFlaw.SIGNATURE),
    "place": (lambda p: _link(p, n=2), ProofFlaw.SIGNATURE),
    "before": (lambda p: _link(p, previous="1" * 64), ProofFlaw.SIGNATURE),
    "outcome": (lambda p: _counter(p, outcome=OutcomeKind.REJECTED), ProofFlaw.COUNTER_SIGNATURE),
    "answered": (lambda p: _counter(p, at=AT + timedelta(days=1)), ProofFlaw.COUNTER_SIGNATURE),
    "seq": (lambda p: _counter(p, seq=18), ProofFlaw.COUNTER_SIGNATURE),
    "epoch": (lambda p: _counter(p, epoch="e2"), ProofFlaw.COUNTER_SIGNATURE),
    "key": (lambda p: _counter(p, kid="k9"), ProofFlaw.COUNTER_KEY_UNKNOWN),
    "none": (lambda p: _with(p, counter=None), ProofFlaw.NOT_COUNTERSIGNED),
    "another": (lambda p: _with(p, counter=counter(link(command(), n=2))), ProofFlaw.COUNTER_OF_ANOTHER),
}


def _with(whole: Proof, **changes: Any) -> Proof:
    return msgspec.structs.replace(whole, **changes)


def _link(whole: Proof, **changes: Any) -> Proof:
    return _with(whole, link=msgspec.structs.replace(whole.link, **changes))


def _counter(whole: Proof, **changes: Any) -> Proof:
    assert whole.counter is not None
    return _with(whole, counter=msgspec.structs.replace(whole.counter, **changes))


@pytest.mark.parametrize("what", CHANGED)
def test_every_change_is_named(what: str) -> None:
    change, flaw = CHANGED[what]
    assert flaw in flaws_of(change(proof()), KEYS)


def test_a_key_of_the_same_name_that_is_not_the_services_proves_nothing() -> None:
    assert flaws_of(proof(), {"k1": DEVICE.public_key().public_bytes_raw()}) == (ProofFlaw.COUNTER_SIGNATURE,)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "nothing_found"),
        (b"%PDF-1.4 nothing here", "nothing_found"),
        (b"{}", "damaged"),
        (b"{not json", "damaged"),
        (b'{"command":{"id":"\xff"}}', "damaged"),
        (b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "damaged"),
        (b"medreg-proof:AAAAAAAAAAAAAAAAA:end", "damaged"),
        (msgspec.json.encode(proof())[:-9], "damaged"),
        (b"{" + b" " * (4 << 20), "too_large"),
    ],
)
def test_what_is_no_proof_is_said_to_be_none(content: bytes, reason: str) -> None:
    with pytest.raises(ProofUnreadable) as refused:
        read_proof(content)
    assert refused.value.reason == reason


def test_a_field_that_a_later_protocol_adds_at_its_default_changes_no_digest() -> None:
    class Later(Command, frozen=True, kw_only=True):
        colour: str = ""

    now = command()
    fields = {name: getattr(now, name) for name in Command.__struct_fields__}
    assert command_digest(Later(**fields)) == command_digest(now)
    assert command_digest(Later(**fields, colour="red")) != command_digest(now)


def test_digests_never_change_between_versions_of_the_program() -> None:
    # A proof on paper is verified years later.
    assert command_digest(command())[:16] == "fb2725b49fcddd26"
    assert link(command()).digest[:16] == "796d26637fbc95a9"


@pytest.mark.parametrize("at", UNDATED)
def test_a_moment_that_has_no_date_in_some_zone_is_signed_by_nobody_and_stops_nothing(at: datetime) -> None:
    sent = command(made_at=at)
    own = link(sent, saved_at=at)
    assert not own.is_signed
    assert flaw_of(own, sent, actor=own.actor, device_key=own.device_key) is LinkFlaw.SIGNATURE
    assert not counter(link(sent), at=at).is_signed_by(KEYS["k1"])
    assert flaw_of(link(sent), sent, actor=own.actor, device_key=own.device_key) is None
    assert command_digest(sent) != command_digest(command())


def test_neighbours_follow_from_each_other() -> None:
    first = link(command())
    second = link(command(), n=2, previous=first.digest)
    third = link(command(), n=3, previous=second.digest)
    assert first_break([first, second, third]) is None
    assert first_break([first, third]) == 1
    assert first_break([second, first]) == 1


def test_a_link_fits_the_room_that_a_batch_keeps_for_it() -> None:
    longest = link(command(), n=(1 << 53) - 1, previous="f" * 64, actor=AccountId("0" * 32))
    assert len(msgspec.json.encode(longest)) < LINK_BYTES


@pytest.mark.parametrize("field", ["previous", "body_hash"])
def test_what_is_no_digest_is_refused_at_the_border(field: str) -> None:
    text = msgspec.json.encode(link(command())).replace(getattr(link(command()), field).encode(), b"\\u0000")
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Link)
