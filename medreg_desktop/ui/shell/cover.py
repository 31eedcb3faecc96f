"""Lays a page over the whole window: sign-in and lock. Open dialogs are hidden with it and come back unchanged."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
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
        self._focused: QWidget | None = None
        window.installEventFilter(self)

    @property
    def page(self) -> QWidget | None:
        """What covers the window now."""
        return self._page

    def lay(self, page: QWidget) -> None:
        """Cover the window with a page; a former cover is replaced."""
        if self._page is None:
            self._focused = self._below.focusWidget()
            self._hide_dialogs()
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

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window's size."""
        if event.type() == QEvent.Type.Resize and self._page is not None:
            self._page.setGeometry(self._window.rect())
        return super().eventFilter(watched, event)
