"""What is unfinished when this computer has to go: sealed against more, read whole, told as testimony."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from medreg_core.contract.v1.devices import RescuedCommand, WipeAnswer
from medreg_core.domain.records import CommandId
from medreg_desktop.services.cache import outbox, receipts, sync_state
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.faults import KnownFault

_ORDER = "removal_order"


def seal(conn: Connection, order: WipeAnswer) -> None:
    """Keep the order: from now on nothing is saved, taken back or given up; what is unfinished can only be answered."""
    sync_state.keep(conn, **{_ORDER: msgspec.json.encode(order).decode()})


def unseal(conn: Connection) -> None:
    """Forget the order."""
    sync_state.forget(conn, _ORDER)


def order(conn: Connection) -> WipeAnswer | None:
    """Return the order that is kept, or None."""
    text = sync_state.value(conn, _ORDER)
    return msgspec.json.decode(text, type=WipeAnswer) if text else None


def check_open(conn: Connection) -> None:
    """Raise KnownFault ``device_removed`` when the copy is sealed: what was done now would be destroyed unseen."""
    if sync_state.value(conn, _ORDER):
        raise KnownFault("device_removed")


def sizes(conn: Connection) -> list[tuple[CommandId, int]]:
    """Return id and size in bytes of every command of everybody that is not done, in the order they were made.

    And of every one that was accepted in another epoch than the order is of: a register restored since may have lost
    it, and nobody else would ever say so.
    """
    sealed = order(conn)
    found = conn.execute(_UNFINISHED, (sealed.epoch if sealed is not None else "",))
    return [(CommandId(row[0]), int(row[1])) for row in found]


_UNFINISHED = """
    SELECT id, length(CAST(command AS BLOB)) FROM outbox
    WHERE state <> 'done' OR (?1 <> '' AND outcome_kind = 'accepted' AND resolution = '' AND epoch <> ?1)
    ORDER BY n
"""


def testimony(conn: Connection, ids: Iterable[CommandId]) -> tuple[RescuedCommand, ...]:
    """Return the commands with who made them here, when, where they stood and their receipts. Raises LookupError."""
    rows = [outbox.row_of(conn, command) for command in ids]
    links = {link.command_id: link for link in receipts.links_of(conn, [row.command.id for row in rows])}
    return tuple(
        RescuedCommand(
            command=row.command,
            account_id=row.actor,
            number=row.n,
            saved_at=row.saved_at,
            state=row.state.value,
            receipt=links.get(row.command.id),
        )
        for row in rows
    )
