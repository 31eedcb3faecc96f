"""The proof of one decision, as a registrar takes it away: the command, its link, and what the service signed.

It travels as JSON or inside the PDF that shows it, and is verified offline with nothing but the service's public keys:
the counter-signature names the link's digest, and the link names the device's key, the person and the command.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from medreg_core.contract.v1.commands import Command
from medreg_core.contract.v1.reading import UNREADABLE
from medreg_core.contract.v1.receipts import CounterSignature, Link, LinkFlaw, flaw_of

MOST_BYTES = 4 * 1024 * 1024
"""No proof is larger; nothing of a larger file is read."""

_EMBEDDED = re.compile(rb"medreg-proof:([A-Za-z0-9_=-]{16,}):end")


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """One decision with everything that proves it. Without ``counter`` only the device speaks for it."""

    command: Command
    link: Link
    counter: CounterSignature | None = None


class ProofFlaw(StrEnum):
    """What fails in a proof; the first five as in :class:`LinkFlaw`."""

    OTHER_COMMAND = LinkFlaw.OTHER_COMMAND.value
    OTHER_BODY = LinkFlaw.OTHER_BODY.value
    OTHER_ACTOR = LinkFlaw.OTHER_ACTOR.value
    OTHER_DEVICE = LinkFlaw.OTHER_DEVICE.value
    SIGNATURE = LinkFlaw.SIGNATURE.value
    NOT_COUNTERSIGNED = "not_countersigned"
    COUNTER_OF_ANOTHER = "counter_of_another"
    COUNTER_KEY_UNKNOWN = "counter_key_unknown"
    COUNTER_SIGNATURE = "counter_signature"


class ProofUnreadable(Exception):
    """The file is no proof. ``reason``: too_large | nothing_found | damaged."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def flaws_of(proof: Proof, keys: Mapping[str, bytes]) -> tuple[ProofFlaw, ...]:
    """Return everything that fails, in the order of reading; empty when the service vouches for the decision.

    ``keys``: the service's public signing keys by key id.
    """
    link, counter = proof.link, proof.counter
    own = flaw_of(link, proof.command, actor=link.actor, device_key=link.device_key)
    flaws = [ProofFlaw(own.value)] if own else []
    if counter is None:
        return (*flaws, ProofFlaw.NOT_COUNTERSIGNED)
    if counter.receipt != link.digest:
        flaws.append(ProofFlaw.COUNTER_OF_ANOTHER)
    if counter.kid not in keys:
        flaws.append(ProofFlaw.COUNTER_KEY_UNKNOWN)
    elif not counter.is_signed_by(keys[counter.kid]):
        flaws.append(ProofFlaw.COUNTER_SIGNATURE)
    return tuple(flaws)


def embedded(proof: Proof) -> str:
    """Return the proof as one word that a PDF can carry among its properties."""
    return f"medreg-proof:{base64.urlsafe_b64encode(msgspec.json.encode(proof)).decode()}:end"


def read_proof(content: bytes) -> Proof:
    """Read a proof from the bytes of its JSON or of the PDF that carries it. Raises ProofUnreadable."""
    if len(content) > MOST_BYTES:
        raise ProofUnreadable("too_large")
    found = _EMBEDDED.search(content)
    if found is None and not content.lstrip().startswith(b"{"):
        raise ProofUnreadable("nothing_found")
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(found.group(1)) if found else content, type=Proof)
    except (*UNREADABLE, ValueError) as error:
        raise ProofUnreadable("damaged") from error
