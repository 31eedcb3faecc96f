"""Two small widgets of the right column: a choice that always has a value, and values of which one is masked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from medreg_core.domain.masking import MASK
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui import paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Type
from medreg_desktop.ui.widgets.blocks import KeyValues, Pair
from medreg_desktop.ui.widgets.choice import ChoiceField
from medreg_desktop.ui.widgets.labels import Painted

_LABEL = 52


class SettingField(ChoiceField):
    """A setting always has a value, so it is drawn calm, not as a condition in use; labels share one width."""

    def _label_width(self) -> int:
        return look().px(_LABEL)

    def _label_colour(self) -> Colour:
        return Colour.TEXT2

    def _paint_box(self, painter: QPainter) -> None:
        paint.panel(painter, self.rect(), fill=Colour.SURFACE if self._has_ring() else Colour.RAISED, radius=0)
        if self._has_ring():
            paint.ring(painter, self.rect())
        else:
            edge = Colour.LINE2 if self.isEnabled() else Colour.LINE
            paint.hline(painter, 0, self.width(), self.height() - 1, edge)


class MaskedText(Painted):
    """A masked number with four drawn dots; a screen reader hears the ends and that the middle is masked."""

    def __init__(self, masked: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._head, _, self._tail = masked.partition(MASK)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"{self._head} {tr('masked')} {self._tail}")

    def sizeHint(self) -> QSize:
        """Return the room the number takes."""
        width = paint.masked_width(self._head, self._tail, Type.BODY)
        return QSize(round(width) + 2, look().line_height(Type.BODY))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ends and dots."""
        painter = QPainter(self)
        paint.masked(painter, self.rect(), self._head, self._tail, Type.BODY, Colour.TEXT)
        painter.end()


class CheckValues(KeyValues):
    """A list of values in which masked numbers are drawn as everywhere else."""

    def set_pairs(self, pairs: Sequence[Pair]) -> None:
        """Show these pairs."""
        super().set_pairs(pairs)
        for row, pair in enumerate(pairs):
            if MASK in pair.value:
                place = self._grid.itemAtPosition(row, 1)
                text = place.widget() if place is not None else None
                assert text is not None
                self._grid.replaceWidget(text, MaskedText(pair.value))
                text.deleteLater()
