"""信使与小结: what it says of files, outages and receipts; the real window, offscreen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from medreg_core.domain.records import CommandId
from medreg_desktop.services.cache.outages import Outage
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.printing.outage_report import OutageReport, Tally
from medreg_desktop.services.sync.bundles import BundleNote
from medreg_desktop.services.sync.courier_desk import Brought, Carried
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour
from medreg_desktop.views.sync_center.handouts import HandoutsWindow
from medreg_desktop.views.sync_center.handouts_presenter import Handouts, HandoutsPresenter, outage_line
from tests.desktop.cache.office import NOW
from tests.helpers.qt import picture
from tests.helpers.runners import ImmediateRunner, ManualRunner

DECISION = CommandId("c1")
REPORT = OutageReport(
    Outage(1, NOW, NOW, NOW + timedelta(hours=2), ("server_unreachable",), 0, 4),
    "第一医院",
    (("王敏", Tally(decided=4, accepted=3, conflicts=1, recall=2)),),
)


class Source:
    """Records what was asked; raises ``fault`` if it is set."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.fault = ""
        self.left = 0

    def _note(self, *what: object) -> None:
        if self.fault:
            raise KnownFault(self.fault)
        self.asked.append(what)

    def write_to(self, folder: Path) -> None:
        self._note("write", folder)

    def read(self, path: Path) -> Brought:
        self._note("read", path)
        return Brought(5, 3)

    def carry(self, path: Path) -> Carried:
        self._note("carry", path)
        return Carried("x.mra", 5, self.left)

    def outages(self) -> list[OutageReport]:
        return [REPORT]

    def save_outage(self, report: OutageReport, path: Path) -> None:
        self._note("outage", report, path)

    def save_receipt(self, command_id: CommandId, path: Path) -> None:
        self._note("receipt", command_id, path)


class Desk:
    """A presenter with its source, what it showed and opened."""

    def __init__(self) -> None:
        self.source = Source()
        self.states: list[Handouts] = []
        self.opened: list[Path] = []
        self.presenter = HandoutsPresenter(self.source, ImmediateRunner(), self.states.append, self.opened.append)
        self.presenter.open(DECISION, BundleNote())

    @property
    def state(self) -> Handouts:
        return self.states[-1]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_file_is_told_of_when_it_is_written_and_only_then(desk: Desk) -> None:
    desk.presenter.write_to(Path("/stick"))
    desk.presenter.report(BundleNote(is_being_written=True))
    assert "a.mrc" not in desk.state.news
    desk.presenter.report(BundleNote(1, name="a.mrc", carried=7, left=2))
    assert ("a.mrc" in desk.state.news, "7" in desk.state.news, desk.state.is_bad) == (True, True, False)
    shown = len(desk.states)
    desk.presenter.report(BundleNote(1, name="a.mrc", carried=7, left=2))
    assert len(desk.states) == shown


def test_a_file_that_failed_is_told_as_such(desk: Desk) -> None:
    desk.presenter.report(BundleNote(1, code="courier_nothing"))
    assert desk.state.is_bad


def test_what_the_stick_gives_is_told_in_one_line(desk: Desk) -> None:
    desk.presenter.read(Path("/stick/a.mra"))
    assert ("5" in desk.state.news, "3" in desk.state.news) == (True, True)
    desk.presenter.carry(Path("/stick/a.mrc"))
    assert "x.mra" in desk.state.news


@pytest.mark.parametrize("left", [0, 2])
def test_who_carries_is_told_what_has_to_be_brought_again(desk: Desk, left: int) -> None:
    desk.source.left = left
    desk.presenter.carry(Path("/stick/a.mrc"))
    assert ("2 条尚无最终答复" in desk.state.news) == bool(left)


def test_a_file_that_was_written_at_once_is_not_said_to_be_written_still() -> None:
    """Sync tells of it on its own way, which may be the shorter one."""
    states: list[Handouts] = []
    runner = ManualRunner()
    presenter = HandoutsPresenter(Source(), runner, states.append, lambda _path: None)
    presenter.open(None, BundleNote())
    presenter.write_to(Path("/stick"))
    assert states[-1].news == "正在写出…"
    presenter.report(BundleNote(1, name="a.mrc", carried=7))
    runner.release_all()
    assert "a.mrc" in states[-1].news


@pytest.mark.parametrize("code", ["courier_cut", "courier_forged", "server_unreachable"])
def test_a_bad_file_gets_its_sentence(desk: Desk, code: str) -> None:
    desk.source.fault = code
    desk.presenter.carry(Path("/stick/a.mrc"))
    assert desk.state.is_bad
    assert desk.state.news


def test_a_saved_page_is_shown(desk: Desk) -> None:
    desk.presenter.save_outage(0, Path("/tmp/o.pdf"))
    desk.presenter.save_receipt(Path("/tmp/r.pdf"))
    assert desk.opened == [Path("/tmp/o.pdf"), Path("/tmp/r.pdf")]
    assert desk.source.asked == [("outage", REPORT, Path("/tmp/o.pdf")), ("receipt", DECISION, Path("/tmp/r.pdf"))]


def test_an_outage_that_lasts_says_so() -> None:
    lasting = OutageReport(replace(REPORT.outage, ended_at=None), "", REPORT.lines)
    assert outage_line(lasting) != outage_line(REPORT)


def test_the_window_shows_what_there_is_and_asks_where(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    window, source = HandoutsWindow(parent), Source()
    presenter = HandoutsPresenter(source, ImmediateRunner(), window.show_handouts, lambda _path: None)
    window.attach(presenter)
    presenter.open(None, BundleNote())
    window.show()
    assert window.focusWidget() is window.write
    assert not window.receipt.isEnabled()
    image = picture(window)
    assert image.pixelColor(2, image.height() - 2) == look().colour(Colour.SURFACE), "on paper, as the other windows"
    assert [page.isVisible() for page in window.pages] == [True, *[False] * (len(window.pages) - 1)]
    window.write.click()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.fileMode() is QFileDialog.FileMode.Directory
    dialog.fileSelected.emit("/stick")
    assert source.asked == [("write", Path("/stick"))]
    dialog.close()
    window.leave.click()
    assert not window.isVisible()
