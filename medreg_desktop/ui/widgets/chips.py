"""Chips of active conditions: nothing that narrows the list is hidden."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from medreg_desktop.services.texts.translator import tr, trn
from medreg_desktop.ui import icons, paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Radius, Space, Type
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.flow import FlowLayout
from medreg_desktop.ui.widgets.labels import Painted, Text

_REMOVE = 22


@dataclass(frozen=True, slots=True)
class ChipText:
    """What a chip says: the condition's label and value; ``key`` names the condition when it is removed."""

    key: str
    label: str
    value: str


class Chip(Painted):
    """One active condition. A click on its cross, Delete, Space or Enter removes it."""

    removed = Signal(str)

    def __init__(self, chip: ChipText, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chip = chip
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Remove condition {label} {value}", label=chip.label, value=chip.value))
        # What was typed may look like markup, which a tip would obey.
        self.setToolTip(f"<span>{escape(f'{chip.label} {chip.value}')}</span>")

    def sizeHint(self) -> QSize:
        """Return label, value and cross."""
        words = look().text_width(self._chip.label, Type.SMALL) + look().text_width(self._chip.value, Type.SMALL_BOLD)
        widest = look().px(320)
        return QSize(min(words + look().px(10 + 5 + 4 + _REMOVE) + 3, widest), look().metrics.chip)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the pill."""
        painter = QPainter(self)
        paint.panel(
            painter, self.rect(), fill=Colour.ACCENT_SOFT, radius=min(look().px(Radius.CHIP), self.height() / 2)
        )
        left, right = look().px(Space.BAND), self.width() - look().px(_REMOVE) - 2
        box = QRect(left, 0, right - left, self.height())
        width = paint.words(painter, box, self._chip.label, Type.SMALL, Colour.TEXT2)
        value = box.adjusted(round(width) + look().px(5), 0, 0, 0)
        paint.words(painter, value, self._chip.value, Type.SMALL_BOLD, Colour.ACCENT)
        icons.paint(painter, "cross", right + look().px(4), self.height() / 2, look().px(12), Colour.TEXT2)
        if self.hasFocus():
            paint.ring(painter, self.rect(), radius=self.height() / 2)
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Remove when the cross was hit."""
        if event.position().x() >= self.width() - look().px(_REMOVE + 4) and self.rect().contains(
            event.position().toPoint()
        ):
            self.removed.emit(self._chip.key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Remove by keyboard."""
        if event.key() in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Space, Qt.Key.Key_Return}:
            self.removed.emit(self._chip.key)
        else:
            super().keyPressEvent(event)


class ChipRow(QWidget):
    """条件 n, the chips, 全部清除. Wraps onto further lines rather than hiding a chip."""

    removed = Signal(str)
    cleared = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chips: tuple[ChipText, ...] = ()
        self._flow = FlowLayout(self, gap=Space.GROUP)
        self._count = Text("", Type.SMALL, Colour.TEXT2)
        self._clear = Button(tr("Clear all"), Kind.LINK)
        self._clear.clicked.connect(self.cleared)
        self._flow.addWidget(self._count)
        self._flow.addWidget(self._clear)
        self._widgets: list[Chip] = []
        self.set_chips(())

    @property
    def chips(self) -> tuple[ChipText, ...]:
        """What is shown; their number equals the number of active conditions."""
        return self._chips

    def set_chips(self, chips: Iterable[ChipText]) -> None:
        """Show these conditions; the focus goes to the neighbour when the focused chip disappears."""
        chips = tuple(chips)
        if chips == self._chips and self._widgets:
            return
        focused = next((i for i, widget in enumerate(self._widgets) if widget.hasFocus()), None)
        self._chips = chips
        self._rebuild()
        self._count.setText(trn("{n} condition", "{n} conditions", len(chips)) if chips else tr("No conditions"))
        self._clear.setVisible(bool(chips))
        if focused is not None:
            self._focus_near(focused)

    def _rebuild(self) -> None:
        for widget in self._widgets:
            self._flow.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._flow.removeWidget(self._clear)
        self._widgets = [Chip(chip, self) for chip in self._chips]
        for widget in self._widgets:
            widget.removed.connect(self.removed)
            self._flow.addWidget(widget)
            widget.show()
        self._flow.addWidget(self._clear)

    def _focus_near(self, position: int) -> None:
        if self._widgets:
            self._widgets[min(position, len(self._widgets) - 1)].setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.focusNextChild()
