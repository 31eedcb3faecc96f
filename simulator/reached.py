"""What a run has really come to: a campaign that never saw a deed succeed proves nothing of it."""

from __future__ import annotations

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

DEEDS = (*IN_REGISTER, LOST_BY_SERVER)

_LOSSES = f"SELECT count(*) FROM audit WHERE action = '{LOST_BY_SERVER}'"  # noqa: S608 - the name is ours

MANY_RUNS = 500
"""So many runs must have come to every deed."""


def reached(database: Database, pcs: Iterable[Pc]) -> Counter[str]:
    """Return how often each deed stands in the register's audit, and how many losses in those of the copies."""
    found = Counter[str]()
    with database.read() as transaction:
        for chain in transaction.audit.chains():
            found.update(entry.action for entry in transaction.audit.entries(chain) if entry.action in IN_REGISTER)
    copies = [pc.running.store for pc in pcs if not pc.is_removed]
    found[LOST_BY_SERVER] = sum(copy.read(lambda conn: conn.execute(_LOSSES).fetchall()[0][0]) for copy in copies)
    return found


def missing(found: Counter[str], runs: int) -> list[str]:
    """Return the deeds that a long campaign never came to; a short one owes nothing."""
    return [deed for deed in DEEDS if not found[deed]] if runs >= MANY_RUNS else []
