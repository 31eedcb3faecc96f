"""Why a command may be set apart (I7): each cause has something that happened to this very command, or it is a bug."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.cache.outbox import CORRECTING, OutboxRow, OutboxState
from medreg_desktop.services.cache.quarantine import HANDED_OVER
from medreg_desktop.services.sync.batch import DEFERRED_BOUND

if TYPE_CHECKING:
    from simulator.pc import Pc

REFUSED_ALONE = frozenset({"bad_request", "too_large"})
"""Causes that are a command's own only when it was refused with no other beside it."""

DEFERRED = "deferred_too_long"


def wrongly(pc: Pc, row: OutboxRow) -> str:
    """Return what is wrong with a command's being set apart; empty when it is not, or rightly so.

    What a person has handed over or is correcting he has found apart: the cause of before was looked at then.
    """
    if row.state is not OutboxState.QUARANTINED or _is_mismatch(row):
        return ""
    match row.last_cause:
        case "poison":
            is_poison = any(row.command.id in mark for mark in pc.wire.poison)
            return "" if is_poison else "was set apart as poison and is none"
        case cause if cause in REFUSED_ALONE:
            is_refused = row.command.id in pc.wire.refused_alone
            return "" if is_refused else f"was set apart as {cause}, and was never refused alone"
        case cause if cause in {HANDED_OVER, CORRECTING}:
            return "" if (row.command.id, cause) in pc.by_hand else f"is {cause}, and nobody has done that"
        case cause if cause == DEFERRED and _was_put_off(pc, row):
            return ""
        case cause:
            return f"was set apart for {cause}"


def _is_mismatch(row: OutboxRow) -> bool:
    return row.outcome is not None and row.outcome.kind is OutcomeKind.MISMATCH


def _was_put_off(pc: Pc, row: OutboxRow) -> bool:
    """Whether the service has put it off for a day, by a clock that, once set, may have made a day of an hour."""
    if row.deferred_since is None:
        return False
    return pc.clock_was_set or pc.clock.now() - row.deferred_since >= DEFERRED_BOUND
