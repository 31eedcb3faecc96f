"""Damage: flipped bytes, cut files, old copies put back. The file is kept aside; what was decided comes back."""

from __future__ import annotations

import errno
import os
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from medreg_core.contract.v1.messages import FormLease
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import FormState
from medreg_desktop.services.cache import (
    applications,
    audit,
    commands,
    drafts,
    leases,
    outbox,
    papers,
    settings,
    sync_state,
)
from medreg_desktop.services.cache import rescue as rescue_module
from medreg_desktop.services.cache.connection import Connection, connect, scalar
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.cache.feed import Feed
from medreg_desktop.services.cache.journal import Journal
from medreg_desktop.services.cache.papers import IssuedForm, PrintRecord
from medreg_desktop.services.cache.rescue import RescueReport, rescue
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from tests.desktop.cache.office import EPOCH, KEY, NOW, WANG, StillClock, agree, application, judge, page, upsert

DECISIONS = 30


def decide(store: CacheStore, number: int) -> None:
    """One decision with everything that belongs to it."""
    entity = application(number)

    def work(conn) -> None:  # type: ignore[no-untyped-def]
        form = leases.take(conn, 2026, NOW)
        command = agree(entity, f"{number:032d}", form)
        papers.issue(conn, IssuedForm(form, entity.id, command.id, WANG, "d", 1, NOW))
        commands.save(conn, command, WANG, NOW, basis=entity)
        papers.add_print(
            conn,
            PrintRecord(f"p{number}", form, entity.id, WANG, "d", FormState.PENDING, NOW, 1, 0, False),  # type: ignore[arg-type]
        )

    store.write(work)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed cache after a day's work."""
    folder = tmp_path_factory.mktemp("day")
    store = CacheStore.open(folder / "cache.db", KEY, StillClock())
    store.write(lambda conn: sync_state.write(conn, epoch=EPOCH, seq="0", cursor="c"))
    store.write(lambda conn: leases.add(conn, FormLease("990100", 2026, 1, 200)))
    rows = [upsert(n, application(n)) for n in range(1, 201)]
    Feed(store, judge).apply_page(page(0, rows))
    for number in range(1, DECISIONS + 1):
        decide(store, number)
    store.write(lambda conn: drafts.save(conn, application(99).id, WANG, Draft(content_version=1, opinion="半句"), NOW))
    store.write(lambda conn: settings.store(conn, "columns", "[2]"))
    store.close()
    return folder


@pytest.fixture
def worked(day: Path, path: Path) -> Path:
    """A copy of that cache, damaged by each test in its own way."""
    shutil.copytree(day, path.parent, dirs_exist_ok=True)
    return path


def flip(path: Path, first: int, count: int) -> None:
    content = bytearray(path.read_bytes())
    for at in range(first, min(first + count, len(content))):
        content[at] ^= 0xFF
    path.write_bytes(bytes(content))


def assert_rescued(path: Path, report: RescueReport, decisions: int = DECISIONS) -> None:
    assert (report.commands, report.prints, report.drafts) == (decisions, decisions, 1)
    assert report.audit_lines == decisions
    assert report.audit_is_whole
    store = CacheStore.open(path, KEY, StillClock())
    rows = store.read(lambda conn: outbox.rows(conn, WANG))
    assert [row.command for row in rows] == [
        agree(application(n), f"{n:032d}", str(row.command.body.form_number))  # type: ignore[union-attr]
        for n, row in enumerate(rows, 1)
    ]
    draft = store.read(lambda conn: drafts.find(conn, application(99).id, WANG))
    assert draft is not None
    assert draft.opinion == "半句"
    assert store.read(audit.first_broken) is None
    assert store.read(lambda conn: settings.find(conn, "columns")) == "[2]"
    used = {row.command.body.form_number for row in rows}  # type: ignore[union-attr]
    assert store.write(lambda conn: leases.take(conn, 2026, NOW)) not in used
    store.close()


def damaged(path: Path) -> str:
    with pytest.raises(KnownFault) as fault:
        CacheStore.open(path, KEY, StillClock())
    return fault.value.code


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.95])
def test_a_cut_file_is_kept_aside_and_all_work_comes_back(worked: Path, clock: StillClock, share: float) -> None:
    content = worked.read_bytes()
    worked.write_bytes(content[: int(len(content) * share)])
    assert damaged(worked) == "cache_damaged"
    report = rescue(worked, KEY, clock)
    assert report.kept_aside is not None
    assert report.kept_aside.read_bytes() == content[: int(len(content) * share)]
    assert_rescued(worked, report)


def test_a_broken_first_page_is_damage_and_not_a_wrong_key(worked: Path, clock: StillClock) -> None:
    flip(worked, 0, 100)
    assert damaged(worked) == "cache_damaged"
    assert_rescued(worked, rescue(worked, KEY, clock))


def test_what_was_perhaps_printed_is_remembered_as_that(worked: Path, clock: StillClock) -> None:
    store = CacheStore.open(worked, KEY, clock)
    known = store.read(lambda conn: papers.prints_of(conn, application(1).id, WANG))
    unsure = replace(known[0], id=CommandId("unsure"), perhaps=True)
    store.write(lambda conn: papers.add_print(conn, unsure))
    store.close()
    worked.unlink()
    rescue(worked, KEY, clock)
    store = CacheStore.open(worked, KEY, clock)
    assert store.read(lambda conn: papers.prints_of(conn, application(1).id, WANG)) == [*known, unsure]
    store.close()


def test_a_vanished_file_is_rebuilt_from_the_journal(worked: Path, clock: StillClock) -> None:
    worked.unlink()
    assert damaged(worked) == "cache_damaged"
    report = rescue(worked, KEY, clock)
    assert report.kept_aside is None
    assert_rescued(worked, report)


def test_the_log_of_a_vanished_file_is_not_replayed_into_the_rebuilt_one(worked: Path, clock: StillClock) -> None:
    store = CacheStore.open(worked, KEY, clock)
    decide(store, 41)
    log = worked.with_name("cache.db-wal").read_bytes()
    store.close()
    worked.unlink()
    worked.with_name("cache.db-wal").write_bytes(log)  # a scanner took the file away from a killed program
    report = rescue(worked, KEY, clock)
    assert report.commands == DECISIONS + 1
    rescued = CacheStore.open(worked, KEY, clock)
    assert len(rescued.read(lambda conn: outbox.rows(conn, WANG))) == DECISIONS + 1
    rescued.close()
    assert list(worked.parent.glob("cache.damaged-*-wal")), "nothing that was found is thrown away"


def test_without_a_journal_the_readable_pages_give_the_work(worked: Path, clock: StillClock) -> None:
    worked.with_suffix(".journal").unlink()
    flip(worked, worked.stat().st_size // 2, 50)
    assert rescue(worked, KEY, clock).commands == DECISIONS


def test_with_nothing_that_opens_nothing_is_touched(worked: Path, clock: StillClock) -> None:
    worked.with_suffix(".journal").unlink()
    flip(worked, 0, 100)
    with pytest.raises(KnownFault) as fault:
        rescue(worked, KEY, clock)
    assert fault.value.code == "cache_key_wrong"
    assert worked.exists()


def test_a_journal_torn_in_the_middle_gives_what_stands_on_both_sides(worked: Path, clock: StillClock) -> None:
    store = CacheStore.open(worked, KEY, clock)
    store.close()
    journal = worked.with_suffix(".journal")
    for number in (41, 42, 43):
        store = CacheStore.open(worked, KEY, clock)
        size = journal.stat().st_size
        decide(store, number)
        store.close()
    flip(journal, size + 60, 40)
    worked.unlink()
    report = rescue(worked, KEY, clock)
    assert report.commands >= DECISIONS + 2


@pytest.mark.logs("the disk is full")
def test_a_journal_that_finds_no_room_to_be_renewed_leaves_the_room_there_is(
    worked: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written of the new one would take from the database the last of what it needs."""
    fsync, fresh = os.fsync, worked.with_suffix(".journal-new")

    def full(descriptor: int) -> None:
        if fresh.exists() and os.fstat(descriptor).st_ino == fresh.stat().st_ino:
            raise OSError(errno.ENOSPC, "")
        fsync(descriptor)

    before = worked.with_suffix(".journal").read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    store = CacheStore.open(worked, KEY, clock)
    store.write(lambda conn: None)  # the journal was to be renewed before
    assert {file.name for file in worked.parent.glob("cache.journal*")} == {"cache.journal"}
    assert worked.with_suffix(".journal").read_bytes() == before
    store.close()


def test_the_rebuilt_file_takes_its_name_only_once_it_is_whole_without_its_log(
    worked: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk with little room the log does not fit into the file when it is closed, and nobody is told."""
    others: list[Connection] = []

    def shared(path: Path, key: bytes, *, read_only: bool = False) -> Connection:
        if path.suffix == ".rebuilding":  # as long as another has it open, closing leaves the log where it is
            others.append(connect(path, key))
            others[-1].execute("PRAGMA journal_mode = WAL")
            scalar(others[-1], "SELECT count(*) FROM sqlite_master")
        return connect(path, key, read_only=read_only)

    worked.unlink()
    monkeypatch.setattr(rescue_module, "connect", shared)
    rescue(worked, KEY, clock)
    shutil.copy(worked, worked.with_name("alone.db"))
    for other in others:
        other.close()
    rebuilt = connect(worked.with_name("alone.db"), KEY)
    assert scalar(rebuilt, "SELECT count(*) FROM outbox") == DECISIONS
    rebuilt.close()


def test_a_rescue_that_finds_no_room_changes_nothing_and_leaves_the_room_there_is(
    worked: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    flip(worked, 0, 100)
    before = {file.name: file.read_bytes() for file in worked.parent.iterdir()}

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "")

    with monkeypatch.context() as disk:
        disk.setattr(Journal, "replace", full)
        with pytest.raises(KnownFault, match="disk_full"):
            rescue(worked, KEY, clock)
    assert {file.name: file.read_bytes() for file in worked.parent.iterdir()} == before
    assert_rescued(worked, rescue(worked, KEY, clock))


def test_a_writer_that_meets_a_broken_first_page_says_damaged_not_read_only(worked: Path, clock: StillClock) -> None:
    """SQLite then calls the file read-only; a registrar would look for rights on a folder that is all right."""
    store = CacheStore.open(worked, KEY, clock)
    store._writer.submit(lambda: store._conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()).result()
    flip(worked, 4096, 4096)
    store._writer.submit(lambda: store._conn.execute("PRAGMA shrink_memory").fetchall()).result()
    for _ in range(3):
        with pytest.raises(KnownFault) as fault:
            store.write(lambda conn: settings.store(conn, "columns", "[3]"))
        assert fault.value.code == "cache_damaged"
    assert store.is_suspect
    store.close()
    assert damaged(worked) == "cache_damaged"
    assert_rescued(worked, rescue(worked, KEY, clock))


def test_damage_met_at_work_is_noted_and_checked_at_the_next_start(worked: Path, clock: StillClock) -> None:
    size = worked.stat().st_size
    flip(worked, size // 2, 8192 * 6)
    store = CacheStore.open(worked, KEY, clock)
    with pytest.raises(KnownFault) as fault:
        store.read(lambda conn: conn.execute("SELECT body FROM application").fetchall())
    assert fault.value.code == "cache_damaged"
    store.close()
    assert damaged(worked) == "cache_damaged"
    assert_rescued(worked, rescue(worked, KEY, clock))


def test_a_false_alarm_is_checked_and_forgotten(worked: Path, clock: StillClock) -> None:
    worked.with_suffix(".suspect").touch()
    CacheStore.open(worked, KEY, clock).close()
    assert not worked.with_suffix(".suspect").exists()


def test_an_old_copy_put_back_is_noticed_and_the_later_work_comes_back(worked: Path, clock: StillClock) -> None:
    shutil.copy(worked, worked.with_name("yesterday.db"))
    store = CacheStore.open(worked, KEY, clock)
    for number in range(101, 106):
        decide(store, number)
    store.close()
    shutil.copy(worked.with_name("yesterday.db"), worked)
    assert damaged(worked) == "cache_damaged"
    report = rescue(worked, KEY, clock)
    assert report.commands == DECISIONS + 5
    store = CacheStore.open(worked, KEY, clock)
    numbers = [row[0] for row in store.read(lambda conn: conn.execute("SELECT number FROM form").fetchall())]
    assert len(set(numbers)) == DECISIONS + 5
    assert store.write(lambda conn: leases.take(conn, 2026, NOW)) not in numbers
    store.close()


def test_an_old_copy_is_noticed_however_much_was_written_at_once(worked: Path, clock: StillClock) -> None:
    """As after a restored register: every decision ever made here is touched in one transaction."""
    shutil.copy(worked, worked.with_name("yesterday.db"))
    store = CacheStore.open(worked, KEY, clock)

    def work(conn: Connection) -> None:
        commands.save(conn, agree(application(101), f"{101:032d}"), WANG, NOW)
        for number in range(1_100):
            drafts.save(conn, application(number).id, WANG, Draft(content_version=1, opinion="一" * 500), NOW)

    store.write(work)
    store.close()
    shutil.copy(worked.with_name("yesterday.db"), worked)
    assert damaged(worked) == "cache_damaged"
    assert rescue(worked, KEY, clock).commands == DECISIONS + 1


def test_what_the_journal_holds_is_on_the_disk_before_anybody_is_told(
    worked: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_size)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    journal = worked.with_suffix(".journal")
    store = CacheStore.open(worked, KEY, clock)
    store.write(lambda conn: None)  # the journal has been renewed behind it
    assert journal.stat().st_size in synced
    decide(store, 41)
    assert synced[-1] == journal.stat().st_size
    store.close()


def test_a_wrong_key_rescues_nothing_and_touches_nothing(worked: Path, clock: StillClock) -> None:
    before = {file.name: file.read_bytes() for file in worked.parent.iterdir()}
    with pytest.raises(KnownFault) as fault:
        rescue(worked, bytes(32), clock)
    assert fault.value.code == "cache_key_wrong"
    after = {file.name: file.read_bytes() for file in worked.parent.iterdir()}
    assert {name: after[name] for name in before} == before


def test_a_rescue_cut_between_its_renames_is_done_again(worked: Path, clock: StillClock) -> None:
    flip(worked, 0, 100)
    rescue(worked, KEY, clock)
    worked.unlink()  # as if the program had died before the fresh file took its name
    report = rescue(worked, KEY, clock)
    assert report.commands == DECISIONS
    assert report.audit_is_whole


@pytest.mark.parametrize("seed", range(12))
def test_random_damage_loses_no_command(worked: Path, clock: StillClock, seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(dice.randint(1, 6)):
        flip(worked, dice.randrange(worked.stat().st_size), dice.randint(1, 5000))
    report = rescue(worked, KEY, clock)
    assert_rescued(worked, report)
    store = CacheStore.open(worked, KEY, clock)
    store.write(lambda conn: applications.switch_actor(conn, WANG, "王"))
    assert store.read(lambda conn: outbox.counts(conn, WANG)).unsent == DECISIONS
    store.close()


def test_the_rescued_copy_is_filled_again_with_the_decisions_over_it(worked: Path, clock: StillClock) -> None:
    flip(worked, 0, 100)
    rescue(worked, KEY, clock)
    store = CacheStore.open(worked, KEY, clock)
    store.write(lambda conn: applications.switch_actor(conn, WANG, "王"))
    store.write(lambda conn: sync_state.write(conn, epoch=EPOCH, seq="0"))
    Feed(store, judge).apply_page(page(0, [upsert(1, application(1)), upsert(2, application(150))]))
    found = store.read(lambda conn: applications.get(conn, application(1).id))
    assert found is not None
    assert found.shown_state == "agreed"
    store.close()
