"""The latest notices, dropped from the bell."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.notices import ICONS, Notice
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.labels import IconLabel, Text
from medreg_desktop.ui.widgets.scrolling import ScrollArea

_WIDTH, _MOST_HEIGHT = 420, 360


class NoticePanel(QFrame):
    """A drop-down without text fields; closes at a press outside or Esc."""

    def __init__(self, history: Sequence[Notice], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.Box)
        self.setAccessibleName(tr("Notices"))
        content = QWidget()
        lines = QVBoxLayout(content)
        lines.setContentsMargins(12, 10, 12, 10)
        lines.setSpacing(Space.CONTROL)
        for notice in reversed(history):
            lines.addLayout(self._line(notice))
        if not history:
            lines.addWidget(Text(tr("No notices yet."), Type.BODY, Colour.TEXT2))
        lines.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.addWidget(ScrollArea(content))
        width = look().px(_WIDTH)
        self.resize(
            width, min(max(content.heightForWidth(width), content.sizeHint().height()) + 8, look().px(_MOST_HEIGHT))
        )

    @staticmethod
    def _line(notice: Notice) -> QHBoxLayout:
        icon, colour = ICONS[notice.tone]
        row = QHBoxLayout()
        row.setSpacing(Space.CONTROL)
        row.addWidget(IconLabel(icon, 16, colour), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(Text(notice.text, Type.BODY, wrap=True), 1)
        return row
