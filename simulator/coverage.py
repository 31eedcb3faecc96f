"""Which toxics can meet which requests: the cells that a campaign has to visit (``sync.md`` §6)."""

from __future__ import annotations

from simulator.toxics import Toxic, names
from simulator.wire import CALLS, RESUMED

_READ = frozenset({"ping", "snapshot", RESUMED, "changes", "bucket"})


def cells() -> list[str]:
    """Return every cell, ``toxic@place/request``, that can be."""
    requests = (*CALLS.values(), RESUMED)
    return [f"{name}/{request}" for name in names() for request in requests if _can_be(name, request)]


def _can_be(name: str, request: str) -> bool:
    """Only what is read can be stale."""
    return name != Toxic.STALE or request in _READ
