"""The checks once the world is quiet: how every command has ended, on what it was made, what is signed for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import pairwise

from medreg_core.domain.records import CommandId, HistoryEntry
from medreg_desktop.services.cache import audit, receipts
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import CORRECTING, LOST_BY_SERVER, OutboxRow, OutboxState, Resolution
from medreg_desktop.services.cache.overlay import MOVES
from medreg_desktop.services.cache.quarantine import HANDED_OVER
from medreg_desktop.services.sync.lamp import LampKind
from simulator import apart
from simulator.pc import Pc
from simulator.told import is_accepted

_ON_THE_WAY = frozenset({OutboxState.QUEUED, OutboxState.IN_FLIGHT, OutboxState.DEFERRED})

BY_HAND = frozenset({Resolution.CANCELLED, Resolution.DROPPED, Resolution.REPLACED})
"""How a command is closed by a person alone."""

_MAY_BE_DROPPED = frozenset(
    {*apart.REFUSED_ALONE, "poison", "body_mismatch", apart.DEFERRED, LOST_BY_SERVER, HANDED_OVER, CORRECTING}
)
"""Causes for which a command is laid before the registrar, who may then drop it."""


def ended(pc: Pc, row: OutboxRow, rows: Sequence[OutboxRow], poisoned: Collection[CommandId]) -> Iterator[str]:
    """A command was ended by somebody, or waits in sight; only what nobody can stand is apart (I1, I4, I7)."""
    what = f"{row.kind.value} {row.command.id}"
    if row.state in _ON_THE_WAY and not _waits_visibly(row, rows, poisoned):
        if row.command.id not in poisoned:
            yield f"I4: {what} still is {row.state.value} ({row.last_cause}, next try {row.next_try})"
        elif pc.actor == row.actor and pc.lamp is LampKind.SYNCED:
            yield f"I4: the poison {what} waits under a green lamp"
    if fault := apart.wrongly(pc, row):
        yield f"I7: {what} {fault}"
    yield from unasked(pc, row)
    if row.resolution is Resolution.DROPPED and row.outcome is None and row.last_cause not in _MAY_BE_DROPPED:
        yield f"I1: {what} was given up without anybody asking ({row.last_cause})"


def unasked(pc: Pc, row: OutboxRow) -> Iterator[str]:
    """What was called back, given up or replaced, somebody at this computer has called back, given up or replaced."""
    if row.resolution in BY_HAND and (row.command.id, row.resolution.value) not in pc.by_hand:
        yield f"I1: {row.kind.value} {row.command.id} was {row.resolution.value}, and nobody has done that"


def _waits_visibly(row: OutboxRow, rows: Sequence[OutboxRow], poisoned: Collection[CommandId]) -> bool:
    """A command behind one that is apart, lost in a restore, or poison waits with it, and the lamp says so."""
    return any(
        (other.state is OutboxState.QUARANTINED or other.is_lost or (other.command.id in poisoned and other.is_open))
        and (other.command.application_id == row.command.application_id or other.command.id == row.command.depends_on)
        and other.n < row.n
        for other in rows
    )


def unseen(
    row: OutboxRow,
    rows: Sequence[OutboxRow],
    history: Sequence[HistoryEntry],
    read_at: Mapping[CommandId, datetime | None],
) -> Iterator[str]:
    """A decision is about what its author saw: it takes effect on that or not at all (I2).

    Behind his own decision he saw what that would make of it. ``read_at``: when what he read had come about.
    """
    if row.kind not in MOVES or not is_accepted(row) or row.outcome is None:
        return
    what = f"I2: {row.kind.value} {row.command.id}"
    if row.outcome.version != row.command.base_version + 1:
        yield f"{what} was made on version {row.command.base_version} and gave version {row.outcome.version}"
    if any(other.command.id == row.command.depends_on and other.outcome is None for other in rows):
        return  # it hangs on one that was given up unanswered, and carried out all the same: when, nobody here knows
    own = {other.outcome.at for other in rows if other.outcome is not None and other.actor == row.actor}
    for before, made in pairwise(history):
        is_its = (made.version, made.at) == (row.outcome.version, row.outcome.at)
        if is_its and before.at not in {*own, read_at.get(row.command.id, before.at)}:
            yield f"{what} was made on what had come about otherwise than what stood there"


def written_down(conn: Connection, rows: Sequence[OutboxRow]) -> Iterator[str]:
    """The audit of a desk holds, and tells of each command that was saved there (I1)."""
    if (broken := audit.first_broken(conn)) is not None:
        yield f"I1: the audit of the desk does not hold at {broken}"
    lines = set(conn.execute("SELECT action, json_extract(detail, '$.command'), actor FROM audit"))
    for row in rows:
        if (row.kind.value, row.command.id, row.actor) not in lines:
            yield f"I1: {row.kind.value} {row.command.id} was saved, and the audit of the desk does not tell of it"


def signed_for(pc: Pc, rows: Sequence[OutboxRow], key: bytes) -> Iterator[str]:
    """Each link follows the one before, and what was accepted has the service's word on it (I11)."""
    if (broken := pc.running.store.read(receipts.first_broken)) is not None:
        yield f"I11: the chain does not hold at {broken}"
    for row in rows:
        if not is_accepted(row):
            continue
        assert row.outcome is not None
        found = pc.running.store.read(partial(receipts.find, command_id=row.command.id))
        counter = found.counter if found is not None else None
        if found is None or counter is None or counter.receipt != found.link.digest:
            yield f"I11: {row.kind.value} {row.command.id} was accepted without a receipt for it"
        elif not counter.is_signed_by(key):
            yield f"I11: nobody has signed for {row.kind.value} {row.command.id}"
        elif (counter.outcome, counter.version) != (row.outcome.kind, row.outcome.version):
            yield f"I11: signed for {row.command.id}: {counter.outcome} {counter.version}"
