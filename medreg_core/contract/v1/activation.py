"""Activation codes on the wire (``sync.md`` §3, §5.7): leased to a device, handed out by command, redeemed by whom.

A code is a secret of the physician. It travels twice only: to the device in its lease, and back from the physician who
types it. Commands name it by its ``reference``, which is no secret.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from medreg_core.domain.vocabulary import CommandKind, HandOutWay


class LeasedCode(msgspec.Struct, frozen=True):
    """A code that this device alone may hand out. Its representation never shows the code: traces and logs hold it."""

    reference: str
    code: str

    def __repr__(self) -> str:
        return f"LeasedCode({self.reference})"


class CodeLease(msgspec.Struct, frozen=True):
    """Codes for a device whose account may activate accounts; none is handed out from ``expires_at`` on."""

    expires_at: datetime
    codes: tuple[LeasedCode, ...]


class HandOutCode(msgspec.Struct, frozen=True, kw_only=True, tag=CommandKind.HAND_OUT_CODE.value, tag_field="do"):
    """发放激活码: the physician was given the code. It stays dormant until this command is accepted."""

    reference: str
    way: HandOutWay


class VoidCode(msgspec.Struct, frozen=True, kw_only=True, tag=CommandKind.VOID_CODE.value, tag_field="do"):
    """作废激活码: a code that was handed out and not redeemed is worth nothing from now on."""

    reference: str
    reason: str = ""


class ReprintCode(msgspec.Struct, frozen=True, kw_only=True, tag=CommandKind.REPRINT_CODE.value, tag_field="do"):
    """补打激活码: the code of a hand-out was shown once more, for the ``reprint``-th time."""

    reference: str
    way: HandOutWay
    reprint: int


class Redemption(msgspec.Struct, frozen=True):
    """``POST /api/v1/activation`` by a signed-in physician: the code as he typed it."""

    code: str

    def __repr__(self) -> str:
        return "Redemption(…)"


class Activated(msgspec.Struct, frozen=True):
    """Answer to a redemption: since when the account is active, and by which institution."""

    at: datetime
    institution: str
