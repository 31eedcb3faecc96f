"""Which toxics can meet which requests: the cells that a campaign has to visit (``sync.md`` §6)."""

from __future__ import annotations

from collections import Counter

from simulator.toxics import IN_PART, Toxic, names
from simulator.wire import CALLS, RESUMED

_READ = frozenset({"ping", "snapshot", RESUMED, "changes", "bucket"})


_NOTHING_DELIVERED = frozenset(
    {
        *(Toxic.NO_CONNECTION, Toxic.NO_SUCH_HOST, Toxic.STALL_BEFORE, Toxic.PORTAL_PAGE, Toxic.PORTAL_REDIRECT),
        *(Toxic.TLS_EXPIRED, Toxic.TLS_NOT_YET, Toxic.TLS_UNKNOWN_CA, Toxic.TLS_WRONG_NAME, Toxic.STATUS),
        *(Toxic.REORDERED, Toxic.SLEEP_BEFORE),
    }
)
_NO_ANSWER = frozenset(
    {Toxic.LOST_ANSWER, Toxic.STALL_AFTER, Toxic.STATUS_AFTER, Toxic.PORTAL_AFTER, Toxic.SLEEP_AFTER}
)
CLASSES = ("nothing delivered", "no answer", "part of the answer", "otherwise")
"""What a toxic leaves of an exchange; the last: all of it comes, but late, twice, changed, or to another."""


def class_of(name: str) -> str:
    """Return of which class a toxic is, by the name of its trial."""
    toxic = Toxic(name.partition(":")[0].partition("@")[0])
    if toxic in _NOTHING_DELIVERED:
        return CLASSES[0]
    if toxic in _NO_ANSWER:
        return CLASSES[1]
    return CLASSES[2] if toxic in IN_PART else CLASSES[3]


def broadly(visited: Counter[str]) -> Counter[str]:
    """Return how often each kind of request met each class of toxic, by ``class/request``."""
    found = Counter[str]()
    for cell, often in visited.items():
        name, _, request = cell.partition("/")
        found[f"{class_of(name)}/{request}"] += often
    return found


def unmet(visited: Counter[str]) -> list[str]:
    """Return which kinds of request never met which class of toxic."""
    found = broadly(visited)
    wanted = (f"{each}/{request}" for request in (*CALLS.values(), RESUMED) for each in CLASSES)
    return [name for name in wanted if not found[name]]


def cells() -> list[str]:
    """Return every cell, ``toxic@place/request``, that can be."""
    requests = (*CALLS.values(), RESUMED)
    return [f"{name}/{request}" for name in names() for request in requests if _can_be(name, request)]


def _can_be(name: str, request: str) -> bool:
    """Only what is read can be stale."""
    return name != Toxic.STALE or request in _READ
