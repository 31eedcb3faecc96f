"""The page of a computer that was removed from its institution: why, what became of the work, whom to ask."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.sync.report import RemovalReport, Stage
from medreg_desktop.services.texts.faults import what_and_todo
from medreg_desktop.services.texts.terms import term
from medreg_desktop.services.texts.translator import together, tr, trn
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.labels import IconLabel, Text

_WIDTH = 520
_LINES = 4

_TOOK_NOTHING = "forbidden"
"""A service that has given no order takes nothing over: that is why it is asked again, and nothing in the way."""


class RemovedPage(QWidget):
    """Covers everything once the order to leave is proven. ``pressed``: begin anew, offered when all is over."""

    pressed = Signal()

    def __init__(self, institution: str) -> None:
        super().__init__()
        self._institution = institution or tr("its institution")
        self._title = Text("", Type.TITLE, wrap=True)
        self._lines = [Text("", Type.BODY, wrap=True) for _ in range(_LINES)]
        self.button = Button(tr("Set this computer up anew"), Kind.OUTLINED)
        self.button.clicked.connect(self.pressed)
        self._lay_out()

    def _lay_out(self) -> None:
        column = QWidget()
        column.setFixedWidth(look().px(_WIDTH))  # wrapped lines grow downwards only in a column that has its width
        words = QVBoxLayout(column)
        words.setSpacing(Space.CONTROL)
        words.addStretch(1)
        words.addWidget(IconLabel("octagon-alert", 24, Colour.BAD))
        for label in (self._title, *self._lines):
            words.addWidget(label)
        words.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        words.addStretch(2)
        row = QHBoxLayout(self)
        row.addStretch(1)
        row.addWidget(column)
        row.addStretch(1)

    def show_removal(self, removal: RemovalReport) -> None:
        """Say how far it is."""
        self._title.setText(self._what(removal))
        parts = (_why(removal), _work(removal), _hindrance(removal), _whom(removal))
        for label, text in zip(self._lines, parts, strict=True):
            label.setText(text)
            label.setVisible(bool(text))
        self.button.setVisible(removal.stage is Stage.GONE)

    def _what(self, removal: RemovalReport) -> str:
        if removal.stage is Stage.CHECK:
            return tr(
                "Whether this computer was removed from {institution} is being asked again.",
                institution=self._institution,
            )
        return tr("This computer was removed from {institution}.", institution=self._institution)


def _why(removal: RemovalReport) -> str:
    reason = removal.order.reason if removal.order else None
    return tr("Reason: {reason}.", reason=term(reason)) if reason else ""


def _work(removal: RemovalReport) -> str:
    if removal.stage is Stage.CHECK:
        return tr("Everything here is kept until the service has answered; nothing is sent.")
    if removal.stage is Stage.RESCUE:
        n = removal.left + removal.rescued
        if not n:  # none, or not counted yet: the disk may have to be asked for a while
            return tr(
                "What was not sent is handed to the supervisor, then the data here is deleted. Leave the computer on."
            )
        return trn(
            "{n} unsent decision is handed to the supervisor, then the data here is deleted. Leave the computer on.",
            "{n} unsent decisions are handed to the supervisor, then the data here is deleted. Leave the computer on.",
            n,
        )
    waiting = trn(
        "{n} decision that was not sent waits for the supervisor's confirmation.",
        "{n} decisions that were not sent wait for the supervisor's confirmation.",
        removal.rescued,
    )
    data = tr("The data here is being deleted.") if removal.stage is Stage.LEAVE else tr("The data here is deleted.")
    return together(waiting, data) if removal.rescued else data


def _hindrance(removal: RemovalReport) -> str:
    if not removal.code or (removal.stage is Stage.CHECK and removal.code == _TOOK_NOTHING):
        return ""
    what, _ = what_and_todo(removal.code)
    if removal.stage is Stage.CONFIRM:
        return what + tr("The service has not heard of it yet; it is told as soon as it answers.")
    if removal.stage is Stage.CHECK:
        return what + tr("It is tried again by itself.")
    return what + tr("It is tried again by itself; until then nothing is deleted.")


def _whom(removal: RemovalReport) -> str:
    if removal.order is not None and removal.order.by is Role.SYSTEM:
        return tr("If this is a mistake, ask the service's operator.")
    return tr("If this is a mistake, ask your institution's administrator.")
