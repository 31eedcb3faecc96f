"""``verify-receipt`` and ``public-keys``: a decision proven offline, with nothing but public keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from medreg_core.contract.v1.messages import PublicKey
from medreg_core.contract.v1.proofs import MOST_BYTES, Proof, ProofFlaw, ProofUnreadable, flaws_of, read_proof

_FLAWS: Final = {
    ProofFlaw.OTHER_COMMAND: "the receipt belongs to another command, or to another version of the application",
    ProofFlaw.OTHER_BODY: "the decision is not the one that was signed: its content was changed",
    ProofFlaw.OTHER_ACTOR: "the receipt names another person",
    ProofFlaw.OTHER_DEVICE: "the receipt was made by another device",
    ProofFlaw.SIGNATURE: "the device's signature does not fit: person, time, place in the chain or content was changed",
    ProofFlaw.NOT_COUNTERSIGNED: "the service has not signed it: only the device says so",
    ProofFlaw.COUNTER_OF_ANOTHER: "the service's signature belongs to another receipt",
    ProofFlaw.COUNTER_KEY_UNKNOWN: "it is signed by a key that is not among the keys given",
    ProofFlaw.COUNTER_SIGNATURE: "the service's signature does not fit: answer, number or time was changed",
}
_UNREADABLE: Final = {
    "too_large": "the file is too large to be a receipt",
    "nothing_found": "the file holds no receipt; give the PDF or JSON that the program wrote",
    "damaged": "the receipt in the file is damaged or cut off; take the original file",
}


class KeysUnreadable(Exception):
    """The file of public keys is none."""


def spoken_proof(error: ProofUnreadable | KeysUnreadable) -> str:
    """Return the sentence for a file that cannot be read."""
    if isinstance(error, ProofUnreadable):
        return _UNREADABLE[error.reason]
    return "the keys file is not what public-keys prints"


def proof_in(path: Path) -> Proof:
    """Read a proof. Raises ProofUnreadable and OSError."""
    with path.open("rb") as file:
        return read_proof(file.read(MOST_BYTES + 1))


def keys_in(path: Path) -> dict[str, bytes]:
    """Read what ``public-keys`` printed. Raises KeysUnreadable and OSError."""
    try:
        keys = msgspec.json.decode(path.read_bytes(), type=tuple[PublicKey, ...])
    except msgspec.DecodeError as error:
        raise KeysUnreadable from error
    return {key.kid: key.key for key in keys}


def printed_keys(keys: Mapping[str, bytes]) -> str:
    """Return public keys as ``verify-receipt --keys`` reads them."""
    return msgspec.json.encode([PublicKey(kid, key) for kid, key in keys.items()]).decode()


def verdict_lines(proof: Proof, keys: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what the receipt says, then each thing that fails, then the verdict."""
    link, counter = proof.link, proof.counter
    yield f"command {link.command_id} on application {proof.command.application_id}, version {link.base_version}"
    yield f"decided by account {link.actor} at {link.saved_at.isoformat()} (clock of the device), receipt no. {link.n}"
    if counter is not None:
        yield f"answered {counter.outcome} at {counter.at.isoformat()}, version {counter.version}, seq {counter.seq}"
    flaws = flaws_of(proof, keys)
    yield from (f"FAILS: {_FLAWS[flaw]}" for flaw in flaws)
    yield "NOT PROVEN" if flaws else "PROVEN"
