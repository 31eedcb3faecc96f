"""Form numbers leased to this device, each used once, inside the decision's transaction (``sync.md`` §5.7)."""

from __future__ import annotations

from datetime import UTC, datetime

from medreg_core.contract.v1.messages import FormLease
from medreg_core.domain.forms import make_form_number
from medreg_desktop.services.cache.connection import Connection, scalar
from medreg_desktop.services.faults import KnownFault

MOST_TOLD = 40
"""How many leases hello tells: those since any backup that is still worth restoring."""

_USABLE = "next <= last AND (expires_at IS NULL OR expires_at > ?)"


def add(conn: Connection, lease: FormLease) -> None:
    """Store a lease. One that is known already changes nothing: its used numbers stay used."""
    conn.execute(
        "INSERT INTO lease(region, year, first, last, next, expires_at, proof) VALUES(?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (
            lease.region,
            lease.year,
            lease.first,
            lease.last,
            lease.first,
            None if lease.expires_at is None else _text(lease.expires_at),
            lease.proof.hex(),
        ),
    )


def take(conn: Connection, year: int, at: datetime) -> str:
    """Return the next form number, of ``year`` if possible, and mark it used.

    ``at`` is the moment by the server's clock, as far as it is known here: an expired lease gives no number. Of those
    of one year the lease that ends first is used up first.

    Raises:
        KnownFault: ``form_numbers_used_up``; the next contact with the server brings new ones.
    """
    row = conn.execute(
        f"SELECT n, region, year, next FROM lease WHERE {_USABLE}"  # noqa: S608 - a constant
        " ORDER BY year <> ?, year DESC, expires_at IS NULL, expires_at, first LIMIT 1",
        (_text(at), year),
    ).fetchone()
    if row is None:
        raise KnownFault("form_numbers_used_up")
    n, region, leased_year, serial = row
    conn.execute("UPDATE lease SET next = next + 1 WHERE n = ?", (n,))
    return make_form_number(region, leased_year, serial)


def left(conn: Connection, at: datetime) -> int:
    """Return how many numbers can still be taken at this moment of the server's clock."""
    total = f"SELECT coalesce(sum(last - next + 1), 0) FROM lease WHERE {_USABLE}"  # noqa: S608 - a constant
    return int(scalar(conn, total, (_text(at),)))


def held(conn: Connection) -> tuple[FormLease, ...]:
    """Return the leases whose numbers may be on paper, the newest first: a restored server learns of them by hello."""
    rows = conn.execute(
        "SELECT region, year, first, last, expires_at, proof FROM lease WHERE proof <> '' ORDER BY n DESC LIMIT ?",
        (MOST_TOLD,),
    )
    return tuple(
        FormLease(
            region,
            year,
            first,
            last,
            None if expires_at is None else datetime.fromisoformat(expires_at),
            bytes.fromhex(proof),
        )
        for region, year, first, last, expires_at, proof in rows
    )


def burn(conn: Connection) -> None:
    """Make all unused numbers unusable: the device was revoked."""
    conn.execute("UPDATE lease SET next = last + 1 WHERE next <= last")


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
