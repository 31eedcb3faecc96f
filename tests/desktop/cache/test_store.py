"""The file itself: encrypted, one program at a time, refuses what it must, keeps everything when the disk is full."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from medreg_desktop.services.cache import applications, audit, commands, drafts, schema, settings, sync_state
from medreg_desktop.services.cache.connection import Connection, connect, scalar
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.cache.feed import Feed
from medreg_desktop.services.cache.files import CacheFiles
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from tests.desktop.cache.office import EPOCH, KEY, NOW, WANG, StillClock, agree, application, judge, page, read, upsert

OTHER_KEY = bytes(reversed(KEY))
OURS = schema.MAJOR * 1000 + schema.MINOR


def fault_of(path: Path, key: bytes = KEY, steps: tuple[schema.Step, ...] = schema.STEPS) -> str:
    with pytest.raises(KnownFault) as fault:
        CacheStore.open(path, key, StillClock(), steps)
    return fault.value.code


def test_no_planted_name_stands_in_any_file(store: CacheStore, feed: Feed, path: Path) -> None:
    rows = [application(n) for n in range(1, 200)]
    feed.apply_page(page(0, [upsert(n, row) for n, row in enumerate(rows, 1)]))
    store.write(lambda conn: commands.save(conn, agree(rows[0], "c1"), WANG, NOW, basis=rows[0]))
    store.write(lambda conn: drafts.save(conn, rows[0].id, WANG, Draft(content_version=1, opinion="情况属实"), NOW))
    planted = ["欧阳娜", "11010519491231002X", "201811110110105194912310021", "13800000000", "情况属实", "application"]
    for file in path.parent.iterdir():
        content = file.read_bytes()
        assert [text for text in planted if text.encode() in content] == [], file.name


def test_settings_of_the_connection_hold(store: CacheStore) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "temp_store": 2, "secure_delete": 2}
    found = store.write(lambda conn: {name: scalar(conn, f"PRAGMA {name}") for name in wanted})
    assert found == wanted
    assert store.write(lambda conn: scalar(conn, "PRAGMA cache_size")) <= -128 * 1024


def test_what_was_written_is_there_after_a_restart(store: CacheStore, path: Path, clock: StillClock) -> None:
    store.write(lambda conn: settings.store(conn, "columns", "[1]"))
    store.close()
    again = CacheStore.open(path, KEY, clock)
    assert again.read(lambda conn: settings.find(conn, "columns")) == "[1]"
    again.close()
    CacheStore.open(path, KEY, clock).close()


def test_a_wrong_key_is_told_from_damage_and_harms_nothing(store: CacheStore, path: Path) -> None:
    store.close()
    before = path.read_bytes()
    assert fault_of(path, OTHER_KEY) == "cache_key_wrong"
    assert path.read_bytes() == before
    CacheStore.open(path, KEY, StillClock()).close()


def test_a_second_program_is_refused(store: CacheStore, path: Path) -> None:
    assert fault_of(path) == "cache_in_use"
    code = (
        "import sys; from pathlib import Path; from medreg_desktop.services.cache.files import ProgramLock\n"
        "from medreg_desktop.services.faults import KnownFault\n"
        "try: ProgramLock(Path(sys.argv[1]))\nexcept KnownFault as fault: sys.exit(fault.code)"
    )
    lock = path.with_suffix(".lock")
    done = subprocess.run([sys.executable, "-c", code, str(lock)], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "cache_in_use"


@pytest.mark.parametrize(("version", "code"), [(2000, "cache_newer"), (OURS + 1, None), (OURS, None)])
def test_a_newer_major_is_refused_and_a_newer_minor_is_not(
    store: CacheStore, path: Path, version: int, code: str | None
) -> None:
    store.close()
    conn = connect(path, KEY)
    conn.execute(f"PRAGMA user_version = {version}")
    conn.close()
    if code is not None:
        assert fault_of(path) == code
        return
    CacheStore.open(path, KEY, StillClock()).close()
    conn = connect(path, KEY)
    assert scalar(conn, "PRAGMA user_version") == version
    conn.close()


ADD = schema.Step(schema.MAJOR, schema.MINOR + 1, ("ALTER TABLE setting ADD COLUMN note TEXT",))
REWRITE = schema.Step(2, 0, ("ALTER TABLE outbox ADD COLUMN x TEXT",), rewrites_outbox=True)
BROKEN = schema.Step(schema.MAJOR, schema.MINOR + 2, ("CREATE TABLE made_first(a)", "SELECT * FROM not_there"))


def test_a_migration_keeps_a_copy_of_the_file_before(store: CacheStore, path: Path, clock: StillClock) -> None:
    store.write(lambda conn: settings.store(conn, "a", "1"))
    store.close()
    migrated = CacheStore.open(path, KEY, clock, (ADD,))
    assert read(migrated, "SELECT value, note FROM setting") == [("1", None)]
    assert migrated.write(schema.version_of) == (ADD.major, ADD.minor)
    migrated.close()
    copy = connect(path.with_name(f"cache.before-{ADD.major}.{ADD.minor}.db"), KEY)
    assert copy.execute("SELECT value FROM setting").fetchall() == [("1",)]
    assert schema.version_of(copy) == (schema.MAJOR, schema.MINOR)
    copy.close()


def test_a_migration_cut_between_its_steps_keeps_the_copy_of_the_file_before_it(store: CacheStore, path: Path) -> None:
    store.close()
    mended = schema.Step(BROKEN.major, BROKEN.minor, ("CREATE TABLE made_later(a)",))
    with pytest.raises(Exception, match="not_there"):
        CacheStore.open(path, KEY, StillClock(), (ADD, BROKEN))
    CacheStore.open(path, KEY, StillClock(), (ADD, mended)).close()
    copies = [connect(copy, KEY) for copy in sorted(path.parent.glob("cache.before-*.db"))]
    assert [schema.version_of(copy) for copy in copies] == [(schema.MAJOR, schema.MINOR), (ADD.major, ADD.minor)]
    for copy in copies:
        copy.close()


@pytest.mark.parametrize(
    ("trouble", "code"), [(OSError(errno.ENOSPC, ""), "disk_full"), (PermissionError(), "cache_locked")]
)
def test_a_copy_that_cannot_be_finished_leaves_the_one_there_is(
    store: CacheStore, path: Path, monkeypatch: pytest.MonkeyPatch, trouble: OSError, code: str
) -> None:
    store.close()
    files = CacheFiles(path)
    copy = files.copy_database("1.1")
    whole = copy.read_bytes()

    def torn(_source: Path, target: Path) -> None:
        target.write_bytes(whole[:100])
        raise trouble

    monkeypatch.setattr("shutil.copyfile", torn)
    with pytest.raises(KnownFault) as fault:
        files.copy_database("1.1")
    assert fault.value.code == code
    assert copy.read_bytes() == whole
    assert list(path.parent.glob("*.part")) == []


def test_a_file_of_the_first_version_is_brought_up_to_this_one(store: CacheStore, path: Path) -> None:
    made = schema_of(store)
    store.write(lambda conn: settings.store(conn, "a", "1"))
    store.write(lambda conn: conn.execute("DROP TRIGGER receipt_is_kept"))
    for column in ("expires_at", "proof"):
        store.write(lambda conn, name=column: conn.execute(f"ALTER TABLE lease DROP COLUMN {name}"))  # type: ignore[misc]
    store.write(lambda conn: conn.execute("ALTER TABLE print_record DROP COLUMN perhaps"))
    for table in ("attempt", "lamp_change", "receipt", "handover", "outage", "activation_code"):
        store.write(lambda conn, name=table: conn.execute(f"DROP TABLE {name}"))  # type: ignore[misc]
    store.write(lambda conn: schema.set_version(conn, 1, 0))
    store.close()
    migrated = CacheStore.open(path, KEY, StillClock())
    assert schema_of(migrated) == made
    assert migrated.read(lambda conn: settings.find(conn, "a")) == "1"
    migrated.close()


def schema_of(store: CacheStore) -> set[tuple[object, ...]]:
    """Columns of every table, and the other things; how a table came by a column makes no difference."""
    columns = (
        'SELECT m.name, c.name, c.type, c."notnull", c.dflt_value FROM sqlite_master m, pragma_table_info(m.name) c'
    )
    others = "SELECT name, sql FROM sqlite_master WHERE type <> 'table'"
    return {*read(store, columns), *read(store, others)}


def test_a_failed_migration_leaves_the_file_as_it_was(store: CacheStore, path: Path) -> None:
    store.close()
    with pytest.raises(Exception, match="not_there"):
        CacheStore.open(path, KEY, StillClock(), (ADD, BROKEN))
    conn = connect(path, KEY)
    assert schema.version_of(conn) == (ADD.major, ADD.minor)
    assert scalar(conn, "SELECT count(*) FROM sqlite_master WHERE name = 'made_first'") == 0
    conn.close()


def test_commands_in_flight_hold_back_a_migration_that_rewrites_them(store: CacheStore, path: Path) -> None:
    store.write(lambda conn: commands.save(conn, agree(application(1), "c1"), WANG, NOW))
    store.write(lambda conn: conn.execute("UPDATE outbox SET state = 'in_flight'"))
    store.close()
    assert fault_of(path, steps=(REWRITE,)) == "cache_migration_waits"
    CacheStore.open(path, KEY, StillClock()).close()


def test_an_exception_leaves_nothing_behind(store: CacheStore) -> None:
    def work(conn: object) -> None:
        commands.save(conn, agree(application(1), "c1"), WANG, NOW)  # type: ignore[arg-type]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.write(work)
    assert read(store, "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM audit)") == [(0, 0)]


def test_writers_of_many_threads_take_turns(store: CacheStore) -> None:
    def write_ten(start: int) -> None:
        for n in range(start, start + 10):
            store.write(lambda conn, n=n: commands.save(conn, agree(application(n), f"c{n}"), WANG, NOW))

    threads = [threading.Thread(target=write_ten, args=(start,)) for start in (0, 100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read(store, "SELECT count(*) FROM outbox") == [(40,)]
    assert store.read(audit.first_broken) is None


def test_a_reader_sees_whole_transactions_and_cannot_write(store: CacheStore, feed: Feed) -> None:
    reader = store.reader()
    reader.execute("BEGIN")
    assert scalar(reader, "SELECT count(*) FROM application") == 0
    feed.apply_page(page(0, [upsert(1, application(1))]))
    assert scalar(reader, "SELECT count(*) FROM application") == 0
    reader.execute("ROLLBACK")
    assert scalar(reader, "SELECT count(*) FROM application") == 1
    with pytest.raises(Exception, match="readonly"):
        reader.execute("DELETE FROM application")


def _save_until_it_fails(store: CacheStore) -> tuple[int, str]:
    for n in range(1000):
        try:
            store.write(lambda conn, n=n: commands.save(conn, agree(application(n), f"c{n}"), WANG, NOW))
        except KnownFault as fault:
            return n, fault.code
    return 1000, ""


def test_a_full_disk_refuses_the_decision_and_keeps_the_rest(store: CacheStore) -> None:
    """SQLite's own limit: the write fails exactly as on a full disk, at any page."""
    store.write(lambda conn: conn.execute(f"PRAGMA max_page_count = {scalar(conn, 'PRAGMA page_count') + 3}"))
    saved, code = _save_until_it_fails(store)
    assert (code, saved > 0) == ("disk_full", True)
    assert read(store, "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM audit)") == [(saved, saved)]
    store.write(lambda conn: conn.execute("PRAGMA max_page_count = 100000"))
    store.write(lambda conn: commands.save(conn, agree(application(1), "after"), WANG, NOW))
    assert store.read(audit.first_broken) is None


_CHILD = """
import resource, sys
from pathlib import Path
from medreg_desktop.services.cache import commands
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from tests.desktop.cache.office import KEY, NOW, WANG, StillClock, agree, application
store = CacheStore.open(Path(sys.argv[1]), KEY, StillClock())
store.read(lambda conn: None)
# No file may grow any more: what a full disk does to database, log and journal alike.
largest = max(file.stat().st_size for file in Path(sys.argv[1]).parent.iterdir())
resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 65536, resource.RLIM_INFINITY))
for n in range(5000):
    try:
        store.write(lambda conn: commands.save(conn, agree(application(n), f"c{n}"), WANG, NOW))
    except KnownFault as fault:
        print(fault.code, n, flush=True)
        break
"""


def test_files_that_cannot_grow_lose_no_acknowledged_decision(path: Path, clock: StillClock) -> None:
    child = subprocess.run([sys.executable, "-c", _CHILD, str(path)], capture_output=True, text=True, check=False)
    assert child.stdout, child.stderr
    code, acknowledged = child.stdout.split()
    assert code in {"disk_full", "disk_trouble"}
    store = CacheStore.open(path, KEY, clock)
    assert read(store, "SELECT count(*) FROM outbox") == [(int(acknowledged),)]
    assert store.read(audit.first_broken) is None
    store.close()


def test_a_folder_that_is_a_file_is_named_as_read_only(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("not a folder")
    assert fault_of(tmp_path / "folder" / "cache.db") == "cache_read_only"


def test_switching_the_registrar_is_remembered(store: CacheStore, path: Path, clock: StillClock) -> None:
    store.write(lambda conn: applications.switch_actor(conn, WANG, "王"))
    store.close()
    again = CacheStore.open(path, KEY, clock)
    viewer = again.read(sync_state.viewer)
    assert (viewer.actor, viewer.name, viewer.epoch) == (WANG, "王", EPOCH)
    again.close()
    assert judge(application(1), None).need == 2


def test_a_reader_its_owner_has_closed_does_not_disturb_the_closing(store: CacheStore) -> None:
    store.reader().close()
    store.close()
    store.close()


def taken_by(store: CacheStore) -> Exception | None:
    """Return why the writer takes nothing more; None while it does."""
    try:
        store._writer.submit(lambda: None)
    except RuntimeError as error:
        return error
    return None


def test_what_was_being_written_when_the_copy_closed_is_saved_and_said_to_be(store: CacheStore, path: Path) -> None:
    """The registrar closes the window while his decision is on its way to the disk."""
    closing = threading.Thread(target=store.close)

    def work(conn: Connection) -> audit.AuditLine:
        line = commands.save(conn, agree(application(1), "c1"), WANG, NOW)
        closing.start()
        while not isinstance(taken_by(store), RuntimeError):
            pass
        return line

    assert store.write(work).n == 1
    closing.join()
    again = CacheStore.open(path, KEY, StillClock())
    assert read(again, "SELECT id FROM outbox") == [("c1",)]
    again.close()


def test_whoever_comes_after_the_closing_is_told_that_the_copy_is_closed(store: CacheStore) -> None:
    with store.bulk():
        store.close()
        with pytest.raises(KnownFault, match="cache_closed"):
            store.write(lambda conn: None)
