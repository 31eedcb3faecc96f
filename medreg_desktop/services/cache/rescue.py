"""Rebuilds a damaged cache: the file is kept aside, this office's own work is carried over from all that holds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from medreg_core.domain.forms import read_form_number
from medreg_desktop.services.cache import audit, replica, schema
from medreg_desktop.services.cache.connection import (
    Connection,
    DatabaseError,
    connect,
    database_faults,
    prepare_for_writing,
)
from medreg_desktop.services.cache.files import CacheFiles, ProgramLock
from medreg_desktop.services.cache.journal import Entry, Journal, JsonValue, sync_folder
from medreg_desktop.services.cache.store import transaction
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock

_Rows = dict[tuple[str, int], dict[str, JsonValue]]


@dataclass(frozen=True, slots=True)
class RescueReport:
    """What the rescue saved. The rows of the server come back with the next sync."""

    kept_aside: Path | None
    commands: int
    drafts: int
    prints: int
    audit_lines: int
    audit_is_whole: bool


def rescue(path: Path, key: bytes, clock: Clock) -> RescueReport:
    """Put the damaged file aside, make an empty one, and carry over outbox, drafts, prints, forms, leases and audit.

    Raises:
        KnownFault: ``cache_key_wrong`` if neither file opens with the key (nothing is touched then), ``cache_in_use``,
            ``disk_full``, ``cache_read_only``.
    """
    files = CacheFiles(path)
    lock = ProgramLock(files.lock)
    try:
        journal = Journal(files.journal, key)
        if not journal.opens() and not _opens(path, key):
            raise KnownFault("cache_key_wrong")
        rows = _readable(path, key) if path.exists() else {}
        _merge(rows, journal)
        fresh = path.with_suffix(".rebuilding")
        fresh.unlink(missing_ok=True)
        counts = _built(fresh, key, clock, rows, journal)
        # The journal holds everything by now, so a kill between the two renames costs nothing. A log without its file
        # goes aside as well: SQLite would replay it into the fresh one.
        aside = files.set_aside(clock.now())
        fresh.replace(path)
        sync_folder(path.parent)
        files.suspect.unlink(missing_ok=True)
        return replace(counts, kept_aside=aside if aside.exists() else None)
    finally:
        lock.release()


def _opens(path: Path, key: bytes) -> bool:
    """Return whether there is a file whose first page opens with the key."""
    if not path.exists():
        return False
    try:
        connect(path, key, read_only=True).close()
    except KnownFault:
        return False
    return True


def _readable(path: Path, key: bytes) -> _Rows:
    """Return every precious row that the damaged file still gives."""
    rows: _Rows = {}
    for table in schema.PRECIOUS:
        for order in ("ASC", "DESC"):
            for entry in _scan(path, key, table, order):
                rows[entry.table, entry.n] = entry.row or {}
    return rows


def _scan(path: Path, key: bytes, table: str, order: str) -> Iterator[Entry]:
    """Yield rows until the first page that cannot be read; the other order reaches what lies behind it.

    Each scan has a connection of its own: after one broken page SQLCipher refuses every further one.
    """
    try:
        conn = connect(path, key, read_only=True)
    except KnownFault:
        return
    try:
        names = replica.columns(conn, table)
        if not names:
            return
        statement = f"SELECT {', '.join(names)} FROM {table} ORDER BY n {order}"  # noqa: S608 - table names are ours
        for row in conn.execute(statement):
            content = dict(zip(names, row, strict=True))
            yield Entry(table, int(content["n"]), content)
    except DatabaseError:
        return
    finally:
        conn.close()


def _merge(rows: _Rows, journal: Journal) -> None:
    """Let the journal complete and overrule what the file gave: the file may be an old copy that was put back."""
    for frame in journal.frames():
        for entry in frame.entries:
            if entry.row is None:
                rows.pop((entry.table, entry.n), None)
            else:
                rows[entry.table, entry.n] = _newer(rows.get((entry.table, entry.n)), entry)
    _protect_serials(rows)


def _newer(known: dict[str, JsonValue] | None, entry: Entry) -> dict[str, JsonValue]:
    row = entry.row or {}
    if known is not None and entry.table == "lease":
        return {**row, "next": max(_number(known["next"]), _number(row["next"]))}
    return row


def _protect_serials(rows: _Rows) -> None:
    """Put every lease beyond the numbers already on a form: a number used twice would name two papers."""
    used = [
        number
        for (table, _), row in rows.items()
        if table == "form" and (number := read_form_number(str(row["number"])))
    ]
    for (table, _), row in rows.items():
        if table == "lease":
            own = [n.serial for n in used if n.region == row["region"] and n.year == row["year"]]
            inside = [serial for serial in own if _number(row["first"]) <= serial <= _number(row["last"])]
            row["next"] = max([_number(row["next"]), *(serial + 1 for serial in inside)])


def _number(value: JsonValue) -> int:
    return int(value or 0)


def _built(fresh: Path, key: bytes, clock: Clock, rows: _Rows, journal: Journal) -> RescueReport:
    conn = connect(fresh, key)
    try:
        with database_faults():
            prepare_for_writing(conn)
            with transaction(conn):
                schema.create(conn)
                _insert(conn, rows)
                count = Counter(table for table, _ in rows)
                whole = audit.first_broken(conn) is None
                report = RescueReport(
                    None, count["outbox"], count["draft"], count["print_record"], count["audit"], whole
                )
                detail = {"commands": str(report.commands), "audit_whole": str(whole).lower()}
                audit.append(conn, clock.now(), "", "cache_rescued", "", detail)
            journal.replace(replica.audit_head(conn), replica.all_rows(conn))
    finally:
        conn.close()
    return report


def _insert(conn: Connection, rows: _Rows) -> None:
    """Insert what was saved. A column this program does not know is left behind; a newer one takes its default."""
    for (table, _), row in sorted(rows.items()):
        known = [name for name in replica.columns(conn, table) if name in row]
        marks = ", ".join("?" * len(known))
        statement = f"INSERT OR IGNORE INTO {table}({', '.join(known)}) VALUES({marks})"
        conn.execute(statement, [row[name] for name in known])
