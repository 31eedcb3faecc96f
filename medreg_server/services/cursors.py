"""Opaque, signed positions in a feed or a snapshot (``sync.md`` §5.3). Clients keep them and never look inside."""

from __future__ import annotations

import base64
import binascii
import hmac
from enum import StrEnum
from typing import Final, TypeVar

import msgspec

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import InstitutionId
from medreg_server.services.faults import ServiceFault
from medreg_server.services.keys import Keys

SCHEMA: Final = 1
"""Raised when rows are shaped so that a copy made before cannot be carried on."""

_TAG_BYTES: Final = 16

_P = TypeVar("_P", "Cursor", "Resume")


class Resync(StrEnum):
    """Why a client must take a new snapshot."""

    EPOCH = "epoch"
    COMPACTED = "compacted"
    SCOPE = "scope"
    SCHEMA = "schema"
    AHEAD = "ahead"


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """A position in an institution's feed."""

    epoch: str
    institution_id: InstitutionId
    seq: int
    schema: int = SCHEMA


class Resume(msgspec.Struct, frozen=True, array_like=True):
    """A position in a snapshot; ``seq`` is the feed's head when the snapshot first began."""

    epoch: str
    institution_id: InstitutionId
    seq: int
    phase: int
    before: str
    count: int
    digest: int
    schema: int = SCHEMA


def seal(keys: Keys, position: Cursor | Resume) -> str:
    """Return the text of a position."""
    payload = msgspec.json.encode([type(position).__name__, position])
    return base64.urlsafe_b64encode(keys.seal(payload) + payload).decode().rstrip("=")


def open_cursor(keys: Keys, text: str, institution_id: InstitutionId) -> Cursor:
    """Read a cursor. Raises ServiceFault RESYNC with the reason, or BAD_REQUEST when it was never ours.

    Its epoch is for :func:`check_epoch`, in the transaction that reads on from it.
    """
    cursor = _open(keys, text, Cursor)
    _check(cursor, institution_id)
    return cursor


def open_resume(keys: Keys, text: str, epoch: str, institution_id: InstitutionId) -> Resume:
    """Read a snapshot's position. Raises like :func:`open_cursor`."""
    resume = _open(keys, text, Resume)
    _check(resume, institution_id)
    check_epoch(resume, epoch)
    return resume


def check_epoch(position: Cursor | Resume, epoch: str) -> None:
    """Raise ServiceFault RESYNC unless the position was given in this epoch: its numbers mean nothing in another."""
    if position.epoch != epoch:
        raise resync(Resync.EPOCH)


def resync(reason: Resync) -> ServiceFault:
    """Return the fault that tells a client to begin anew."""
    return ServiceFault(FaultCode.RESYNC, reason=reason.value)


def _check(position: Cursor | Resume, institution_id: InstitutionId) -> None:
    if position.institution_id != institution_id:
        raise resync(Resync.SCOPE)
    if position.schema != SCHEMA:
        raise resync(Resync.SCHEMA)


def _open(keys: Keys, text: str, shape: type[_P]) -> _P:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        tag, payload = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if not hmac.compare_digest(tag, keys.seal(payload)):
            raise ServiceFault(FaultCode.BAD_REQUEST, where="cursor")
        name, position = msgspec.json.decode(payload, type=tuple[str, msgspec.Raw])
        if name != shape.__name__:
            raise ServiceFault(FaultCode.BAD_REQUEST, where="cursor")
        return msgspec.json.decode(position, type=shape)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise ServiceFault(FaultCode.BAD_REQUEST, where="cursor") from error
