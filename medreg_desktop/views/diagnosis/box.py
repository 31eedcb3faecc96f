"""诊断 over 审核窗口 or 打印预览: 同步中心 lies behind a window that must not be left, so the panel comes to it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget
from shiboken6 import isValid

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space
from medreg_desktop.ui.widgets.labels import Panel
from medreg_desktop.views.diagnosis.view import DiagnosisPanel

_WIDTH, _HEIGHT = 640, 760


class DiagnosisBox(QDialog):
    """Opened with ``open()`` over a window; Esc closes it and the keyboard stands where it was. UI thread."""

    closed = Signal()

    def __init__(self, panel: DiagnosisPanel, over: QWidget) -> None:
        super().__init__(over)
        self.panel = panel
        self._before: QWidget | None = over.focusWidget()
        self.setWindowTitle(tr("Diagnosis"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        paper = Panel(Colour.SURFACE, 0)
        inside = QVBoxLayout(paper)
        edge = look().px(Space.PAGE)
        inside.setContentsMargins(0, edge, edge, edge)  # the panel has its own edge at the left
        inside.addWidget(panel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(paper)
        panel.closed.connect(self.close)
        self.finished.connect(self._on_finished)
        room = over.size()
        self.resize(min(look().px(_WIDTH), room.width()), min(look().px(_HEIGHT), room.height()))

    def _on_finished(self) -> None:
        """Stop the panel's work and give the keyboard back, whichever way it was closed."""
        self.panel.close_work()
        if self._before is not None and isValid(self._before):  # sync may have drawn the window below anew
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.closed.emit()
