"""Lays a page over the whole window: sign-in and lock.

Open dialogs are hidden with it and come back unchanged; those that are opened meanwhile come when it is lifted.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid


class Cover(QObject):
    """Owned by the main window. While a page covers it, nothing below can be seen, focused or reached by keys."""

    def __init__(self, window: QWidget, below: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._below = below
        self._page: QWidget | None = None
        self._hidden: list[QWidget] = []
        self._late: list[QWidget] = []  # asked for below the cover, and not hidden yet
        self._focused: QWidget | None = None
        self._hiding = QTimer(self, singleShot=True, interval=0)
        self._hiding.timeout.connect(self._hide_late)

    @property
    def page(self) -> QWidget | None:
        """What covers the window now."""
        return self._page

    def lay(self, page: QWidget) -> None:
        """Cover the window with a page; a former cover is replaced."""
        if self._page is None:
            self._focused = self._below.focusWidget()
            self._hide_dialogs()
            self._watch(on=True)
        else:
            self._drop_page()
        self._page = page
        page.setParent(self._window)
        page.setGeometry(self._window.rect())
        # Disabled and hidden: neither shortcuts nor screen readers nor Tab reach what lies below.
        self._below.hide()
        self._below.setEnabled(False)
        page.show()
        page.raise_()
        page.setFocus(Qt.FocusReason.OtherFocusReason)

    def lift(self) -> None:
        """Take the cover away; dialogs and the focus return as they were."""
        if self._page is None:
            return
        self._watch(on=False)
        self._hide_late()
        self._drop_page()
        self._below.setEnabled(True)
        self._below.show()
        # What was under way goes on below a cover: a window may have closed, and what had the focus may be gone.
        for dialog in filter(isValid, self._hidden):
            dialog.show()
        self._hidden = []
        if self._focused is not None and isValid(self._focused):
            self._focused.setFocus(Qt.FocusReason.OtherFocusReason)
        self._focused = None

    def _drop_page(self) -> None:
        if self._page is not None:
            self._page.hide()
            self._page.deleteLater()
            self._page = None

    def _hide_dialogs(self) -> None:
        others = (w for w in QApplication.topLevelWidgets() if w is not self._window and w.isVisible())
        for widget in others:
            if widget.windowType() == Qt.WindowType.Popup:
                widget.close()
            else:
                self._hidden.append(widget)
                widget.hide()

    def _watch(self, *, on: bool) -> None:
        # Of the whole application, as a dialog belongs to whatever widget asked for it; only while a page covers it.
        app = QApplication.instance()
        if app is not None:
            (app.installEventFilter if on else app.removeEventFilter)(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window's size; keep back the windows that an answer from before the cover opens."""
        if self._page is not None and watched is self._window and event.type() == QEvent.Type.Resize:
            self._page.setGeometry(self._window.rect())
        elif event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and self._is_below(watched):
            self._keep_back(watched)
        return super().eventFilter(watched, event)

    def _is_below(self, widget: QWidget) -> bool:
        """Whether this is a window over the main window, and none of the page's own."""
        if widget.windowType() not in {Qt.WindowType.Window, Qt.WindowType.Dialog}:
            return False
        owner = widget.parentWidget()
        while owner is not None and owner is not self._page and owner is not self._window:
            owner = owner.parentWidget()
        return owner is self._window

    def _keep_back(self, window: QWidget) -> None:
        """Let nothing of it reach the screen. It cannot be hidden yet: Qt is just about to show it."""
        window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        self._late.append(window)
        self._hiding.start()

    def _hide_late(self) -> None:
        for window in filter(isValid, self._late):
            if window.isVisible():
                window.hide()
                self._hidden.append(window)
            window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen, on=False)
        self._late = []
