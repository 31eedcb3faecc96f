"""The main window: the shell of ``look.md`` §3 around one page at a time."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QByteArray, QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication, QKeySequence, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QMenu, QWidget

from medreg_desktop.services.settings import options
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.notices import Notices
from medreg_desktop.ui.shell.cover import Cover
from medreg_desktop.ui.shell.finder import Action, Finder
from medreg_desktop.ui.shell.notice_panel import NoticePanel
from medreg_desktop.ui.shell.pages import Pages
from medreg_desktop.ui.shell.rail import Rail
from medreg_desktop.ui.shell.shortcuts import TABLE_KEYS, Key, ShortcutSheet, keys_of
from medreg_desktop.ui.shell.state import Screen, ShellState
from medreg_desktop.ui.shell.status_bar import StatusBar
from medreg_desktop.ui.shell.top_bar import FIND_KEYS, TopBar
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour
from medreg_desktop.ui.widgets.button import IconButton
from medreg_desktop.ui.widgets.table import Table
from medreg_desktop.ui.widgets.toasts import Toasts
from medreg_desktop.ui.window_first import drawn_first

LEAST = QSize(1280, 720)
USUAL = QSize(1440, 900)
FOLDS_BELOW = 1366


class MainWindow(QWidget):
    """The program's one window; made by the composition root, which listens to its signals and renders its state.

    Screens are given as data; a page is built when it is first shown. ``cover`` holds sign-in and lock.
    """

    lock_wanted = Signal()
    registrar_menu_wanted = Signal(object)
    person_sought = Signal(str)
    lamp_pressed = Signal()
    offline_pressed = Signal()
    help_wanted = Signal()
    notices_read = Signal()
    screen_shown = Signal(str)
    closing = Signal()

    def __init__(self, screens: Sequence[Screen], notices: Notices, settings: Settings) -> None:
        super().__init__()
        self._screens = tuple(screens)
        self._notices = notices
        self._settings = settings
        self._state = ShellState()
        self._extra_actions: list[Action] = []
        self.setWindowTitle(tr("Physician e-registration"))
        self.setMinimumSize(LEAST)
        self._shell = QWidget(self)
        self.top_bar = TopBar()
        self.rail = Rail(screens)
        self.pages = Pages(screens)
        self.status_bar = StatusBar()
        self.cover = Cover(self, self._shell)
        self.toasts = Toasts(notices, self._shell)
        self.finder = Finder(self.top_bar.search, self._all_actions, self._shell)
        self._lay_out()
        self._connect()
        self._add_keys()
        self._restore_place()

    def _lay_out(self) -> None:
        outer = QGridLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._shell)
        grid = QGridLayout(self._shell)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        grid.addWidget(self.top_bar, 0, 0, 1, 2)
        grid.addWidget(self.rail, 1, 0)
        grid.addWidget(self.pages, 1, 1)
        grid.addWidget(self.status_bar, 2, 0, 1, 2)
        grid.setRowStretch(1, 1)
        grid.setColumnStretch(1, 1)

    def _connect(self) -> None:
        self.rail.chosen.connect(self.show_screen)
        self.pages.shown.connect(self.screen_shown)
        self.top_bar.notices_wanted.connect(self._open_notices)
        self.top_bar.shortcuts_wanted.connect(self.open_shortcuts)
        self.top_bar.lock_wanted.connect(self.lock_wanted)
        self.top_bar.registrar_pressed.connect(self._on_registrar)
        self.finder.person_sought.connect(self.person_sought)
        self.status_bar.lamp_pressed.connect(self.lamp_pressed)
        self.status_bar.offline_pressed.connect(self.offline_pressed)
        self.status_bar.help_wanted.connect(self.help_wanted)

    def _add_keys(self) -> None:
        for text, keys, run in (
            (tr("Find a person or an action"), FIND_KEYS, self._focus_find),
            (tr("Help"), "F1", self.help_wanted.emit),
            (tr("Next region"), "F6", self._next_region),
            (tr("Previous region"), "Shift+F6", self._previous_region),
            (tr("Fold the navigation"), "F9", self._toggle_rail),
            (tr("Next screen"), "Ctrl+PgDown", self._next_screen),
            (tr("Previous screen"), "Ctrl+PgUp", self._previous_screen),
        ):
            action = QAction(text, self._shell)
            action.setShortcut(QKeySequence(keys))
            action.triggered.connect(run)
            self._shell.addAction(action)

    # state and screens

    @property
    def state(self) -> ShellState:
        """What is shown around the page."""
        return self._state

    @property
    def shown_screen(self) -> str:
        """The key of the screen in view."""
        return self.pages.current_key

    @property
    def lamp_asked(self) -> bool:
        """Whether the keyboard is in the status bar, so that help is asked about the lamp."""
        focused: QWidget | None = self.focusWidget()
        return focused is not None and self.status_bar.isAncestorOf(focused)

    def show_state(self, state: ShellState) -> None:
        """Show everything around the page."""
        self._state = state
        self.top_bar.show_state(state)
        self.status_bar.show_state(state)
        self.status_bar.set_folded(folded=self._is_folded())
        for key, count in state.counts.items():
            self.rail.set_count(key, count)

    def show_screen(self, key: str) -> QWidget:
        """Bring a screen to the top and give it the focus; raises KeyError for a screen that does not exist."""
        page = self.pages.show_page(key)
        self.rail.set_current(key)
        page.setFocus(Qt.FocusReason.OtherFocusReason)
        return page

    def add_actions(self, actions: Sequence[Action]) -> None:
        """Let the finder offer further actions."""
        self._extra_actions.extend(actions)

    def _all_actions(self) -> Sequence[Action]:
        screens = [Action(tr(s.title), s.icon, partial(self._open, s.key)) for s in self._screens]
        return (*screens, *self._extra_actions)

    def _open(self, key: str) -> None:
        self.show_screen(key)

    def _step_screen(self, step: int) -> None:
        keys = self.rail.keys
        at = keys.index(self.pages.current_key) if self.pages.current_key in keys else 0
        self.show_screen(keys[(at + step) % len(keys)])

    def _next_screen(self) -> None:
        self._step_screen(1)

    def _previous_screen(self) -> None:
        self._step_screen(-1)

    # regions

    def _regions(self) -> tuple[QWidget, ...]:
        return (self.top_bar, self.rail, self.pages, self.status_bar)

    def _walk(self, step: int) -> None:
        regions = self._regions()
        focused: QWidget | None = self.focusWidget()
        at = next((i for i, region in enumerate(regions) if focused and region.isAncestorOf(focused)), -1)
        region = regions[(at + step) % len(regions)]
        if region is self.rail:
            self.rail.focus_current()
        else:
            remembered: QWidget | None = region.focusWidget()
            target = remembered or _first_stop(region)
            if target is not None:
                target.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _next_region(self) -> None:
        self._walk(1)

    def _previous_region(self) -> None:
        self._walk(-1)

    def _focus_find(self) -> None:
        self.top_bar.search.editor.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.top_bar.search.select_all()

    # drop-downs

    def _open_notices(self) -> None:
        panel = NoticePanel(self._notices.history, self)
        corner = self.top_bar.mapToGlobal(QPoint(self.width() - panel.width() - 16, self.top_bar.height()))
        panel.move(corner)
        panel.show()
        self.notices_read.emit()

    def open_shortcuts(self) -> None:
        """Show the sheet of keys: the program's and the current screen's."""
        page = self.pages.currentWidget()
        own = keys_of([page]) if page else ()
        tables = tuple(Key(tr(text), keys) for text, keys in TABLE_KEYS) if page and page.findChildren(Table) else ()
        everywhere = keys_of([self._shell])
        mine = {key.keys for key in own}
        common = [key for key in everywhere if key.keys not in mine]
        title = next((tr(s.title) for s in self._screens if s.key == self.pages.current_key), "")
        ShortcutSheet(((tr("Everywhere"), common), (title, own), (tr("In lists"), tables)), self).open()

    def _on_registrar(self) -> None:
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        self.registrar_menu_wanted.emit(menu)
        button = self.top_bar.registrar_button
        menu.popup(button.mapToGlobal(QPoint(0, button.height())))

    # sizes

    def _is_folded(self) -> bool:
        return self.width() < FOLDS_BELOW

    def _toggle_rail(self) -> None:
        narrow = not self.rail.is_narrow
        self._settings.set(options.RAIL_NARROW, narrow)
        self.rail.set_narrow(narrow=narrow)

    def _fold(self) -> None:
        self.rail.set_narrow(narrow=self._is_folded() or self._settings.get(options.RAIL_NARROW))
        self.status_bar.set_folded(folded=self._is_folded())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fold when there is no room."""
        super().resizeEvent(event)
        if self._is_folded() != (event.oldSize().width() < FOLDS_BELOW) or not event.oldSize().isValid():
            self._fold()

    def _restore_place(self) -> None:
        stored = self._settings.get(options.WINDOW)
        if not (stored and self.restoreGeometry(QByteArray(base64.b64decode(stored)))):
            room = QGuiApplication.primaryScreen().availableGeometry().size()
            self.resize(USUAL.boundedTo(room).expandedTo(LEAST))
        self._fold()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember size and place."""
        place = bytes(self.saveGeometry().toBase64().data()).decode()
        self._settings.set(options.WINDOW, place)
        self.closing.emit()
        super().closeEvent(event)

    def event(self, event: QEvent) -> bool:
        """Draw before threads that compute go on."""
        with drawn_first(event):
            return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the desk."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), look().colour(Colour.WINDOW))
        painter.end()


def _first_stop(region: QWidget) -> QWidget | None:
    stops = (w for w in region.findChildren(QWidget) if w.isVisibleTo(region) and w.isEnabled())
    wanted = (w for w in stops if w.focusPolicy() & Qt.FocusPolicy.TabFocus and not isinstance(w, IconButton))
    return next(wanted, None)
