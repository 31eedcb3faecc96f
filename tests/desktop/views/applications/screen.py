"""An open work list of ten over the real search on a real cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from medreg_core.domain.records import Application
from medreg_desktop.app.worklist import EngineWorklist, ReviewBatches
from medreg_desktop.services.ports import Runner
from medreg_desktop.services.search.engine import SearchEngine
from medreg_desktop.ui.notices import Notices
from medreg_desktop.views.applications.presenter import ApplicationsPresenter
from medreg_desktop.views.applications.state import Exports
from medreg_desktop.views.applications.view import ApplicationsView, Surroundings
from tests.core.builders import TODAY, person, qualification
from tests.desktop.review.office import HOSPITAL, WANG, Office, application, tables
from tests.helpers.qt import close, settle
from tests.helpers.runners import ImmediateRunner

Key: TypeAlias = Qt.Key
Mod: TypeAlias = Qt.KeyboardModifier
NAMES = ("单小明", "欧阳以宁", "覃可", "仇一帆", "解知行", "曾予安", "尉迟朗", "区念", "朴成", "查亦真")


def named(n: int) -> Application:
    name = NAMES[n - 1]
    lacking = {"materials": application(n).materials[:1]} if n == 7 else {}
    return application(n, person=person(name=name), qualification=qualification(name=name), **lacking)


class Opened:
    """An open list of ten."""

    def __init__(
        self, qtbot: QtBot, office: Office, searching: Runner | None = None, exports: Exports | None = None
    ) -> None:
        self.qtbot, self.office = qtbot, office
        office.receives(*(named(n) for n in range(1, len(NAMES) + 1)))
        self.notices, self.kept, self.day = Notices(), [""], TODAY
        around = Surroundings(
            tables(), HOSPITAL, (WANG.name,), lambda: self.day, self.notices, "", lambda _text: None,
            keep_schemes=self.kept.append,
        )  # fmt: skip
        self.page = ApplicationsView(around)
        self.engine = SearchEngine(office.store.reader)
        self.presenter = ApplicationsPresenter(
            self.page,
            EngineWorklist(self.engine, office.store.noting_damage),
            ReviewBatches(office.reviews, tables(), lambda: None),
            searching or ImmediateRunner(),
            ImmediateRunner(),
            office.clock,
            WANG.id,
            may_decide=True,
            exports=exports,
        )
        self.page.attach(self.presenter)
        self.reviewed: list[tuple[str, tuple[str, ...]]] = []
        self.page.review_wanted.connect(lambda one, order: self.reviewed.append((one, order)))
        self.page.resize(1400, 820)
        self.page.show()
        self.page.activateWindow()
        qtbot.waitUntil(self.page.isActiveWindow)
        settle()

    def close(self) -> None:
        self.page.close_screen()
        close(self.page)
        self.engine.close()

    @property
    def names(self) -> list[str]:
        return [row.name for row in self.page.model.rows]

    @property
    def focused(self) -> QWidget | None:
        return QApplication.focusWidget()

    @property
    def keyword(self) -> QWidget:
        return self.page.conditions.fields["text"].focusProxy() or self.page

    def key(self, which: Key, modifier: Mod = Mod.NoModifier) -> None:
        self.qtbot.keyClick(self.focused or self.page, which, modifier)
        settle()

    def type(self, text: str) -> None:
        """Type keys; Chinese comes as an input method commits it."""
        for stroke in text:
            if stroke.isascii():
                self.qtbot.keyClicks(self.focused, stroke)
            else:
                committed = QInputMethodEvent()
                committed.setCommitString(stroke)
                QApplication.sendEvent(self.focused or self.page, committed)
        settle()

    def wait(self, what: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(what)
