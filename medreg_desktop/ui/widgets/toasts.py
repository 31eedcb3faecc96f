"""Shows notices at the window's lower right: never modal, never taking the focus, faults and the newest news."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui import paint
from medreg_desktop.ui.notices import ICONS, Notice, Notices
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.button import Button, IconButton, Kind
from medreg_desktop.ui.widgets.labels import IconLabel, Text

_ABOVE_BARS = 100
"""Clear of the status bar and of the bars whose buttons decide: a notice must never cover 同意."""

_MOST = 3
_SHOWN_MS = 8_000
_WIDTH = 420


class Toast(QWidget):
    """One notice on screen. Its buttons can be clicked but take no focus while somebody types."""

    closed = Signal()

    def __init__(self, notice: Notice, parent: QWidget) -> None:
        super().__init__(parent)
        self._notice = notice
        icon, colour = ICONS[notice.tone]
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 6, 8)
        row.setSpacing(Space.CONTROL)
        row.addWidget(IconLabel(icon, 16, colour), 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(Text(notice.text, Type.BODY, wrap=True), 1)
        if notice.action:
            link = Button(notice.action, Kind.LINK)
            link.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            link.clicked.connect(self._act)
            row.addWidget(link)
        close = IconButton("cross", tr("Close notice"), size=24)
        close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        close.clicked.connect(self.closed)
        row.addWidget(close)
        self.setAccessibleName(notice.text)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.closed)
        if not notice.stays:
            self._timer.start(_SHOWN_MS)

    @property
    def notice(self) -> Notice:
        """What it says."""
        return self._notice

    def _act(self) -> None:
        if self._notice.on_action is not None:
            self._notice.on_action()
        self.closed.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the sheet with its edge."""
        painter = QPainter(self)
        paint.panel(painter, self.rect(), fill=Colour.SURFACE, edge=Colour.LINE2, radius=6)
        painter.end()


class Toasts(QWidget):
    """The stack, laid over a window; follows its size and shows what :class:`Notices` posts."""

    def __init__(self, notices: Notices, over: QWidget, *, bottom_margin: int = _ABOVE_BARS) -> None:
        super().__init__(over)
        self._over = over
        self._bottom_margin = bottom_margin
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(Space.CONTROL)
        self._shown: list[Toast] = []
        notices.posted.connect(self.show_notice)
        over.installEventFilter(self)
        self.hide()

    @property
    def shown(self) -> tuple[Notice, ...]:
        """The notices on screen, oldest first."""
        return tuple(toast.notice for toast in self._shown)

    def show_notice(self, notice: Notice) -> None:
        """Put a notice at the bottom; passing news takes the place of older ones, which stand under the bell."""
        for older in [toast for toast in self._shown if not toast.notice.stays and not notice.stays]:
            self._remove(older)
        toast = Toast(notice, self)
        toast.closed.connect(lambda: self._remove(toast))
        self._shown.append(toast)
        self._column.addWidget(toast)
        while len(self._shown) > _MOST:
            passing = next((t for t in self._shown if not t.notice.stays), self._shown[0])
            self._remove(passing)
        toast.show()
        self._place()

    def clear(self) -> None:
        """Take all notices away, e.g. when the program locks."""
        for toast in tuple(self._shown):
            self._remove(toast)

    def _remove(self, toast: Toast) -> None:
        if toast in self._shown:
            self._shown.remove(toast)
            self._column.removeWidget(toast)
            toast.hide()
            toast.deleteLater()
            self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in the corner."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        self.setVisible(bool(self._shown))
        width = min(look().px(_WIDTH), self._over.width() - 2 * Space.PAGE)
        height = self._column.heightForWidth(width) if self._column.hasHeightForWidth() else self.sizeHint().height()
        left = self._over.width() - width - Space.PAGE
        self.setGeometry(left, self._over.height() - height - self._bottom_margin, width, height)
        self.raise_()
