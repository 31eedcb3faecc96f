"""The diary over a real encrypted copy: trouble survives a restart, a quiet day costs no write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.sync.diary import CHANGES, EVERY_S, Diary
from medreg_desktop.services.sync.lamp import Lamp, LampKind
from medreg_desktop.services.sync.report import SyncReport, Wait
from medreg_desktop.services.transport.attempts import Attempt
from tests.desktop.cache.office import KEY

T = TypeVar("T")


@dataclass
class MovingClock:
    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 23, 2, 0, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class Pc:
    """One computer: the program on it can be killed and started again."""

    path: Path
    clock: MovingClock = field(default_factory=MovingClock)
    writes: int = 0

    def start(self) -> None:
        self.diary = Diary(self.clock)
        self.store = CacheStore.open(self.path, KEY, self.clock)
        write = self.store.write

        def counted(work: Callable[[Connection], T]) -> T:
            self.writes += 1
            return write(work)

        self.store.write = counted  # type: ignore[method-assign]  # counts what reaches the disk
        self.diary.opened(self.store)

    def kill(self) -> None:
        self.store.close()

    def end(self) -> None:
        self.diary.closing()
        self.store.close()

    def poll(self, code: str = "", lamp: LampKind = LampKind.SYNCED) -> None:
        self.clock.seconds += 25
        self.diary.log.record(Attempt(self.clock.now(), "changes", "link" if code else "", code, 0, 25_000))
        due = self.clock.now() + timedelta(seconds=4)
        wait = Wait(1, code, due) if code else Wait()
        self.diary.heard(SyncReport(lamp=Lamp(lamp, code=code), receiving=wait, synced_at=self.clock.now()))


@pytest.fixture
def pc(tmp_path: Path) -> Iterator[Pc]:
    made = Pc(tmp_path / "cache.db")
    made.start()
    yield made
    made.store.close()


def test_a_day_of_quiet_polls_writes_nothing(pc: Pc) -> None:
    for _ in range(2000):
        pc.poll()
    assert pc.writes == 0
    pc.end()
    assert pc.writes == 1


def test_trouble_outlives_a_kill_and_is_written_once_a_minute(pc: Pc) -> None:
    pc.poll()
    began = pc.clock.seconds
    while pc.clock.seconds < began + 10 * EVERY_S:
        pc.poll("server_unreachable", LampKind.OFFLINE)
    assert 2 <= pc.writes <= 11
    pc.kill()
    pc.start()
    kept = [item for item in pc.diary.log.all() if item.code == "server_unreachable"]
    assert kept
    assert all(item.next_try for item in kept)
    assert pc.clock.now() - kept[-1].at < timedelta(seconds=EVERY_S + 50)
    since = pc.diary.lamp_since(Lamp(LampKind.OFFLINE))
    assert since is not None
    assert since.at == datetime(2026, 11, 23, 2, 0, 50, tzinfo=UTC)


def test_what_an_orderly_end_kept_is_neither_doubled_nor_lost(pc: Pc) -> None:
    for _ in range(3):
        pc.poll()
        pc.end()
        pc.start()
    assert [item.n for item in pc.diary.log.all()] == [1, 2, 3]
    pc.end()
    pc.diary.log.record(Attempt(pc.clock.now(), "sign_in"))
    pc.store = CacheStore.open(pc.path, KEY, pc.clock)
    pc.diary.opened(pc.store)
    assert [item.call for item in pc.diary.log.all()] == ["changes", "changes", "changes", "sign_in"]


def test_the_lamps_changes_are_bounded_and_only_changes(pc: Pc) -> None:
    for _ in range(CHANGES):
        pc.poll("server_silent", LampKind.SERVER_SILENT)
        pc.poll("server_error", LampKind.SERVER_SILENT)
        pc.poll()
        pc.poll()
    assert len(pc.diary.lamp_changes()) == CHANGES
    pc.poll("server_silent", LampKind.SERVER_SILENT)
    first = pc.clock.now()
    pc.poll("server_error", LampKind.SERVER_SILENT)
    since = pc.diary.lamp_since(Lamp(LampKind.SERVER_SILENT))
    assert since is not None
    assert since.at == first
    assert pc.diary.lamp_since(Lamp(LampKind.CLOCK)) is None


def test_a_disk_in_trouble_is_no_trouble_of_the_diary(pc: Pc) -> None:
    def full(_work: object) -> None:
        raise KnownFault("disk_full")

    write = pc.store.write
    pc.store.write = full  # type: ignore[method-assign,assignment]  # a full disk
    pc.poll("server_silent", LampKind.SERVER_SILENT)
    pc.store.write = write  # type: ignore[method-assign]
    assert pc.diary.log.all()
