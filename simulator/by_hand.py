"""Notes what registrars settle, each in an act of theirs: nothing else may stand where only a person puts it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from medreg_core.domain.records import CommandId
from medreg_desktop.services.cache.outbox import CORRECTING
from medreg_desktop.services.cache.quarantine import HANDED_OVER

if TYPE_CHECKING:
    from simulator.pc import Pc

_SETTLED = f"""
    SELECT id, resolution FROM outbox WHERE resolution IN ('cancelled', 'dropped', 'replaced')
    UNION ALL SELECT id, last_cause FROM outbox WHERE last_cause IN ('{HANDED_OVER}', '{CORRECTING}')
"""  # noqa: S608 - names of ours


@contextmanager
def noted(pc: Pc) -> Iterator[None]:
    """Note what an act settles, even one over which the program is killed."""
    before = _settled(pc)
    try:
        yield
    finally:
        pc.by_hand |= _settled(pc) - before


def _settled(pc: Pc) -> set[tuple[CommandId, str]]:
    """Return the commands that stand where only a person puts them, and where that is."""
    return pc.running.store.read(lambda conn: {(command, how) for command, how in conn.execute(_SETTLED)})
