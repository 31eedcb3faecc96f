"""The windows over the page: 审核窗口 and 打印预览, at most one of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from medreg_core.domain.access import Action, may
from medreg_core.domain.records import ApplicationId
from medreg_core.domain.vocabulary import Role
from medreg_desktop.app.forms import PresetMemory
from medreg_desktop.app.house import Desks, House
from medreg_desktop.app.worklist import Telling
from medreg_desktop.services.cache import audit
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.notices import Tone
from medreg_desktop.views.preview.view import PreviewView
from medreg_desktop.views.review.presenter import ReviewPresenter
from medreg_desktop.views.review.view import ReviewWindow, Surroundings
from medreg_desktop.views.signin.state import Entered


class Windows(QObject):
    """Owned by the office; lives on the UI thread. ``saved`` is told on the writer thread, the signals on the UI's."""

    review_closed = Signal()
    preview_closed = Signal()
    why_wanted = Signal(QWidget, object)  # the window asked from, and the application it shows, or None

    def __init__(
        self,
        house: House,
        desks: Desks,
        entered: Entered,
        window: Callable[[], QWidget],
        is_online: Callable[[], bool],
        saved: Callable[[], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._house, self._desks, self._entered = house, desks, entered
        self._window, self._is_online = window, is_online
        self._reviews = Telling(desks.reviews, saved)
        self.preview: QDialog | None = None
        self._forms: PreviewView | None = None
        self.review: ReviewWindow | None = None
        self._presenter: ReviewPresenter | None = None

    def open_review(self, application_id: str, order: tuple[Any, ...]) -> None:
        """Open 审核窗口, or bring another application into the one that is open."""
        if self.review is None:
            self._make_review()
        assert self._presenter is not None
        self._presenter.open(ApplicationId(application_id), order)

    def _make_review(self) -> None:
        house, tables, who = self._house, self._house.doorway.tables, self._entered.account_id
        revealed = self._note_reveal if may(Role(self._entered.role), Action.REVEAL_ID) else None
        around = Surroundings(tables, house.doorway.clock.now, house.notices, self._is_online, revealed, who)
        window = ReviewWindow(around, self._window())
        presenter = ReviewPresenter(
            window, self._reviews, house.doorway, tables, house.writing, house.background, house.doorway.clock
        )
        window.attach(presenter)
        window.preview_wanted.connect(lambda application: self.open_preview((application,)))
        window.closed.connect(self._on_review_closed)
        self._add_why(window, lambda: window.shown_application)
        window.resize(self._window().size())
        self.review, self._presenter = window, presenter
        window.open()

    def _add_why(self, window: QDialog, shown: Callable[[], ApplicationId | None]) -> None:
        """F1 asks about what this window shows; the main window's own F1 sleeps behind it."""
        action = QAction(tr("Why"), window)
        action.setShortcut(QKeySequence("F1"))
        action.triggered.connect(lambda: self.why_wanted.emit(window, shown()))
        window.addAction(action)

    def _on_review_closed(self) -> None:
        self.review = self._presenter = None
        self.review_closed.emit()

    def _note_reveal(self, application_id: ApplicationId, noted: Callable[[], None]) -> None:
        clock, actor, store = self._house.doorway.clock, self._entered.account_id, self._house.doorway.store
        self._house.writing.submit(
            lambda: store.write(lambda conn: audit.append(conn, clock.now(), actor, "reveal_id", application_id, {})),
            lambda _line: noted(),
            self._not_noted,
        )

    def _not_noted(self, error: Exception) -> None:
        if not isinstance(error, KnownFault):
            raise error
        self._house.notices.say(sentence(error.code, **error.params), Tone.FAULT)

    def open_preview(self, ids: tuple[Any, ...]) -> None:
        """Open 打印预览 of one or many forms."""
        view = self._preview_view()
        dialog = QDialog(self.review or self._window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(tr("Print preview"))
        column = QVBoxLayout(dialog)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(view)
        view.left.connect(dialog.close)
        self._add_why(dialog, lambda: view.shown_application)
        dialog.finished.connect(view.close_work)
        dialog.finished.connect(self._on_preview_closed)
        dialog.resize(self._window().size())
        self.preview, self._forms = dialog, view
        view.open(tuple(ApplicationId(each) for each in ids))
        dialog.open()

    def _preview_view(self) -> PreviewView:
        house, desks = self._house, self._desks
        desk = desks.forms.desk(house.doorway, desks.papers, self._reviews, desks.printers, house.doorway.clock)
        return PreviewView(desk, desks.printers, PresetMemory(house.settings), house.reading, house.notices)

    def _on_preview_closed(self) -> None:
        self.preview = self._forms = None
        self.preview_closed.emit()

    def reload(self) -> None:
        """Let what is open follow the copy, in which something has changed."""
        if self._presenter is not None:
            self._presenter.reload()
        if self._forms is not None:
            self._forms.reload()

    def close(self) -> None:
        """Close what is open."""
        for window in (self.preview, self.review):
            if window is not None:
                window.close()
