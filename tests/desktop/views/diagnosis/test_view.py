"""The real panel, offscreen, as wide as it stands in 同步中心: its keys, its words fit, it moves while it is seen."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from medreg_core.domain.records import AccountId, CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.app.support import SupportDesk
from medreg_desktop.services.cache.outbox import OutboxState, Resolution
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.services.support import explain
from medreg_desktop.services.support.explain import Topic
from medreg_desktop.services.support.readiness import Situation, readiness
from medreg_desktop.services.sync.forecast import Forecast, Prospect, Rehearsed
from medreg_desktop.services.sync.lamp import Lamp, LampKind
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.transport.attempts import Attempt
from medreg_desktop.services.transport.trouble import TroubleKind
from medreg_desktop.ui.theme import Mode, Theme
from medreg_desktop.ui.widgets.tabs import LEAD
from medreg_desktop.views.diagnosis.box import DiagnosisBox
from medreg_desktop.views.diagnosis.bundle_presenter import BundlePresenter
from medreg_desktop.views.diagnosis.presenter import DiagnosisPresenter
from medreg_desktop.views.diagnosis.state import About, Page
from medreg_desktop.views.diagnosis.view import DiagnosisPanel
from tests.desktop.review.office import Office
from tests.desktop.support.rows import NOW, row
from tests.desktop.views.diagnosis.test_presenter import FakeSources
from tests.helpers.qt import clipped, close, nameless, picture, settle
from tests.helpers.runners import ImmediateRunner

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)

Key = Qt.Key
CODES = ("server_unreachable", "server_error", "captive_portal", "session_expired", "interrupted", "")

DUE = NOW + timedelta(seconds=75)
HELD = Forecast(CommandId("c1"), Prospect.NEEDS_YOU)
REHEARSED = Rehearsed(3, 3, 2, affected=(HELD,), sends_at=DUE, holds_until=DUE)


def lamp(kind: LampKind, code: str = "", **more: object) -> SyncReport:
    made = Lamp(kind, 1, 3, 12, NOW - timedelta(minutes=40), DUE, 17, code)
    return replace(SyncReport(lamp=made, needs_you=1), **more)  # type: ignore[arg-type]  # own fields


LAMPS = {
    Topic.NEEDS_YOU: lamp(LampKind.NEEDS_YOU),
    Topic.BLOCKED: lamp(LampKind.NEEDS_YOU, "client_too_old", needs_you=0),
    Topic.SIGN_IN: lamp(LampKind.SIGN_IN, "session_expired"),
    Topic.NETWORK_SIGN_IN: lamp(LampKind.NETWORK_SIGN_IN, "tls_pin_mismatch"),
    Topic.CLOCK: lamp(LampKind.CLOCK, "clock_wrong"),
    Topic.SERVER_SILENT: lamp(LampKind.SERVER_SILENT, "server_silent"),
    Topic.OFFLINE: lamp(LampKind.OFFLINE, "server_unreachable"),
    Topic.SENDING: lamp(LampKind.SENDING),
    Topic.PAUSED: lamp(LampKind.SENDING, "paused"),
    Topic.RECEIVING: lamp(LampKind.SENDING, "receiving"),
    Topic.RESYNC: lamp(LampKind.SENDING, "receiving", resync_reason="resync"),
    Topic.REMOVALS_HELD: lamp(LampKind.SENDING, "receiving", removals_held=True),
    Topic.REHEARSAL: lamp(LampKind.SENDING, rehearsed=REHEARSED),
    Topic.SYNCED: lamp(LampKind.SYNCED),
}
OFFLINE = lamp(LampKind.OFFLINE, "server_unreachable")
ROWS = {
    Topic.ROW_SYNCED: None,
    Topic.ROW_WAITING: row(OutboxState.QUEUED),
    Topic.ROW_HELD: row(OutboxState.QUEUED),
    Topic.ROW_SENDING: row(OutboxState.IN_FLIGHT),
    Topic.ROW_DEFERRED: row(OutboxState.DEFERRED, last_cause="deferred"),
    Topic.ROW_CONFLICT: row(OutboxState.NEEDS_YOU, OutcomeKind.CONFLICT, last_cause="version_conflict"),
    Topic.ROW_REFUSED: row(OutboxState.NEEDS_YOU, OutcomeKind.REJECTED, last_cause="check_failed"),
    Topic.ROW_LOST: row(OutboxState.NEEDS_YOU, OutcomeKind.ACCEPTED, last_cause="lost_by_server"),
    Topic.ROW_QUARANTINED: row(OutboxState.QUARANTINED, last_cause="poison"),
    Topic.ROW_ACCEPTED: row(OutboxState.DONE, OutcomeKind.ACCEPTED),
    Topic.ROW_CLOSED: row(OutboxState.DONE, resolution=Resolution.CANCELLED),
}


class Opened:
    """The panel as wide as it stands in 同步中心, over a real copy."""

    def __init__(self, qtbot: QtBot, office: Office, folder: Path) -> None:
        self.qtbot, self.sources, self.folder = qtbot, FakeSources(), folder
        self.sources.about = About("同意  欧阳鹮蓼  变更")
        for number in range(30):
            code = CODES[number % len(CODES)]
            kind = list(TroubleKind)[number % len(TroubleKind)].value if code else ""
            at = NOW - timedelta(seconds=30 - number)
            call = ("commands", "changes", "hello", "snapshot")[number % 4]
            self.sources.diary.log.record(Attempt(at, call, kind, code, 500, 30_400, "3f2a91", DUE), ["c1"])
        self.panel = DiagnosisPanel()
        runner = ImmediateRunner()
        self.presenter = DiagnosisPresenter(self.panel, self.sources, runner)
        settings = Settings(folder / "settings")
        desk = SupportDesk(office.store, office.clock, self.sources.diary, AccountId("w"), settings, lambda: "token")
        self.bundles = BundlePresenter(
            self.panel.bundle, desk, runner, lambda: self.sources.report, self.sources.readiness
        )
        self.panel.attach(self.presenter, self.bundles)
        self.panel.resize(506, 620)
        self.panel.show()
        self.panel.activateWindow()
        qtbot.waitUntil(self.panel.isActiveWindow)

    def show(self, topic: Topic) -> None:
        """Bring a topic about."""
        self.sources.report = LAMPS.get(topic, OFFLINE)
        if topic is Topic.ROW_HELD:
            self.sources.report = LAMPS[Topic.REHEARSAL]
        if topic in LAMPS:
            self.presenter.explain_lamp()
        else:
            self.sources.about = About("同意  欧阳鹮蓼  变更", ROWS[topic])
            self.presenter.explain_command(CommandId("c1"))
        settle()

    def key(self, which: Key) -> None:
        self.qtbot.keyClick(QApplication.focusWidget() or self.panel, which)
        settle()


def test_the_box_closes_though_what_had_the_keyboard_below_is_gone(opened: Opened) -> None:
    """Sync has drawn the review's ticks anew meanwhile: F1 asked nothing there any more."""
    below = QWidget()
    field = QLineEdit(below)
    below.show()
    field.setFocus()
    box = DiagnosisBox(DiagnosisPanel(), below)
    closed: list[bool] = []
    box.closed.connect(lambda: closed.append(True))
    box.open()
    field.deleteLater()
    settle()
    box.close()
    settle()
    assert closed == [True]
    close(below)


@pytest.fixture
def opened(qtbot: QtBot, office: Office, theme: Theme, tmp_path: Path) -> Iterator[Opened]:
    one = Opened(qtbot, office, tmp_path)
    yield one
    one.panel.close_work()
    close(one.panel)


def test_every_topic_can_be_shown_here() -> None:
    assert set(LAMPS) | set(ROWS) == set(Topic)


@pytest.mark.parametrize("topic", list(Topic))
def test_every_explanation_fits_says_all_and_has_names(opened: Opened, topic: Topic, theme: Theme) -> None:
    opened.show(topic)
    for mode, size in ((Mode.LIGHT, (506, 620)), (Mode.DARK, (506, 500))):
        theme.set_mode(mode)
        opened.panel.resize(*size)
        settle()
        assert clipped(opened.panel) == []
        assert nameless(opened.panel) == []
    said = [label.text() for label in opened.panel.why.sentences.values()]
    assert all(said)
    assert not any("{" in text or "None" in text for text in said)
    found = explain.of_lamp(opened.sources.report, opened.sources.diary)
    assert topic not in LAMPS or found.topic is topic


def test_the_table_keeps_its_place_while_the_seconds_pass(opened: Opened) -> None:
    opened.show(Topic.OFFLINE)
    table = opened.panel.why.table
    table.select_row(7)
    opened.sources.seconds = 5
    opened.presenter.renew()
    assert table.current_row == 7
    assert opened.panel.why.model.rows[0].n == 30
    assert len(opened.panel.why.model.rows) == 20
    opened.sources.diary.log.record(Attempt(NOW, "ping"))
    opened.presenter.renew()
    assert table.current_row == 8, "the same exchange, one line further down"


def test_it_counts_only_while_it_is_seen(opened: Opened) -> None:
    assert opened.panel._second.isActive()
    opened.panel.hide()
    assert not opened.panel._second.isActive()
    opened.panel.show()
    assert opened.panel._second.isActive()


def test_arrows_change_the_page_escape_closes_and_enter_decides_nothing(opened: Opened) -> None:
    closed: list[bool] = []
    opened.panel.closed.connect(lambda: closed.append(True))
    opened.show(Topic.SYNCED)
    opened.panel.focus_first()
    opened.key(Key.Key_Return)
    assert closed == []
    opened.key(Key.Key_Right)
    assert opened.panel.offline.isVisible()
    opened.key(Key.Key_Right)
    assert opened.panel.bundle.isVisible()
    opened.key(Key.Key_Escape)
    assert closed == [True]


def test_copying_says_so_and_puts_codes_on_the_clipboard(opened: Opened) -> None:
    opened.show(Topic.ROW_QUARANTINED)
    opened.panel.why.copy.click()
    text = QApplication.clipboard().text()
    assert "3f2a91" in text
    assert "欧阳" not in text
    assert opened.panel.why._notice.text() == "已复制，不含个人信息。"


@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_the_other_pages_fit_too(opened: Opened, theme: Theme, mode: Mode, scale: float) -> None:
    theme.set_mode(mode)
    for page in (Page.OFFLINE, Page.BUNDLE):
        opened.presenter.choose(page)
        opened.bundles.prepare()
        opened.panel.resize(506, 500)
        settle()
        assert clipped(opened.panel) == []
        assert nameless(opened.panel) == []
        assert not picture(opened.panel, scale).isNull()


def test_the_verdict_stands_where_the_words_of_the_tabs_begin(opened: Opened) -> None:
    opened.presenter.choose(Page.OFFLINE)
    settle()
    panel = opened.panel
    edge = panel.tabs.mapTo(panel, QPoint(LEAD, 0)).x()
    for words in (panel.offline._word, panel.offline._hint):
        assert words.mapTo(panel, words.contentsRect().topLeft()).x() == edge


def test_the_verdict_is_drawn_anew_only_when_it_says_something_else(opened: Opened) -> None:
    page = opened.panel.offline
    page.show_readiness(readiness(Situation(data_age=timedelta(minutes=1))))
    first = page.rows.layout().itemAt(0).widget()  # type: ignore[union-attr]  # it has a layout
    page.show_readiness(readiness(Situation(data_age=timedelta(minutes=2))))
    assert page.rows.layout().itemAt(0).widget() is first  # type: ignore[union-attr]
    page.show_readiness(readiness(Situation(data_age=timedelta(hours=9))))
    assert page.rows.layout().itemAt(0).widget() is not first  # type: ignore[union-attr]


def test_the_bundle_is_read_by_keys_and_saved_where_the_dialog_says(opened: Opened, tmp_path: Path) -> None:
    opened.presenter.choose(Page.BUNDLE)
    opened.bundles.prepare()
    page = opened.panel.bundle
    assert '"program"' in page.content.toPlainText()
    page.table.setFocus()
    opened.key(Key.Key_Down)
    assert '"attempts"' in page.content.toPlainText()
    page.save.click()
    dialog = page.findChild(QFileDialog)
    assert dialog is not None
    assert Path(dialog.selectedFiles()[0]).name.startswith("medreg-support-2026")
    dialog.fileSelected.emit(str(tmp_path / "b.zip"))
    dialog.close()
    settle()
    assert zipfile.is_zipfile(tmp_path / "b.zip")
    assert page.news.isVisible()
    assert "b.zip" in page.news.accessibleName()
    page.save_wanted.emit(tmp_path / "gone" / "b.zip")
    assert "gone" in page.news.accessibleName()
