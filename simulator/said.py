"""Looks for what a registrar was told is saved where its number is not told: codes voided, copies brought back (I1)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from medreg_core.contract.v1.activation import HandOutCode, VoidCode
from medreg_core.contract.v1.commands import Command, CommandBody
from medreg_desktop.services.cache.connection import Connection

if TYPE_CHECKING:
    from simulator.pc import Pc

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Command).decode


class SaidWatch:
    """Remembers how often each content was said to be saved: so many commands say it, or more, never one too few."""

    def __init__(self) -> None:
        self._said: dict[str, Counter[bytes]] = defaultdict(Counter)

    def forget(self, pc: str) -> None:
        """The copy of a computer is gone."""
        self._said.pop(pc, None)

    def look(self, pc: Pc, conn: Connection) -> Iterator[str]:
        """Yield what was said to be saved since this computer was last looked at, and is not on its disk."""
        new, said = {_encode(body) for body in pc.said}, self._said[pc.name]
        said.update(map(_encode, pc.said))
        pc.said.clear()
        saved = Counter(_saved(conn)) if new else Counter[bytes]()
        for body in sorted(new):
            if saved[body] < said[body]:
                yield f"I1: {body.decode()} was said to be saved on {pc.name} {said[body]} times, and is {saved[body]}"


def _saved(conn: Connection) -> Iterator[bytes]:
    """Yield the content of each command; a hand-out that was called back has voided its code for this one reason."""
    for text, resolution in conn.execute(_BODIES):
        body: CommandBody = _decode(text).body
        yield _encode(body)
        if isinstance(body, HandOutCode) and resolution == "cancelled":
            yield _encode(VoidCode(reference=body.reference, reason=MISTAKE))


MISTAKE = "发错了人"
"""Why people void codes."""

_BODIES = """
    SELECT command, resolution FROM outbox WHERE kind IN ('record_recall', 'hand_out_code', 'reprint_code', 'void_code')
"""
