"""Rebuilds a damaged cache: the file is kept aside, this office's own work is carried over from all that holds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from medreg_core.contract.v1.activation import HandOutCode, VoidCode
from medreg_core.contract.v1.commands import Agree, Command
from medreg_core.domain.forms import read_form_number
from medreg_core.domain.vocabulary import CodeState, CommandKind
from medreg_desktop.services.cache import audit, replica, schema, sync_state
from medreg_desktop.services.cache.connection import (
    Connection,
    DatabaseError,
    connect,
    database_faults,
    prepare_for_writing,
)
from medreg_desktop.services.cache.files import CacheFiles, ProgramLock, file_faults
from medreg_desktop.services.cache.journal import Entry, Journal, JsonValue, sync_folder
from medreg_desktop.services.cache.store import transaction
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock

_NAMING = frozenset({CommandKind.AGREE, CommandKind.HAND_OUT_CODE, CommandKind.VOID_CODE})

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
            ``disk_full``, ``disk_trouble``, ``cache_locked``, ``cache_read_only``.
    """
    files = CacheFiles(path)
    lock = ProgramLock(files.lock)
    try:
        with file_faults():
            return _rescued(files, key, clock)
    finally:
        lock.release()


def _rescued(files: CacheFiles, key: bytes, clock: Clock) -> RescueReport:
    path = files.database
    journal = Journal(files.journal, key)
    if not journal.opens() and not _opens(path, key):
        raise KnownFault("cache_key_wrong")
    rows = _merge(_readable(path, key) if path.exists() else {}, journal)
    fresh = path.with_suffix(".rebuilding")
    _clear(fresh)
    try:
        counts = _built(fresh, key, clock, rows, journal)
    except BaseException:
        _clear(fresh)  # on a full disk it would hold the room that is left
        raise
    # The journal holds everything by now, so a kill between the two renames costs nothing. A log without its file goes
    # aside as well: SQLite would replay it into the fresh one.
    aside = files.set_aside(clock.now())
    fresh.replace(path)
    sync_folder(path.parent)
    files.suspect.unlink(missing_ok=True)
    return replace(counts, kept_aside=aside if aside.exists() else None)


def _clear(fresh: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)


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


def _merge(given: _Rows, journal: Journal) -> _Rows:
    """Return what the file gave and what the journal holds as one.

    The later of the two has the word, and its rows come first, so that a row it has cannot be crowded out by one of
    before: the journal if it knows a later audit line (the file is an old copy that was put back), else the file (the
    journal could not be written for a while). The other only fills in what is missing.
    """
    kept, journal_head = _folded(journal)
    file_head = max((n for table, n in given if table == "audit"), default=0)
    journals = {place: row for place, row in kept.items() if row is not None}
    if journal_head > file_head:
        rows = journals | {place: row for place, row in given.items() if place not in kept}
    else:
        rows = given | {place: row for place, row in journals.items() if place not in given}
    for place in given.keys() & journals.keys():
        if place[0] == "lease":
            furthest = max(_number(given[place]["next"]), _number(journals[place]["next"]))
            rows[place] = {**rows[place], "next": furthest}
    made = _commands(rows)
    _protect_serials(rows, made)
    _protect_codes(rows, made)
    return rows


def _folded(journal: Journal) -> tuple[dict[tuple[str, int], dict[str, JsonValue] | None], int]:
    """Return the newest content the journal has of each row, None for a deleted one, and its newest audit line."""
    newest: dict[tuple[str, int], dict[str, JsonValue] | None] = {}
    head = 0
    for frame in journal.frames():
        head = max(head, frame.audit_head)
        newest.update(((entry.table, entry.n), entry.row) for entry in frame.entries)
    return newest, head


def _commands(rows: _Rows) -> list[tuple[Command, JsonValue]]:
    """Return the commands that name a number or a code, in their order, with when they were saved."""
    outbox = sorted((n, row) for (table, n), row in rows.items() if table == "outbox" and row["kind"] in _NAMING)
    return [(msgspec.json.decode(str(row["command"]), type=Command), row["saved_at"]) for _, row in outbox]


def _protect_serials(rows: _Rows, made: list[tuple[Command, JsonValue]]) -> None:
    """Put every lease beyond the numbers already on a form: a number used twice would name two papers."""
    given = [str(row["number"]) for (table, _), row in rows.items() if table == "form"]
    given += [command.body.form_number for command, _ in made if isinstance(command.body, Agree)]
    used = [number for text in given if (number := read_form_number(text))]
    for (table, _), row in rows.items():
        if table == "lease":
            own = [n.serial for n in used if n.region == row["region"] and n.year == row["year"]]
            inside = [serial for serial in own if _number(row["first"]) <= serial <= _number(row["last"])]
            row["next"] = max([_number(row["next"]), *(serial + 1 for serial in inside)])


def _protect_codes(rows: _Rows, made: list[tuple[Command, JsonValue]]) -> None:
    """Keep every code that a command names from being handed out anew, and each made worthless from being shown."""
    named: dict[str, dict[str, JsonValue]] = {}
    for command, saved_at in made:
        match command.body:
            case HandOutCode(reference=reference):
                named[reference] = {
                    "state": CodeState.HANDED_OUT.value,
                    "physician_id": command.physician_id,
                    "command_id": command.id,
                    "handed_out_at": saved_at,
                }
            case VoidCode(reference=reference):
                named[reference] = {**named.get(reference, {}), "state": CodeState.VOIDED.value, "code": ""}
    for (table, _), row in rows.items():
        if table == "activation_code" and row["state"] in {CodeState.LEASED.value, CodeState.HANDED_OUT.value}:
            row.update(named.get(str(row["reference"]), {}))


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
                sync_state.recall_kept(conn)
                count = Counter(table for table, _ in rows)
                whole = audit.first_broken(conn) is None
                report = RescueReport(
                    None, count["outbox"], count["draft"], count["print_record"], count["audit"], whole
                )
                detail = {"commands": str(report.commands), "audit_whole": str(whole).lower()}
                audit.append(conn, clock.now(), "", "cache_rescued", "", detail)
            # The closing would do it without a word where there is no room: the file would stand there half.
            is_held, *_ = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() or (0,)
            if is_held:
                raise KnownFault("cache_locked")
            journal.replace(replica.audit_head(conn), replica.all_rows(conn))
    finally:
        conn.close()
    return report


def _insert(conn: Connection, rows: _Rows) -> None:
    """Insert what was saved, in its order. A column this program does not know is left; a newer one has its default."""
    for (table, _), row in rows.items():
        known = [name for name in replica.columns(conn, table) if name in row]
        marks = ", ".join("?" * len(known))
        statement = f"INSERT OR IGNORE INTO {table}({', '.join(known)}) VALUES({marks})"
        conn.execute(statement, [row[name] for name in known])
