"""Activation codes leased to this device: each handed out once, inside the transaction of its command (ADR 019).

A code is a secret. It leaves this module only for the slip of its hand-out and of each reprint, never into a log, an
audit line, a command or the support bundle; the table is left out of everything but the encrypted files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from medreg_core.contract.v1.activation import CodeLease, LeasedCode
from medreg_core.domain.records import CommandId, PhysicianId
from medreg_core.domain.vocabulary import CodeState
from medreg_desktop.services.cache.connection import Connection, Row, scalar
from medreg_desktop.services.faults import KnownFault

_UNUSED = "state = 'leased' AND expires_at > ?"
_NOT_OF_A_CODE = re.compile("[^0-9A-Z]+")
_COLUMNS = "reference, state, physician_id, command_id, handed_out_at, reprints"


@dataclass(frozen=True, slots=True)
class HeldCode:
    """A code as far as it may be seen: by its reference."""

    reference: str
    state: CodeState
    physician_id: PhysicianId
    command_id: CommandId  # of its hand-out
    handed_out_at: datetime
    reprints: int


def add(conn: Connection, lease: CodeLease) -> None:
    """Store a lease. A code that is known already stays as it is."""
    conn.executemany(
        "INSERT INTO activation_code(reference, code, expires_at, state) VALUES(?, ?, ?, 'leased')"
        " ON CONFLICT DO NOTHING",
        [(code.reference, code.code, _text(lease.expires_at)) for code in lease.codes],
    )


def left(conn: Connection, at: datetime) -> int:
    """Return how many codes can still be handed out at this moment of the server's clock."""
    return int(scalar(conn, f"SELECT count(*) FROM activation_code WHERE {_UNUSED}", (_text(at),)))  # noqa: S608 - constant


def take(conn: Connection, physician_id: PhysicianId, command_id: CommandId, at: datetime, now: datetime) -> LeasedCode:
    """Take the code that ends first for a physician; ``at`` is by the server's clock, ``now`` by this computer's.

    Raises:
        KnownFault: ``activation_codes_used_up``; the next contact with the server brings new ones.
    """
    row = conn.execute(
        f"SELECT n, reference, code FROM activation_code WHERE {_UNUSED} ORDER BY expires_at, n LIMIT 1",  # noqa: S608 - constant
        (_text(at),),
    ).fetchone()
    if row is None:
        raise KnownFault("activation_codes_used_up")
    n, reference, code = row
    conn.execute(
        "UPDATE activation_code SET state = 'handed_out', physician_id = ?, command_id = ?, handed_out_at = ?"
        " WHERE n = ?",
        (physician_id, command_id, _text(now), n),
    )
    return LeasedCode(reference, code)


def show_again(conn: Connection, reference: str) -> LeasedCode:
    """Return a code that was handed out here, and count it. Raises LookupError."""
    row = conn.execute(
        "SELECT code FROM activation_code WHERE reference = ? AND state = 'handed_out'", (reference,)
    ).fetchone()
    if row is None:
        raise LookupError(reference)
    conn.execute("UPDATE activation_code SET reprints = reprints + 1 WHERE reference = ?", (reference,))
    return LeasedCode(reference, row[0])


def void(conn: Connection, reference: str) -> None:
    """Forget a code for good: it will never be shown again."""
    conn.execute("UPDATE activation_code SET state = 'voided', code = '' WHERE reference = ?", (reference,))


def held_by(conn: Connection, physician_id: PhysicianId) -> list[HeldCode]:
    """Return the codes that this device handed out to a physician, oldest first."""
    found = conn.execute(
        f"SELECT {_COLUMNS} FROM activation_code WHERE physician_id = ? ORDER BY handed_out_at, n",  # noqa: S608 - constant
        (physician_id,),
    )
    return [_held(row) for row in found]


def handed_out(conn: Connection, reference: str) -> HeldCode | None:
    """Return a code that this device handed out, or None."""
    row = conn.execute(
        f"SELECT {_COLUMNS} FROM activation_code WHERE reference = ? AND physician_id <> ''",  # noqa: S608 - constant
        (reference,),
    ).fetchone()
    return None if row is None else _held(row)


def stands_in(conn: Connection, text: str) -> bool:
    """Return whether a code of this device stands in a text, grouped or not, in letters of either size."""
    bare = _NOT_OF_A_CODE.sub("", text.upper())
    found = conn.execute("SELECT code FROM activation_code WHERE code <> ''")
    return any(code.replace("-", "") in bare for (code,) in found)


def burn(conn: Connection) -> None:
    """Forget all codes that were not handed out: the device was revoked."""
    conn.execute("UPDATE activation_code SET state = 'burnt', code = '' WHERE state = 'leased'")


def _held(row: Row) -> HeldCode:
    return HeldCode(
        reference=row[0],
        state=CodeState(row[1]),
        physician_id=PhysicianId(row[2]),
        command_id=CommandId(row[3]),
        handed_out_at=datetime.fromisoformat(row[4]),
        reprints=row[5],
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
