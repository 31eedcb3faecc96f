"""Fields with the label inside: text, choice and date share one box (``look.md`` §2.5)."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QMouseEvent, QPainter, QPaintEvent, QPalette, QResizeEvent, QShortcut
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from medreg_desktop.ui import icons, paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.labels import Painted

_ICON = 16
_LABEL_SHARE = 0.5


class Field(Painted):
    """The box: label left, value after it, one line below. Subclasses say whether it is in use and draw the value.

    Empty: ``raised`` with a ``line2`` underline. In use: ``accent_soft``, label and underline accent. Focus:
    ``surface`` with the ring. A problem turns the underline red; its sentence stands beside the
    field, put there by the screen.
    """

    def __init__(self, label: str, *, icon: str = "", keys: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = label
        self._icon = icon
        self._problem = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        if keys:
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.activated.connect(self._focus_by_keys)

    @property
    def label(self) -> str:
        """The words inside, left."""
        return self._label

    @property
    def in_use(self) -> bool:
        """Whether the field holds a value."""
        raise NotImplementedError  # QWidget's metaclass leaves no room for an abstract class

    def set_problem(self, sentence: str) -> None:
        """Mark the value as wrong; an empty sentence clears the mark."""
        self._problem = sentence
        self._focus_target().setAccessibleDescription(sentence)
        self.update()

    def _focus_target(self) -> QWidget:
        return self

    def _focus_by_keys(self) -> None:
        self._focus_target().setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _has_ring(self) -> bool:
        return self._focus_target().hasFocus()

    def sizeHint(self) -> QSize:
        """Return label plus room for some characters, at the density's control height."""
        return QSize(self._value_left() + look().px(96), look().metrics.control)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest useful width."""
        return QSize(look().px(72), look().metrics.control)

    def _label_left(self) -> int:
        return look().px(Space.CONTROL) + (look().px(_ICON + Space.CONTROL) if self._icon else 0)

    def _label_width(self) -> int:
        full = look().text_width(self._label, Type.SMALL) + 1
        return min(full, max(int(self.width() * _LABEL_SHARE), look().px(32))) if self._label else 0

    def _value_left(self) -> int:
        gap = look().px(Space.CONTROL) + 1 if self._label else 0
        return self._label_left() + self._label_width() + gap

    def _value_rect(self, right_room: int = 0) -> QRect:
        left = self._value_left()
        return QRect(left, 0, max(self.width() - left - look().px(6) - right_room, 0), self.height())

    def _label_colour(self) -> Colour:
        return Colour.ACCENT if self.in_use and not self._has_ring() else Colour.TEXT2

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the box and the label."""
        painter = QPainter(self)
        self._paint_box(painter)
        middle = self.height() / 2
        if self._icon:
            icons.paint(painter, self._icon, look().px(Space.CONTROL), middle, look().px(_ICON), Colour.TEXT2)
        box = QRect(self._label_left(), 0, self._label_width(), self.height())
        paint.words(painter, box, self._label, Type.SMALL, self._label_colour())
        self._paint_value(painter)
        painter.end()

    def _paint_value(self, painter: QPainter) -> None:
        """Draw the value; a text field's editor shows it itself."""

    def _paint_box(self, painter: QPainter) -> None:
        if self._has_ring():
            paint.panel(painter, self.rect(), fill=Colour.SURFACE)
            paint.ring(painter, self.rect())
            return
        fill, under = (Colour.ACCENT_SOFT, Colour.ACCENT) if self.in_use else (Colour.RAISED, Colour.LINE2)
        if not self.isEnabled():
            fill, under = Colour.RAISED, Colour.LINE
        if self._problem:
            under = Colour.BAD
        painter.fillRect(self.rect(), look().colour(fill))
        paint.hline(painter, 0, self.width(), self.height() - 1, under)


class TextField(Field):
    """A line of text. ``edited`` follows committed input only: Chinese composition does not trigger it."""

    edited = Signal(str)
    submitted = Signal()

    def __init__(
        self,
        label: str,
        *,
        placeholder: str = "",
        icon: str = "",
        keys: str = "",
        secret: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(label, icon=icon, keys=keys, parent=parent)
        self.editor = QLineEdit(self)
        self.editor.setFrame(False)
        self.editor.setPlaceholderText(placeholder)
        self.editor.setAccessibleName(label or placeholder)
        if secret:
            self.editor.setEchoMode(QLineEdit.EchoMode.Password)
        self.editor.textChanged.connect(self._on_text)
        self.editor.returnPressed.connect(self.submitted)
        self.editor.installEventFilter(self)
        self.setFocusProxy(self.editor)
        self._dress()

    @property
    def text(self) -> str:
        """What was typed."""
        return self.editor.text()

    def set_text(self, text: str) -> None:
        """Show ``text`` without losing the cursor when it is already there."""
        if text != self.editor.text():
            self.editor.setText(text)

    def select_all(self) -> None:
        """Select the whole text, for a field that is corrected."""
        self.editor.selectAll()

    @property
    def in_use(self) -> bool:
        """Whether anything was typed."""
        return bool(self.editor.text())

    def _focus_target(self) -> QWidget:
        return self.editor

    def _on_text(self, text: str) -> None:
        self.update()
        self.edited.emit(text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Repaint the box when the editor gains or loses the focus."""
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self.update()
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on the label focuses the editor."""
        self.editor.setFocus(Qt.FocusReason.MouseFocusReason)
        event.accept()

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Keep the editor after the label."""
        self._place_editor()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "editor"):
            self._dress()

    def _place_editor(self) -> None:
        # A QLineEdit keeps 2 px of its own before the text.
        self.editor.setGeometry(self._value_rect(self._right_room()).adjusted(-2, 1, 0, -1))

    def _right_room(self) -> int:
        return 0

    def _dress(self) -> None:
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        palette.setColor(QPalette.ColorRole.Text, look().colour(Colour.TEXT))
        palette.setColor(QPalette.ColorRole.PlaceholderText, look().colour(Colour.TEXT3))
        self.editor.setPalette(palette)
        self.editor.setFont(look().font(Type.BODY))
        self._place_editor()
