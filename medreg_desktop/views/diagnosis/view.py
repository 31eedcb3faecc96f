"""诊断: a panel of 同步中心, not a box. It lives as long as the page and follows what happens while it is seen."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui import clipboard
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Space
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.tabs import Tab, Tabs, hung
from medreg_desktop.views.diagnosis.bundle_page import BundlePage
from medreg_desktop.views.diagnosis.bundle_presenter import BundlePresenter
from medreg_desktop.views.diagnosis.offline_page import OfflinePage
from medreg_desktop.views.diagnosis.presenter import DiagnosisPresenter
from medreg_desktop.views.diagnosis.state import Page, ScreenState
from medreg_desktop.views.diagnosis.why_page import WhyPage

_SECOND_MS = 1000


class DiagnosisPanel(QWidget):
    """Tabs over the pages; Esc closes it."""

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter: DiagnosisPresenter | None = None
        self._bundles: BundlePresenter | None = None
        self.setAccessibleName(tr("Diagnosis"))
        self.tabs = Tabs(
            tr("Diagnosis"),
            [Tab(Page.WHY, tr("Why")), Tab(Page.OFFLINE, tr("Offline?")), Tab(Page.BUNDLE, tr("Support bundle"))],
        )
        self._close = Button(tr("Close"), Kind.PLAIN, shown_keys="Esc")
        self.why, self.offline, self.bundle = WhyPage(), OfflinePage(), BundlePage()
        self._pages: dict[Page, QWidget] = {Page.WHY: self.why, Page.OFFLINE: self.offline, Page.BUNDLE: self.bundle}
        self._body = QStackedWidget()
        for page in self._pages.values():
            self._body.addWidget(page)
        self._second = QTimer(self)
        self._second.setInterval(_SECOND_MS)
        self._close.clicked.connect(self.closed)
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addLayout(hung(self.tabs), 1)
        head.addWidget(self._close)
        column = QVBoxLayout(self)
        column.setContentsMargins(look().px(Space.PAGE), 0, 0, 0)
        column.setSpacing(look().px(Space.BAND))
        column.addLayout(head)
        column.addWidget(self._body, 1)

    def attach(self, presenter: DiagnosisPresenter, bundles: BundlePresenter) -> None:
        """Join the presenters; a bundle is put together each time its page is looked at."""
        self._presenter, self._bundles = presenter, bundles
        self.tabs.chosen.connect(lambda key: presenter.choose(Page(key)))
        self.tabs.chosen.connect(lambda key: bundles.prepare() if key == Page.BUNDLE else None)
        self.bundle.save_wanted.connect(bundles.save)
        self.bundle.part_chosen.connect(bundles.look_at)
        self.why.copy_wanted.connect(presenter.copy)
        self._second.timeout.connect(presenter.renew)

    def show_state(self, state: ScreenState) -> None:
        """Show the state, whole."""
        self.tabs.set_current(state.page)
        self._body.setCurrentWidget(self._pages[state.page])
        self.why.show_state(state)
        if state.readiness is not None:
            self.offline.show_readiness(state.readiness)

    def copy_text(self, text: str) -> None:
        """Put a text on the clipboard."""
        clipboard.put(text, of_persons=False)

    def focus_first(self) -> None:
        """Put the keyboard on the tabs: arrows change the page, Tab goes into it."""
        self.tabs.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def close_work(self) -> None:
        """The page is gone."""
        self._second.stop()
        if self._presenter is not None:
            self._presenter.close()
        if self._bundles is not None:
            self._bundles.close()

    def showEvent(self, event: QShowEvent) -> None:
        """Count the seconds while it is seen."""
        super().showEvent(event)
        self._second.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop counting."""
        super().hideEvent(event)
        self._second.stop()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes; Enter stays in the panel, so that it never decides about the item behind it."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
