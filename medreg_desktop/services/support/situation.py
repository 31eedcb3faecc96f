"""Gathers what the offline verdict depends on: from the sync report, the copy and the disk."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from medreg_desktop.services.cache import codes, leases, sync_state
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxCounts
from medreg_desktop.services.support.readiness import Situation
from medreg_desktop.services.sync.report import SyncReport


@dataclass(frozen=True, slots=True)
class Stock:
    """What the copy and the disk hold for work without the network; read off the UI thread."""

    offline_until: datetime | None = None
    server_offset_s: float | None = None  # the service's clock minus ours, at the last contact
    last_contact: datetime | None = None
    has_copy: bool = False
    form_numbers: int | None = None
    codes: int | None = None
    free_disk: int | None = None


def stock(conn: Connection, folder: Path, now: datetime, *, decides: bool) -> Stock:
    """Read the stock at ``now`` (this computer's clock); ``decides``: whether the role takes form numbers and codes."""
    known = sync_state.read(conn)
    at = sync_state.server_time(conn, now)
    return Stock(
        offline_until=known.offline_until,
        server_offset_s=known.server_offset_s if known.last_contact else None,
        last_contact=known.last_contact,
        has_copy=bool(known.cursor),
        form_numbers=leases.left(conn, at) if decides else None,
        codes=codes.left(conn, at) if decides else None,
        free_disk=_free(folder),
    )


def situation(
    report: SyncReport, held: Stock, counts: OutboxCounts | None, now: datetime, session_until: datetime | None
) -> Situation:
    """Return the situation at ``now`` (this computer's clock). ``session_until``: by the service's clock.

    What waits is told from ``counts``, as everywhere on the screen: the report knows of it a moment earlier or later.
    """
    offset_s = held.server_offset_s if report.clock_offset_s is None else -report.clock_offset_s
    server_now = now + timedelta(seconds=offset_s or 0.0)
    fetched = report.synced_at or held.last_contact
    return Situation(
        data_age=max(now - fetched, timedelta()) if fetched and held.has_copy else None,
        reading_left=_left(report.offline_until or held.offline_until, server_now),
        sign_in_left=timedelta() if report.sign_in_wanted else _left(session_until, server_now),
        needs_you=counts.need_you if counts else 0,
        form_numbers=held.form_numbers,
        codes=held.codes,
        unsent=counts.unsent if counts else 0,
        clock_error_s=offset_s,
        free_disk=held.free_disk,
    )


def _left(until: datetime | None, now: datetime) -> timedelta | None:
    return None if until is None else until - now


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
