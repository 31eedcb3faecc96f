"""Form numbers leased to this device, each used once, inside the decision's transaction (``sync.md`` §5.7)."""

from __future__ import annotations

from medreg_core.contract.v1.messages import FormLease
from medreg_core.domain.forms import make_form_number
from medreg_desktop.services.cache.connection import Connection, scalar
from medreg_desktop.services.faults import KnownFault

REFILL_BELOW = 50
"""Ask for more when fewer are left (the figure of the DHIS2 reserved values, ``sync.md`` §2.2)."""


def add(conn: Connection, lease: FormLease) -> None:
    """Store a lease. One that is known already changes nothing: its used numbers stay used."""
    conn.execute(
        "INSERT INTO lease(region, year, first, last, next) VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (lease.region, lease.year, lease.first, lease.last, lease.first),
    )


def take(conn: Connection, year: int) -> str:
    """Return the next form number, of ``year`` if possible, and mark it used.

    Raises:
        KnownFault: ``form_numbers_used_up``; the next contact with the server brings new ones.
    """
    row = conn.execute(
        "SELECT n, region, year, next FROM lease WHERE next <= last ORDER BY year <> ?, year DESC, first LIMIT 1",
        (year,),
    ).fetchone()
    if row is None:
        raise KnownFault("form_numbers_used_up")
    n, region, leased_year, serial = row
    conn.execute("UPDATE lease SET next = next + 1 WHERE n = ?", (n,))
    return make_form_number(region, leased_year, serial)


def left(conn: Connection) -> int:
    """Return how many numbers are left."""
    return int(scalar(conn, "SELECT coalesce(sum(last - next + 1), 0) FROM lease WHERE next <= last"))


def burn(conn: Connection) -> None:
    """Make all unused numbers unusable: the device was revoked."""
    conn.execute("UPDATE lease SET next = last + 1 WHERE next <= last")
