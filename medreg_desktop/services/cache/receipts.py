"""The receipt of every decision made here, each linked to the one before and signed by this device.

A link is written in the transaction that saves its command and never changes; the service's counter-signature is added
in the transaction that stores the answer. What an older program saved has no link and is sent without.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from medreg_core.contract.v1.commands import Command
from medreg_core.contract.v1.receipts import CHAIN_START, CounterSignature, Link, command_digest, first_break
from medreg_core.domain.records import AccountId, CommandId
from medreg_desktop.services.cache import device, sync_state
from medreg_desktop.services.cache.connection import Connection, Row

MOST_BESIDE = 20
"""Links of commands called back that one batch carries besides its own."""

_decode_counter = msgspec.json.Decoder(CounterSignature).decode
_LINK = "device_key, n, previous, command_id, body_hash, base_version, actor, saved_at, signature"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A link, and what the service signed beside it; None until it has answered."""

    link: Link
    counter: CounterSignature | None


def append(conn: Connection, command: Command, actor: AccountId, now: datetime) -> Link:
    """Write the command's link behind the last one."""
    key = device.private_key(conn)
    last = conn.execute(f"SELECT {_LINK} FROM receipt ORDER BY n DESC LIMIT 1").fetchone()  # noqa: S608 - constant
    before = _link(last) if last else None
    link = Link(
        device_key=key.public_key().public_bytes_raw(),
        n=before.n + 1 if before else 1,
        previous=before.digest if before else CHAIN_START,
        command_id=command.id,
        body_hash=command_digest(command),
        base_version=command.base_version,
        actor=actor,
        saved_at=now,
    ).signed_by(key)
    conn.execute(
        f"INSERT INTO receipt({_LINK}) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            link.device_key.hex(),
            link.n,
            link.previous,
            link.command_id,
            link.body_hash,
            link.base_version,
            link.actor,
            link.saved_at.isoformat(),
            link.signature.hex(),
        ),
    )
    return link


def find(conn: Connection, command_id: CommandId) -> Receipt | None:
    """Return a command's receipt; None if an older program saved it."""
    row = conn.execute(f"SELECT {_LINK}, counter FROM receipt WHERE command_id = ?", (command_id,)).fetchone()  # noqa: S608 - constant
    return None if row is None else Receipt(_link(row), _decode_counter(row[9]) if row[9] else None)


def links_of(conn: Connection, ids: Iterable[CommandId]) -> tuple[Link, ...]:
    """Return the links of these commands in the order of the chain, as far as they have one."""
    wanted = json.dumps(list(ids))
    statement = f"SELECT {_LINK} FROM receipt WHERE command_id IN (SELECT value FROM json_each(?)) ORDER BY n"  # noqa: S608 - constant
    return tuple(_link(row) for row in conn.execute(statement, (wanted,)))


def known(conn: Connection, ids: Iterable[CommandId]) -> frozenset[CommandId]:
    """Return which of these commands have a receipt."""
    wanted = json.dumps(list(ids))
    found = conn.execute(
        "SELECT command_id FROM receipt WHERE command_id IN (SELECT value FROM json_each(?))", (wanted,)
    )
    return frozenset(CommandId(row[0]) for row in found)


def links_for(conn: Connection, ids: Iterable[CommandId]) -> tuple[Link, ...]:
    """Return the links of these commands, and of those just before them in the chain that never left this device.

    A decision called back is never sent; without its link the service would see a hole where it stood.
    """
    own = links_of(conn, ids)
    beside: dict[int, Link] = {}
    for link in own:
        n = link.n - 1
        while n not in beside and len(beside) < MOST_BESIDE and (before := _unsent(conn, n)) is not None:
            beside[n] = before
            n -= 1
    return tuple(sorted((*own, *beside.values()), key=lambda link: link.n))


def keep_counter(conn: Connection, command_id: CommandId, counter: CounterSignature) -> bool:
    """Store what the service signed; return whether it is really the service's word on this very link."""
    conn.execute(
        "UPDATE receipt SET counter = ? WHERE command_id = ?", (msgspec.json.encode(counter).decode(), command_id)
    )
    receipt = find(conn, command_id)
    keys = {key.kid: key.key for key in sync_state.public_keys(conn)}
    return (
        receipt is not None
        and counter.receipt == receipt.link.digest
        and counter.is_signed_by(keys.get(counter.kid, b""))
    )


def first_broken(conn: Connection) -> int | None:
    """Return the place of the first link that is not signed or does not follow the one before; None if all hold."""
    links = [_link(row) for row in conn.execute(f"SELECT {_LINK} FROM receipt ORDER BY n")]  # noqa: S608 - constant
    unsigned = next((place for place, link in enumerate(links) if not link.is_signed), None)
    return unsigned if unsigned is not None else first_break(links)


def _unsent(conn: Connection, n: int) -> Link | None:
    row = conn.execute(
        f"SELECT {_LINK} FROM receipt WHERE n = ? AND command_id IN"  # noqa: S608 - constant
        " (SELECT id FROM outbox WHERE state = 'done' AND sent = 0)",
        (n,),
    ).fetchone()
    return None if row is None else _link(row)


def _link(row: Row) -> Link:
    return Link(
        device_key=bytes.fromhex(row[0]),
        n=row[1],
        previous=row[2],
        command_id=CommandId(row[3]),
        body_hash=row[4],
        base_version=row[5],
        actor=AccountId(row[6]),
        saved_at=datetime.fromisoformat(row[7]),
        signature=bytes.fromhex(row[8]),
    )
