"""Bugs of a computer that has to go."""

from __future__ import annotations

from typing import Any

from medreg_desktop.services.cache import commands, unfinished
from medreg_desktop.services.cache.connection import Connection
from simulator.mutants.patching import Mutant

_close = commands.close


def _closed_though_sealed(conn: Connection, *told: Any) -> Any:
    """Take the seal away for as long as a command is taken back or given up."""
    order = unfinished.order(conn)
    unfinished.unseal(conn)
    line = _close(conn, *told)
    if order is not None:
        unfinished.seal(conn, order)
    return line


MUTANTS: tuple[Mutant, ...] = (
    Mutant("taken back, and handed over", "our own, found here", ((commands, "close", _closed_though_sealed),)),
)
