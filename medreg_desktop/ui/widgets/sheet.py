"""The one final sheet: it takes the action bar's place and leaves the evidence in view (picture 12)."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.field import TextField
from medreg_desktop.ui.widgets.labels import IconLabel, Text


class Sheet(QWidget):
    """Who, what, the consequence, a reason, then 返回 (default, Esc), other ways, far right the final button.

    The final button has no key and stays disabled until a reason is written.
    """

    confirmed = Signal(str)
    left = Signal()
    reason_edited = Signal(str)

    def __init__(
        self, final: str, *, reason_label: str, icon: str = "circle-barred", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._title = Text("", Type.SECTION)
        self._note = Text("", Type.SMALL, Colour.TEXT2)
        self._consequence = Text("", Type.SMALL, wrap=True)
        self.reason = TextField(reason_label)
        self.back = Button(tr("Back"), Kind.OUTLINED, icon="arrow-back", shown_keys="Esc", tall=True)
        self.final = Button(final, Kind.FINAL_FILLED, icon=icon, tall=True)
        self._buttons = QHBoxLayout()
        self._lay_out(icon)
        self.final.setEnabled(False)
        self.reason.edited.connect(self._on_reason)
        self.back.clicked.connect(self.left)
        self.final.clicked.connect(self._on_final)

    def _lay_out(self, icon: str) -> None:
        head = QHBoxLayout()
        head.setSpacing(Space.CONTROL)
        head.addWidget(IconLabel(icon, 18, Colour.BAD))
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self._note)
        self._buttons.setSpacing(Space.CONTROL)
        self._buttons.addWidget(self.reason, 1)
        self._buttons.addSpacing(Space.PAGE)
        self._buttons.addWidget(self.back)
        self._buttons.addSpacing(Space.FINAL)
        self._buttons.addWidget(self.final)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.PAGE, 12, Space.PAGE, 12)
        column.setSpacing(Space.GROUP)
        column.addLayout(head)
        column.addWidget(self._consequence)
        column.addLayout(self._buttons)

    def add_other_way(self, button: Button) -> None:
        """Put another button (改为退回修改…) between 返回 and the final one."""
        self._buttons.insertWidget(3, button)

    def add_before_buttons(self, widget: QWidget) -> None:
        """Put a widget (常用语) behind the reason."""
        self._buttons.insertWidget(1, widget)

    def show_case(self, title: str, consequence: str, note: str = "", reason: str = "") -> None:
        """Say whom and what it concerns."""
        self._title.setText(title)
        self._consequence.setText(consequence)
        self._note.setText(note)
        self.reason.set_text(reason)
        self.setAccessibleName(title)
        self.setAccessibleDescription(consequence)

    def _on_reason(self, text: str) -> None:
        self.final.setEnabled(bool(text.strip()))
        self.reason_edited.emit(text)

    def _on_final(self) -> None:
        self.confirmed.emit(self.reason.text.strip())

    def showEvent(self, event: QShowEvent) -> None:
        """The safe button has the focus."""
        super().showEvent(event)
        self.back.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc goes back; Enter alone on the safe button too: Ctrl+Enter agrees on the bar, pressed twice it would."""
        plain = event.modifiers() in {Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier}
        enter = plain and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
        if event.key() == Qt.Key.Key_Escape or (enter and self.back.hasFocus()):
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Fill the sheet."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), look().colour(Colour.BAD_SOFT))
        painter.end()
