"""A local copy that an older program left behind, opened by this one (``sync.md`` §5.9)."""

from __future__ import annotations

from pathlib import Path

import pytest

from medreg_core.domain.records import AccountId
from medreg_desktop.services.cache import commands, leases, outbox, schema, synced
from medreg_desktop.services.cache.connection import connect
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from tests.desktop.cache.office import KEY, NOW, StillClock
from tests.older.recording import cache_1_0, wire

ACTOR = AccountId(wire().account["id"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file as the older program left it when it was killed, one command still on its way."""
    file = tmp_path / "cache.db"
    recorded = cache_1_0()
    conn = connect(file, KEY)
    for statement in recorded.statements:
        conn.execute(statement)
    for name, table in recorded.rows.items():
        marks = ", ".join("?" * len(table.columns))
        columns = ", ".join(table.columns)
        conn.executemany(f"INSERT INTO {name}({columns}) VALUES({marks})", table.rows)
    conn.execute(f"PRAGMA user_version = {recorded.user_version}")
    conn.close()
    return file


def rows_of(name: str) -> list[dict[str, object]]:
    table = cache_1_0().rows[name]
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_everything_in_it_is_there_after_the_migration(path: Path) -> None:
    store = CacheStore.open(path, KEY, StillClock())
    assert store.write(schema.version_of) == (schema.MAJOR, schema.MINOR)
    held = store.write(lambda conn: outbox.rows(conn, ACTOR, open_only=False))
    assert {row.command.id for row in held} == {row["id"] for row in rows_of("outbox")}
    assert {row.state for row in held if row.is_open} >= {OutboxState.IN_FLIGHT, OutboxState.QUEUED}
    assert len(store.write(lambda conn: synced.versions_behind(conn, 0, 1_000)[1])) == len(wire().applications) + 1
    (lease,) = rows_of("lease")
    assert store.write(lambda conn: leases.left(conn, NOW)) == int(str(lease["last"])) - int(str(lease["next"])) + 1
    store.close()


def test_what_was_on_its_way_goes_again_unchanged(path: Path) -> None:
    store = CacheStore.open(path, KEY, StillClock())
    store.write(commands.reclaim)
    (sent,) = [row for row in rows_of("outbox") if row["state"] == "in_flight"]
    row = store.write(lambda conn: outbox.row_of(conn, sent["id"]))  # type: ignore[arg-type] # an id
    assert (row.state, row.sent, row.command.schema) == (OutboxState.QUEUED, True, 1)
    store.close()


def test_a_copy_of_the_file_before_is_kept(path: Path) -> None:
    CacheStore.open(path, KEY, StillClock()).close()
    (kept,) = path.parent.glob("cache.before-*.db")
    conn = connect(kept, KEY)
    assert schema.version_of(conn) == (1, 0)
    assert conn.execute("SELECT count(*) FROM outbox").fetchone() == (len(rows_of("outbox")),)
    conn.close()


def test_commands_on_their_way_are_never_rewritten(path: Path) -> None:
    """A migration that would change them waits for the program that made them to be answered; nothing is touched."""
    rewrite = schema.Step(schema.MAJOR + 1, 0, ("UPDATE outbox SET last_cause = 'x'",), rewrites_outbox=True)
    with pytest.raises(KnownFault) as fault:
        CacheStore.open(path, KEY, StillClock(), (*schema.STEPS, rewrite))
    assert fault.value.code == "cache_migration_waits"
    conn = connect(path, KEY)
    assert schema.version_of(conn) == (1, 0)
    conn.close()
    assert list(path.parent.glob("cache.before-*.db")) == []
