"""Bugs of a program that acts by itself: it closes, sets apart or puts off what its author believes is on its way."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from medreg_core.domain.records import CommandId
from medreg_desktop.services.cache import outbox, outbox_moves
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import Resolution
from medreg_desktop.services.sync import batch, copy, receiving
from medreg_desktop.services.sync.outbox_view import RowState, Settlement
from simulator.mutants.patching import Mutant

_settle = copy._settle  # noqa: SLF001 - mutants are made of the insides
_reopen = outbox_moves.reopen


def _refused_is_given_up(conn: Connection, item: Settlement, at: datetime) -> None:
    _settle(conn, item, at)
    if item.state is RowState.NEEDS_YOU:
        outbox_moves.close(conn, item.id, Resolution.DROPPED, at)


def _lost_is_given_up(conn: Connection, command_id: CommandId, cause: str) -> None:
    _reopen(conn, command_id, cause)
    row = outbox.row_of(conn, command_id)
    outbox_moves.close(conn, command_id, Resolution.DROPPED, row.settled_at or row.saved_at)


def _called_back_on_401(conn: Connection, item: Settlement, at: datetime) -> None:
    _settle(conn, item, at)
    if item.cause == "session_expired" and outbox.row_of(conn, item.id).attempts <= 1:
        outbox_moves.close(conn, item.id, Resolution.CANCELLED, at)


def _apart_on_any_trouble(conn: Connection, item: Settlement, at: datetime) -> None:
    if item.cause in _TROUBLES:
        item = replace(item, state=RowState.QUARANTINED)
    _settle(conn, item, at)


_TROUBLES = frozenset({"server_unreachable", "server_silent", "response_cut", "server_error"})


def _put_off_for_hours(conn: Connection, item: Settlement, at: datetime) -> None:
    if item.state is RowState.QUEUED and item.cause:
        item = replace(item, next_try=at + timedelta(hours=3))
    _settle(conn, item, at)


def _copy_anew_after_any_fault(state: Any, event: Any) -> Any:
    after, wanted = _receiving_failed(state, event)
    is_filled = state.position is not None and bool(state.position.cursor)
    return (after.with_receiving(resync="failed") if is_filled else after), wanted


_receiving_failed = receiving.receiving_failed


def _patched(bug: Any) -> tuple[tuple[Any, str, Any], ...]:
    return ((copy, "_settle", bug),)


MUTANTS: tuple[Mutant, ...] = (
    Mutant("what was refused is given up unasked", "our own, thought up", _patched(_refused_is_given_up)),
    Mutant("what was lost is given up unasked", "our own, thought up", ((outbox_moves, "reopen", _lost_is_given_up),)),
    Mutant("called back on a first 401", "our own, thought up", _patched(_called_back_on_401)),
    Mutant("set apart on any trouble", "our own, thought up", _patched(_apart_on_any_trouble)),
    Mutant(
        "copy anew after any fault",
        "our own, thought up",
        ((receiving, "receiving_failed", _copy_anew_after_any_fault),),
    ),
    Mutant(
        "put off for hours",
        "our own, thought up",
        (*_patched(_put_off_for_hours), (batch, "LONGEST_ROW_WAIT", timedelta(hours=4))),
    ),
)
