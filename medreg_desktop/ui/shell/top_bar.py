"""The top bar: seal, product, institution, demo mark, find, notices, shortcuts, lock, registrar."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui import paint
from medreg_desktop.ui.keys import keys_text
from medreg_desktop.ui.shell.state import ShellState
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Face, Space, Type
from medreg_desktop.ui.widgets.button import Button, IconButton, Kind
from medreg_desktop.ui.widgets.field import TextField
from medreg_desktop.ui.widgets.labels import Hairline, Painted, Text

FIND_KEYS, SHORTCUT_KEYS, LOCK_KEYS = "Ctrl+K", "Ctrl+/", "Ctrl+L"
_SEAL = 22


class Seal(Painted):
    """The product's mark: 册 on the accent colour."""

    def __init__(self, size: int = _SEAL, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._size = size
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return the square."""
        return QSize(look().px(self._size), look().px(self._size))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the square and the character."""
        painter = QPainter(self)
        paint.panel(painter, self.rect(), fill=Colour.ACCENT_FILL)
        face = Face(round(self._size * 0.6), bold=True)
        paint.words(painter, self.rect(), "册", face, Colour.ON_ACCENT, paint.CENTRE)
        painter.end()


class DemoMark(Painted):
    """演示数据 in a dashed box: on every screen while the data are invented."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Demo data"))

    def sizeHint(self) -> QSize:
        """Return the words with padding."""
        return QSize(look().text_width(tr("Demo data"), Type.SMALL) + look().px(14), look().px(18))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the dashed box."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(look().colour(Colour.TEXT2), 1, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        paint.words(painter, self.rect(), tr("Demo data"), Type.SMALL, Colour.TEXT2, paint.CENTRE)
        painter.end()


class FindField(TextField):
    """找人或找操作. Up, Down, Enter and Esc go to the finder's list below it."""

    moved = Signal(int)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", placeholder=tr("Find a person or an action"), icon="search", parent=parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return the width of the picture."""
        return QSize(look().px(280), look().px(26))

    def _right_room(self) -> int:
        return look().text_width(keys_text(FIND_KEYS), Type.KEY) + look().px(8)

    def _paint_box(self, painter: QPainter) -> None:
        paint.panel(painter, self.rect(), fill=Colour.SURFACE)
        if self._has_ring():
            paint.ring(painter, self.rect())

    def _paint_value(self, painter: QPainter) -> None:
        box = self.rect().adjusted(0, 0, -look().px(8), 0)
        paint.words(painter, box, keys_text(FIND_KEYS), Type.KEY, Colour.TEXT3, paint.RIGHT)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move in the list, or leave the field."""
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event.key() in steps:
            self.moved.emit(steps[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class BellButton(IconButton):
    """Opens the latest notices; a red dot while something waits to be read."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("bell", tr("Notices"), parent=parent)
        self._unread = 0

    def set_unread(self, unread: int) -> None:
        """Show or hide the dot."""
        self._unread = unread
        self.setAccessibleName(tr("Notices") if not unread else tr("Notices, {n} unread", n=unread))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bell and the dot."""
        super().paintEvent(event)
        if self._unread:
            painter = QPainter(self)
            side = look().px(7)
            dot = QRect(self.width() // 2 + look().px(3), self.height() // 2 - look().px(9), side, side)
            paint.panel(painter, dot, fill=Colour.BAD_FILL, radius=side / 2)
            painter.end()


class TopBar(QWidget):
    """One row on the desk. ``show_state`` shows the state; the buttons only report."""

    notices_wanted = Signal()
    shortcuts_wanted = Signal()
    lock_wanted = Signal()
    registrar_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = Hairline(vertical=True)
        self._line.setFixedHeight(16)
        self._institution = Text("", Type.BODY)
        self._demo = DemoMark()
        self.search = FindField()
        self._bell = BellButton()
        self._shortcuts = IconButton("keyboard", tr("Shortcuts"), keys=SHORTCUT_KEYS)
        self._lock = IconButton("lock", tr("Lock"), keys=LOCK_KEYS)
        self._registrar = Button("", Kind.PLAIN)
        self._bell.clicked.connect(self.notices_wanted)
        self._shortcuts.clicked.connect(self.shortcuts_wanted)
        self._lock.clicked.connect(self.lock_wanted)
        self._registrar.clicked.connect(self.registrar_pressed)
        self._lay_out()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 8, 0)
        row.setSpacing(Space.GROUP)
        row.addWidget(Seal())
        row.addWidget(Text(tr("Physician e-registration"), Type.SECTION))
        row.addWidget(Text(tr("Institution"), Type.BODY, Colour.TEXT2))
        row.addSpacing(Space.BAND)
        row.addWidget(self._line)
        row.addSpacing(Space.BAND)
        row.addWidget(self._institution)
        row.addWidget(self._demo)
        row.addStretch(1)
        row.addWidget(self.search)
        row.addSpacing(Space.CONTROL)
        for button in (self._bell, self._shortcuts, self._lock, self._registrar):
            row.addWidget(button)

    @property
    def registrar_button(self) -> Button:
        """The button the registrar's menu drops from."""
        return self._registrar

    def show_state(self, state: ShellState) -> None:
        """Show the state."""
        self._institution.setText(state.institution)
        self._line.setVisible(bool(state.institution))
        self._demo.setVisible(state.is_demo)
        self._bell.set_unread(state.unread)
        self._registrar.set_label(tr("Registrar {name}", name=state.registrar) if state.registrar else "")
        self._registrar.setVisible(bool(state.registrar))

    def sizeHint(self) -> QSize:
        """Return the density's height."""
        return QSize(super().sizeHint().width(), look().metrics.top_bar)

    def minimumSizeHint(self) -> QSize:
        """Return the density's height; the words decide the width."""
        return QSize(super().minimumSizeHint().width(), look().metrics.top_bar)
