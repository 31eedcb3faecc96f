"""What a run has really come to: a campaign that never saw a deed succeed proves nothing of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from medreg_desktop.services.cache.outbox import LOST_BY_SERVER
from medreg_server.db.transaction import Database
from simulator.pc import Pc

IN_REGISTER = (
    "application.agree",
    "application.return",
    "application.refuse",
    "application.withdraw_consent",
    "form.print",
    "form.recall",
    "code.hand_out",
    "code.reprint",
    "code.void",
    "activation.redeem",
    "rescued.confirm",
    "rescued.set_aside",
)
"""The commands that the register takes, and what else is rare, each by the name that its audit gives it."""

_SAID = {
    "content_changed": r"refused:content_changed",
    "resubmit": r"\bresubmit [0-9a-f]{8}",
    "review_again": r"\breview_again [0-9a-f]{8}",
    "late": r"^[abc] late [A-Z]+ ",
    "set_apart": r"^  [abc] .*'quarantined'",
    "restored": r"^  restored$",
    "gone": r"^  [abc] removed gone",
    "killed_leaving": r"killed at leave\.",
    "carried": r" (console|[abc]) [1-9]\d* left ",
    "answers_brought": r"^  [1-9]\d* of them open ",
    "disk_refused": r"\bfault:(disk_full|disk_trouble|cache_locked|cache_read_only)",
}
"""What wide seeds come to besides, each by what the trace says of it."""

_WORDS = {deed: re.compile(words) for deed, words in _SAID.items()}
WIDE_DEEDS = tuple(_SAID)

DEEDS = (*IN_REGISTER, LOST_BY_SERVER)

_LOSSES = f"SELECT count(*) FROM audit WHERE action = '{LOST_BY_SERVER}'"  # noqa: S608 - the name is ours

MANY_RUNS = 500
"""So many runs must have come to every deed."""


def reached(database: Database, pcs: Iterable[Pc], trace: Iterable[str] = ()) -> Counter[str]:
    """Return how often each deed stands in the register's audit, a loss in those of the copies, others in a trace."""
    found = Counter[str]()
    with database.read() as transaction:
        for chain in transaction.audit.chains():
            found.update(entry.action for entry in transaction.audit.entries(chain) if entry.action in IN_REGISTER)
    copies = [pc.running.store for pc in pcs if not pc.is_removed]
    found[LOST_BY_SERVER] = sum(copy.read(lambda conn: conn.execute(_LOSSES).fetchall()[0][0]) for copy in copies)
    return found + told_of(trace)


def told_of(trace: Iterable[str]) -> Counter[str]:
    """Return how often a trace tells of each of the other deeds."""
    return Counter(deed for line in trace for deed, words in _WORDS.items() if words.search(line))


def missing(found: Counter[str], runs: int, *, wide: bool = False) -> list[str]:
    """Return the deeds that a long campaign never came to, of ``wide`` seeds or others; a short one owes nothing."""
    owed = DEEDS + (WIDE_DEEDS if wide else ())
    return [deed for deed in owed if not found[deed]] if runs >= MANY_RUNS else []
