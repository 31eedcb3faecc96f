"""What 诊断 explains, that it follows what happens, and that the clipboard holds nothing of a person."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec
import pytest

from medreg_core.domain.records import ApplicationId, CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.support.explain import Topic
from medreg_desktop.services.support.readiness import Readiness, Situation, readiness
from medreg_desktop.services.sync.diary import Diary
from medreg_desktop.services.sync.lamp import Lamp, LampKind
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.texts import translator
from medreg_desktop.services.transport.attempts import Attempt
from medreg_desktop.views.diagnosis import words
from medreg_desktop.views.diagnosis.presenter import DiagnosisPresenter
from medreg_desktop.views.diagnosis.state import About, Page, ScreenState
from tests.architecture.sources import chinese
from tests.desktop.support.rows import NOW, StillClock, row
from tests.helpers.runners import ManualRunner

pytestmark = pytest.mark.usefixtures("chinese_words")

NAME = "欧阳鹮蓼"
COMMAND = CommandId("c1")


@pytest.fixture
def chinese_words(same_language: None) -> None:
    translator.install([json.dumps(chinese())])


@dataclass
class FakeView:
    states: list[ScreenState] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)

    @property
    def state(self) -> ScreenState:
        return self.states[-1]

    def show_state(self, state: ScreenState) -> None:
        self.states.append(state)

    def copy_text(self, text: str) -> None:
        self.copied.append(text)


@dataclass
class FakeSources:
    report: SyncReport = field(default_factory=SyncReport)
    diary: Diary = field(default_factory=lambda: Diary(StillClock()))
    about: About | None = None
    seconds: float = 0.0
    fault: str = ""

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def readiness(self) -> Readiness:
        return readiness(Situation(unsent=self.report.unsent))

    def command(self, command_id: CommandId) -> About | None:
        if self.fault:
            raise KnownFault(self.fault)
        return self.about

    def application(self, application_id: ApplicationId) -> About | None:
        return self.about


class Bench:
    def __init__(self) -> None:
        self.view, self.sources, self.reading = FakeView(), FakeSources(), ManualRunner()
        self.presenter = DiagnosisPresenter(self.view, self.sources, self.reading)

    @property
    def topic(self) -> Topic:
        assert self.view.state.explanation is not None
        return self.view.state.explanation.topic


def test_the_lamp_is_explained_and_followed_while_it_changes() -> None:
    bench = Bench()
    bench.presenter.explain_lamp()
    assert bench.topic is Topic.OFFLINE
    bench.sources.report = SyncReport(lamp=Lamp(LampKind.SYNCED))
    bench.presenter.renew()
    assert bench.topic is Topic.SYNCED


def test_the_seconds_to_the_next_try_count_down() -> None:
    bench = Bench()
    due = NOW + timedelta(seconds=23)
    bench.sources.report = SyncReport(lamp=Lamp(LampKind.SERVER_SILENT, next_try_at=due))
    bench.presenter.explain_lamp()
    found = bench.view.state.explanation
    assert found is not None
    assert "23" in words.next_words(found, bench.view.state.now)
    bench.sources.seconds = 22
    bench.presenter.renew()
    assert " 1 " in words.next_words(found, bench.view.state.now)
    bench.sources.seconds = 24
    bench.presenter.renew()
    assert "正在试" in words.next_words(found, bench.view.state.now)


def test_a_decision_is_explained_and_read_again_when_the_copy_changes() -> None:
    bench = Bench()
    bench.sources.about = About(f"同意  {NAME}", row(OutboxState.QUEUED))
    bench.presenter.explain_command(COMMAND)
    bench.reading.release_all()
    assert bench.topic is Topic.ROW_WAITING
    bench.sources.about = About(f"同意  {NAME}", row(OutboxState.NEEDS_YOU, OutcomeKind.CONFLICT))
    bench.presenter.reread()
    bench.presenter.reread()
    assert len(bench.reading.queue) == 1
    bench.reading.release_all()
    assert bench.topic is Topic.ROW_CONFLICT


def test_a_late_answer_about_another_decision_changes_nothing() -> None:
    bench = Bench()
    bench.sources.about = About(NAME, row(OutboxState.QUEUED))
    bench.presenter.explain_command(COMMAND)
    bench.presenter.explain_lamp()
    bench.reading.release_all()
    assert bench.view.state.about is None
    assert bench.topic is Topic.OFFLINE


def test_a_decision_of_somebody_else_is_not_explained_but_the_lamp() -> None:
    bench = Bench()
    bench.presenter.explain_command(COMMAND)
    bench.reading.release_all()
    assert bench.topic is Topic.OFFLINE


def test_an_application_without_a_decision_says_that_nothing_waits() -> None:
    bench = Bench()
    bench.sources.about = About(NAME)
    bench.presenter.explain_application(ApplicationId("a"))
    bench.reading.release_all()
    assert bench.topic is Topic.ROW_SYNCED
    bench.presenter.choose(Page.OFFLINE)
    assert bench.view.state.page is Page.OFFLINE
    assert bench.view.state.readiness is not None


def test_a_decision_found_through_its_application_is_followed_to_its_end() -> None:
    bench = Bench()
    bench.sources.about = About(NAME, row(OutboxState.QUEUED))
    bench.presenter.explain_application(ApplicationId("a"))
    bench.reading.release_all()
    bench.sources.about = About(NAME, row(OutboxState.DONE, OutcomeKind.ACCEPTED))
    bench.sources.application = lambda _id: None  # type: ignore[method-assign]  # nothing waits on it any more
    bench.presenter.reread()
    bench.reading.release_all()
    assert bench.topic is Topic.ROW_ACCEPTED


def test_trouble_with_the_copy_is_said_in_the_panel() -> None:
    bench = Bench()
    bench.sources.fault = "cache_damaged"
    bench.presenter.explain_command(COMMAND)
    bench.reading.release_all()
    assert bench.view.state.problem == "cache_damaged"
    bench.presenter.explain_lamp()
    assert bench.view.state.problem == ""


def test_the_clipboard_holds_no_name_and_no_word_from_the_other_side() -> None:
    bench = Bench()
    told = replace(row(OutboxState.NEEDS_YOU, OutcomeKind.REJECTED), last_cause="clock_wrong")
    assert told.outcome is not None
    outcome = msgspec.structs.replace(told.outcome, params={"minutes": f"{NAME} 13912345678", "status": "500"})
    bench.sources.about = About(f"同意  {NAME}", replace(told, outcome=outcome))
    bench.sources.diary.log.record(Attempt(NOW, "commands", "server", "server_error", 500, 1200, NAME, NOW), [COMMAND])
    bench.presenter.explain_command(COMMAND)
    bench.reading.release_all()
    bench.presenter.copy()
    text = bench.view.copied[0]
    assert NAME not in text
    assert "1391234" not in text
    assert "server_error 500 1200 ms" in text
    assert COMMAND in text
    assert bench.view.state.notice


def test_what_is_closed_shows_nothing_more() -> None:
    bench = Bench()
    bench.presenter.explain_lamp()
    bench.presenter.close()
    shown = len(bench.view.states)
    bench.presenter.renew()
    bench.reading.release_all()
    assert len(bench.view.states) == shown


def test_every_moment_and_span_has_its_words() -> None:
    bench = Bench()
    bench.presenter.explain_lamp()
    found = bench.view.state.explanation
    assert found is not None
    for span in (timedelta(), timedelta(minutes=5), timedelta(hours=30)):
        assert words.since_words(replace(found, since=NOW - span), NOW)
    assert words.since_words(replace(found, since=None), NOW) == ""
    assert words.took_words(Attempt(NOW, "ping", took_ms=25)) == "25 毫秒"
    assert "2.5" in words.took_words(Attempt(NOW, "ping", took_ms=2_500))
