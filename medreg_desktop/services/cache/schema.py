"""The tables of the cache, their version, and how an older file is brought up to it.

Rows of ``application`` and ``institution`` are the server's; only :mod:`.feed` and :mod:`.snapshot` write them. The
tables of :data:`PRECIOUS` are this office's own work: nothing else can bring them back, so every row of them is also
in the journal.
"""

from __future__ import annotations

from dataclasses import dataclass

from medreg_desktop.services.cache.connection import Connection, scalar
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.search import index

MAJOR = 1
"""Rises when an older program could no longer work on the file: it then refuses to open it."""

MINOR = 4
"""Rises with additions an older program of the same major can ignore."""

_MAJOR_FACTOR = 1000

PRECIOUS = (
    "outbox",
    "audit",
    "draft",
    "form",
    "print_record",
    "recall",
    "lease",
    "setting",
    "receipt",
    "handover",
    "outage",
    "activation_code",
)
"""Tables that only this device holds. Each has an integer key ``n`` and no binary column: a row is a JSON object."""

_LEASE_COLUMNS = ("expires_at TEXT", "proof TEXT NOT NULL DEFAULT ''")

_PERHAPS = "perhaps INTEGER NOT NULL DEFAULT 0"
"""Of a print: noted before the sheets left, and nothing was heard since of whether they did."""

_ACTIVATION_CODE = """CREATE TABLE activation_code(
        n INTEGER PRIMARY KEY,
        reference TEXT NOT NULL UNIQUE,
        code TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        state TEXT NOT NULL,
        physician_id TEXT NOT NULL DEFAULT '',
        command_id TEXT NOT NULL DEFAULT '',
        handed_out_at TEXT NOT NULL DEFAULT '',
        reprints INTEGER NOT NULL DEFAULT 0)"""

_SYNCED = (
    """CREATE TABLE application(
        n INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        version INTEGER NOT NULL,
        form_number TEXT NOT NULL DEFAULT '',
        form_voided INTEGER NOT NULL DEFAULT 0,
        body TEXT NOT NULL)""",
    "CREATE INDEX application_form ON application(form_number) WHERE form_number <> ''",
    # Kinds a newer server sends are kept raw until a newer program understands them; the institution's own row is one
    # of them.
    """CREATE TABLE entity(
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY(kind, id)) WITHOUT ROWID""",
    "CREATE TABLE sync_value(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # What the registrar had before him when he decided, to show later what changed meanwhile; gone once the answer is
    # yes.
    "CREATE TABLE basis(command_id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE snapshot_row(
        n INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        body TEXT NOT NULL,
        UNIQUE(kind, id))""",
)

_RECEIPTS = (
    """CREATE TABLE receipt(
        n INTEGER PRIMARY KEY,
        device_key TEXT NOT NULL,
        previous TEXT NOT NULL,
        command_id TEXT NOT NULL UNIQUE,
        body_hash TEXT NOT NULL,
        base_version INTEGER NOT NULL,
        actor TEXT NOT NULL,
        saved_at TEXT NOT NULL,
        signature TEXT NOT NULL,
        counter TEXT NOT NULL DEFAULT '')""",
    """CREATE TRIGGER receipt_is_immutable
        BEFORE UPDATE OF n, device_key, previous, command_id, body_hash, base_version, actor, saved_at, signature ON
        receipt BEGIN SELECT RAISE(ABORT, 'a receipt never changes'); END""",
    """CREATE TRIGGER receipt_is_kept BEFORE DELETE ON receipt
        BEGIN SELECT RAISE(ABORT, 'a receipt is never deleted'); END""",
)

_HANDOVERS = (
    """CREATE TABLE handover(
        n INTEGER PRIMARY KEY,
        command_id TEXT NOT NULL UNIQUE,
        at TEXT NOT NULL,
        bundle TEXT NOT NULL)""",
)

_OUTAGES = (
    """CREATE TABLE outage(
        n INTEGER PRIMARY KEY,
        began_at TEXT NOT NULL,
        noticed_at TEXT NOT NULL,
        ended_at TEXT,
        causes TEXT NOT NULL,
        first_n INTEGER NOT NULL,
        last_n INTEGER)""",
)

_OWN = (
    """CREATE TABLE outbox(
        n INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        actor TEXT NOT NULL,
        application_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        base_version INTEGER NOT NULL,
        depends_on TEXT,
        command TEXT NOT NULL,
        body_hash TEXT NOT NULL,
        saved_at TEXT NOT NULL,
        state TEXT NOT NULL,
        sent INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_try TEXT,
        deferred_since TEXT,
        last_cause TEXT NOT NULL DEFAULT '',
        outcome_kind TEXT NOT NULL DEFAULT '',
        outcome TEXT,
        epoch TEXT NOT NULL DEFAULT '',
        seq INTEGER NOT NULL DEFAULT 0,
        settled_at TEXT,
        resolution TEXT NOT NULL DEFAULT '')""",
    "CREATE INDEX outbox_open ON outbox(state, actor, n) WHERE state <> 'done'",
    "CREATE INDEX outbox_application ON outbox(application_id, n)",
    "CREATE INDEX outbox_seq ON outbox(seq) WHERE seq > 0",
    # What the server may already have executed can never become something else (sync.md §5.6).
    """CREATE TRIGGER outbox_is_immutable
        BEFORE UPDATE OF id, actor, application_id, kind, base_version, depends_on, command, body_hash, saved_at ON
        outbox BEGIN SELECT RAISE(ABORT, 'a saved command never changes'); END""",
    """CREATE TRIGGER outbox_is_kept BEFORE DELETE ON outbox
        BEGIN SELECT RAISE(ABORT, 'a saved command is never deleted'); END""",
    """CREATE TABLE audit(
        n INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL,
        previous TEXT NOT NULL,
        hash TEXT NOT NULL)""",
    """CREATE TRIGGER audit_is_immutable BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'an audit line never changes'); END""",
    """CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'an audit line is never deleted'); END""",
    """CREATE TABLE draft(
        n INTEGER PRIMARY KEY,
        application_id TEXT NOT NULL,
        actor TEXT NOT NULL,
        saved_at TEXT NOT NULL,
        body TEXT NOT NULL,
        UNIQUE(application_id, actor))""",
    """CREATE TABLE form(
        n INTEGER PRIMARY KEY,
        number TEXT NOT NULL UNIQUE,
        application_id TEXT NOT NULL,
        command_id TEXT NOT NULL UNIQUE,
        actor TEXT NOT NULL,
        digest TEXT NOT NULL,
        content_version INTEGER NOT NULL,
        made_at TEXT NOT NULL)""",
    "CREATE INDEX form_application ON form(application_id)",
    f"""CREATE TABLE print_record(
        n INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        form_number TEXT NOT NULL,
        application_id TEXT NOT NULL,
        actor TEXT NOT NULL,
        digest TEXT NOT NULL,
        form_state TEXT NOT NULL,
        printed_at TEXT NOT NULL,
        copies INTEGER NOT NULL,
        reprint INTEGER NOT NULL,
        to_file INTEGER NOT NULL,
        {_PERHAPS})""",
    "CREATE INDEX print_form ON print_record(form_number)",
    """CREATE TABLE recall(
        n INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        form_number TEXT NOT NULL,
        actor TEXT NOT NULL,
        at TEXT NOT NULL,
        copies INTEGER NOT NULL)""",
    "CREATE INDEX recall_form ON recall(form_number)",
    f"""CREATE TABLE lease(
        n INTEGER PRIMARY KEY,
        region TEXT NOT NULL,
        year INTEGER NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        next INTEGER NOT NULL,
        {", ".join(_LEASE_COLUMNS)},
        UNIQUE(region, year, first))""",
    _ACTIVATION_CODE,
    "CREATE TABLE setting(n INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, value TEXT NOT NULL)",
)


_DIARY = (
    """CREATE TABLE attempt(
        n INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        call TEXT NOT NULL,
        kind TEXT NOT NULL,
        code TEXT NOT NULL,
        status INTEGER NOT NULL,
        took_ms INTEGER NOT NULL,
        request_id TEXT NOT NULL,
        next_try TEXT,
        commands TEXT NOT NULL)""",
    "CREATE TABLE lamp_change(n INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, code TEXT NOT NULL)",
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of migration: brings a file to ``major.minor``."""

    major: int
    minor: int
    statements: tuple[str, ...]
    rewrites_outbox: bool = False


STEPS: tuple[Step, ...] = (
    Step(1, 1, _DIARY),
    Step(1, 2, (*_RECEIPTS, *_HANDOVERS, *_OUTAGES)),
    # Leases end, and activation codes come with them.
    Step(1, 3, (*(f"ALTER TABLE lease ADD COLUMN {column}" for column in _LEASE_COLUMNS), _ACTIVATION_CODE)),
    Step(1, 4, (f"ALTER TABLE print_record ADD COLUMN {_PERHAPS}",)),
)
"""In order; a new version appends its step and raises :data:`MAJOR` or :data:`MINOR`."""


def create(conn: Connection) -> None:
    """Make all tables in an empty file; runs inside a transaction."""
    for statement in (*_SYNCED, *_OWN, *_DIARY, *_RECEIPTS, *_HANDOVERS, *_OUTAGES):
        conn.execute(statement)
    index.create(conn)
    set_version(conn, MAJOR, MINOR)


def version_of(conn: Connection) -> tuple[int, int]:
    """Return the file's version; (0, 0) is an empty file."""
    return divmod(int(scalar(conn, "PRAGMA user_version")), _MAJOR_FACTOR)


def set_version(conn: Connection, major: int, minor: int) -> None:
    """Write the version; part of the transaction that makes it true."""
    conn.execute(f"PRAGMA user_version = {major * _MAJOR_FACTOR + minor}")


def missing_steps(conn: Connection, steps: tuple[Step, ...] = STEPS) -> tuple[Step, ...]:
    """Return what has to be done to the file before this program may use it.

    Raises:
        KnownFault: ``cache_newer`` if a later program wrote the file; ``cache_migration_waits`` if a step would rewrite
            commands whose answer is still on its way: the program that sent them must receive it first (``sync.md``
            §5.9).
    """
    found = version_of(conn)
    newest = max([(MAJOR, MINOR), *((step.major, step.minor) for step in steps)])
    if found[0] > newest[0]:
        raise KnownFault("cache_newer", found=f"{found[0]}.{found[1]}", known=f"{newest[0]}.{newest[1]}")
    missing = tuple(step for step in steps if (step.major, step.minor) > found)
    in_flight = "SELECT count(*) FROM outbox WHERE state = 'in_flight'"
    if any(step.rewrites_outbox for step in missing) and scalar(conn, in_flight):
        raise KnownFault("cache_migration_waits")
    return missing


def apply_step(conn: Connection, step: Step) -> None:
    """Run one step; inside a transaction of its own."""
    for statement in step.statements:
        conn.execute(statement)
    set_version(conn, step.major, step.minor)
