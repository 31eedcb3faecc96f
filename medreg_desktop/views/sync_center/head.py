"""The head of 同步中心: its name, what it promises, and the tools that concern all of sync."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.tokens import Colour, Type
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.labels import Text
from medreg_desktop.views.sync_center.state import ScreenState


class Head(QWidget):
    """Knows no presenter: the page connects the buttons."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.diagnosis = Button(tr("Diagnosis"), Kind.PLAIN, icon="list-tick", shown_keys="F1")
        self.handouts = Button(tr("Courier and reports"), Kind.PLAIN, icon="parcel")
        self.rehearse = Button(tr("Rehearse"), Kind.PLAIN, icon="circle-dashed-up", keys="Alt+R")
        self.pause = Button(tr("Pause sending"), Kind.PLAIN, icon="pause")
        self.pause.setCheckable(True)
        self.now = Button(tr("Sync now"), icon="sync", keys="F5")
        promise = tr("What needs you holds nothing else up: the rest is sent as usual")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(Text(tr("Sync centre"), Type.TITLE))
        row.addWidget(Text(promise, Type.BODY, Colour.TEXT2))
        row.addStretch(1)
        for button in (self.diagnosis, self.handouts, self.rehearse, self.pause, self.now):
            row.addWidget(button)

    def show_state(self, state: ScreenState) -> None:
        """Offer a rehearsal while something waits and the service can say; say whether sending is paused."""
        can = state.is_answered and state.report is not None and state.report.rehearses
        self.rehearse.setVisible(can and bool(state.counts and state.counts.unsent))
        paused = bool(state.report and state.report.paused)
        self.pause.setChecked(paused)
        self.pause.set_label(tr("Go on sending") if paused else tr("Pause sending"))
        self.pause.set_icon("play" if paused else "pause")
