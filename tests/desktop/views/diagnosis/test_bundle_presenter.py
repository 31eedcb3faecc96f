"""The page of the support bundle: what is shown is what is saved, slow work never on the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.support.bundle import Bundle, Part
from medreg_desktop.services.support.contents import SettingsFacts
from medreg_desktop.services.support.readiness import Readiness, Situation, readiness
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.views.diagnosis.bundle_presenter import BundlePresenter, BundleState
from tests.desktop.support.rows import NOW
from tests.helpers.runners import ManualRunner

CHOICES = SettingsFacts("", "zh_CN", "light", "compact", 10, False, 10, False, False, 0)


@dataclass
class FakeView:
    states: list[BundleState] = field(default_factory=list)

    @property
    def state(self) -> BundleState:
        return self.states[-1]

    def show_bundle(self, state: BundleState) -> None:
        self.states.append(state)


@dataclass
class FakeSupport:
    made: int = 0
    saved: list[tuple[Bundle, Path]] = field(default_factory=list)
    fault: KnownFault | None = None
    asked: list[str] = field(default_factory=list)

    def settings(self) -> SettingsFacts:
        self.asked.append("settings")
        return CHOICES

    def prepare(self, settings: SettingsFacts, report: SyncReport, offline: Readiness) -> Bundle:
        self.asked.append("prepare")
        self._fail()
        self.made += 1
        return Bundle(NOW, (Part("program.json", str(self.made).encode()),))

    def save(self, made: Bundle, path: Path) -> int:
        self._fail()
        self.saved.append((made, path))
        return 2048

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault


class Bench:
    def __init__(self) -> None:
        self.view, self.support, self.background = FakeView(), FakeSupport(), ManualRunner()
        offline: Callable[[], Readiness] = lambda: readiness(Situation())  # noqa: E731 - one value
        self.presenter = BundlePresenter(self.view, self.support, self.background, SyncReport, offline)


def test_it_is_made_off_the_windows_thread_and_saved_as_shown(tmp_path: Path) -> None:
    bench = Bench()
    bench.presenter.prepare()
    assert bench.support.asked == ["settings"]
    assert bench.view.state.is_busy
    bench.background.release_all()
    shown = bench.view.state.bundle
    assert shown is not None
    bench.presenter.save(tmp_path / "b.zip")
    assert bench.support.saved == []
    bench.background.release_all()
    assert bench.support.saved == [(shown, tmp_path / "b.zip")]
    assert (bench.view.state.saved_as, bench.view.state.saved_bytes) == ("b.zip", 2048)


def test_only_the_newest_is_shown_and_nothing_is_saved_while_it_is_made(tmp_path: Path) -> None:
    bench = Bench()
    bench.presenter.prepare()
    bench.presenter.prepare()
    bench.presenter.save(tmp_path / "b.zip")
    bench.background.release_all()
    assert [state.bundle.parts[0].content for state in bench.view.states if state.bundle] == [b"2"]
    assert bench.support.saved == []


@pytest.mark.parametrize("when", ["prepare", "save"])
def test_what_stands_in_the_way_is_said_and_can_be_tried_again(when: str, tmp_path: Path) -> None:
    bench = Bench()
    if when == "save":
        bench.presenter.prepare()
        bench.background.release_all()
    bench.support.fault = KnownFault("bundle_not_clean", part="log.jsonl")
    (bench.presenter.prepare if when == "prepare" else lambda: bench.presenter.save(tmp_path / "b.zip"))()
    bench.background.release_all()
    assert "log.jsonl" in bench.view.state.problem
    assert not bench.view.state.is_busy
    bench.support.fault = None
    bench.presenter.prepare()
    bench.background.release_all()
    assert bench.view.state.problem == ""
    assert bench.view.state.bundle is not None


def test_another_part_is_looked_at_and_a_closed_page_hears_nothing_more() -> None:
    bench = Bench()
    bench.presenter.prepare()
    bench.presenter.look_at("log.jsonl")
    assert bench.view.state.shown == "log.jsonl"
    bench.presenter.close()
    bench.background.release_all()
    assert bench.view.state.bundle is None
