"""Decision receipts: each command's link in the chain of its device, and the service's signature beside it.

``sync.md`` §3 (none has, 1): a registrar can prove "I decided this at 10:42, sent 16:05, accepted as n". The link is
made in the transaction that saves the command and signed by the device; it proves what was decided, by whom, when by
that device's clock, and after which other decision. The counter-signature is made by the service in the transaction
of the answer. Neither decides anything: a chain that does not fit is told to the auditors, the decision is carried out.
"""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from enum import Enum, StrEnum
from functools import cache
from itertools import pairwise
from typing import Annotated, Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.signing import is_signed
from medreg_core.domain.records import AccountId, CommandId
from medreg_core.domain.vocabulary import OutcomeKind

CHAIN_START = "0" * 64
"""What the first link of a device follows."""

LINK_BYTES = 640
"""Room that one link takes in a request, encoded."""

_LINK = b"medreg-receipt-1."
_COUNTER = b"medreg-counter-1."

Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$", max_length=64)]  # "$" lets a line end pass
Position = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One receipt. ``n`` counts from 1 on each device; ``previous`` is the digest of the link before it."""

    device_key: bytes  # Ed25519, 32 raw bytes; the chain is this key's
    n: Position
    previous: Digest
    command_id: CommandId
    body_hash: Digest  # of the command, see :func:`command_digest`
    base_version: Position
    actor: AccountId
    saved_at: Instant  # testimony of the device's clock
    signature: bytes = b""

    @property
    def digest(self) -> str:
        """The link's own digest: what the next link and the counter-signature name."""
        parts = [self.device_key.hex(), self.n, self.previous, self.command_id, self.body_hash, self.base_version,
                 self.actor, _moment(self.saved_at)]  # fmt: skip
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()

    @property
    def is_signed(self) -> bool:
        """Whether the device's key has signed exactly this, at a moment that a clock can show."""
        return _is_dated(self.saved_at) and is_signed(self.device_key, self.signature, _LINK + self.digest.encode())

    def signed_by(self, key: Ed25519PrivateKey) -> Link:
        """Return the link with the device's signature."""
        return msgspec.structs.replace(self, signature=key.sign(_LINK + self.digest.encode()))


class CounterSignature(msgspec.Struct, frozen=True, kw_only=True):
    """What the service says of one link: how it answered, by its own clock, signed by its key ``kid``."""

    kid: str
    receipt: Digest  # of the link
    outcome: OutcomeKind
    version: Position
    seq: Position
    epoch: str
    at: Instant
    signature: bytes = b""

    @property
    def message(self) -> bytes:
        """The bytes that the signature covers."""
        parts = [self.kid, self.receipt, self.outcome.value, self.version, self.seq, self.epoch, _moment(self.at)]
        return _COUNTER + hashlib.sha256(msgspec.json.encode(parts)).hexdigest().encode()

    def is_signed_by(self, public_key: bytes) -> bool:
        """Return whether this is what the holder of ``public_key`` has signed, at a moment that a clock can show."""
        return _is_dated(self.at) and is_signed(public_key, self.signature, self.message)


class LinkFlaw(StrEnum):
    """Why a link is not the receipt of the command it came with."""

    OTHER_COMMAND = "other_command"
    OTHER_BODY = "other_body"
    OTHER_ACTOR = "other_actor"
    OTHER_DEVICE = "other_device"
    SIGNATURE = "signature"


def flaw_of(link: Link, command: msgspec.Struct, *, actor: str, device_key: bytes) -> LinkFlaw | None:
    """Return why ``link`` does not belong to this command of this person on this device; None if it does."""
    if link.command_id != getattr(command, "id", None) or link.base_version != getattr(command, "base_version", None):
        return LinkFlaw.OTHER_COMMAND
    if link.body_hash != command_digest(command):
        return LinkFlaw.OTHER_BODY
    if link.actor != actor:
        return LinkFlaw.OTHER_ACTOR
    if link.device_key != device_key:
        return LinkFlaw.OTHER_DEVICE
    return None if link.is_signed else LinkFlaw.SIGNATURE


def first_break(links: list[Link]) -> int | None:
    """Return the place of the first of these neighbours that does not follow from the one before it."""
    for place, (before, link) in enumerate(pairwise(links), start=1):
        if link.previous != before.digest or link.n != before.n + 1:
            return place
    return None


def command_digest(command: msgspec.Struct) -> str:
    """Return the digest of what a command says.

    Fields at their default are left out, so that it stays the same when a later protocol adds a field: both a program
    that does not know the field and one that leaves it alone give the same digest.
    """
    return hashlib.sha256(msgspec.json.encode(_bare(command), order="sorted")).hexdigest()


@cache  # asking msgspec takes longer than the digest
def _fields(shape: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(shape)


def _bare(value: Any) -> object:
    if isinstance(value, msgspec.Struct):
        tag = value.__struct_config__.tag
        said = {f.name: getattr(value, f.name) for f in _fields(type(value))
                if getattr(value, f.name) != f.default}  # fmt: skip
        return {**({"": tag} if tag else {}), **{name: _bare(inner) for name, inner in said.items()}}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        told = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)
                if getattr(value, f.name) != f.default}  # fmt: skip
        return {name: _bare(inner) for name, inner in told.items()}
    if isinstance(value, tuple):
        return [_bare(inner) for inner in value]
    if isinstance(value, datetime):
        return _moment(value)
    return value.value if isinstance(value, Enum) else value


def _moment(at: datetime) -> str:
    # A digest is asked for before anything is judged: of a moment for which UTC may have no date, as it is written.
    return (at.astimezone(UTC) if _is_dated(at) else at).isoformat(timespec="microseconds")


def _is_dated(at: datetime) -> bool:
    """Return whether every zone has a date for the moment: some have none in the calendar's first and last year."""
    return MINYEAR < at.year < MAXYEAR
