"""The four numbers over 同步中心: needs you, to be sent, papers to recall, last success."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from medreg_desktop.services.texts.moments import near
from medreg_desktop.services.texts.translator import tr, trn
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.labels import IconLabel, Text
from medreg_desktop.views.sync_center.state import ScreenState
from medreg_desktop.views.sync_center.words import clock_words, troubles


class Number(QWidget):
    """One number: icon, count, word, and a line below."""

    def __init__(self, icon: str, word: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon_name = icon
        self._icon = IconLabel(icon, 20)
        self._count = Text("0", Type.COUNT)
        self._note = Text("", Type.SMALL, Colour.TEXT2)
        row = QHBoxLayout()
        row.setSpacing(look().px(Space.CONTROL))
        for widget in (self._icon, self._count, Text(word)):
            row.addWidget(widget)
        row.addStretch(1)
        below = QHBoxLayout()
        below.addSpacing(look().px(20 + Space.CONTROL))
        below.addWidget(self._note, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addLayout(below)

    def show_number(self, text: str, note: str, colour: Colour = Colour.TEXT) -> None:
        """Show the number in a colour that says whether it is work."""
        self._count.setText(text)
        self._count.set_colour(colour)
        self._icon.set_icon(self._icon_name, colour if colour is not Colour.TEXT else Colour.TEXT2)
        self._note.setText(note)


class Numbers(QWidget):
    """All four, side by side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._needs_you = Number("triangle-alert", tr("Needs you"))
        self._unsent = Number("arrow-from-line", tr("To be sent"))
        self._papers = Number("sheet-alert", tr("Papers still out"))
        self._synced = Number("clock", tr("Last success"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for number in (self._needs_you, self._unsent, self._papers, self._synced):
            row.addWidget(number, 1)

    def show_state(self, state: ScreenState) -> None:
        """Count what the state holds."""
        waiting = len(state.waiting)
        self._needs_you.show_number(str(waiting), _waiting_note(state), Colour.BAD if waiting else Colour.TEXT)
        unsent = state.counts.unsent if state.counts else 0
        self._unsent.show_number(str(unsent), _unsent_note(state), Colour.ACCENT if unsent else Colour.TEXT)
        out = len(state.outstanding)
        self._papers.show_number(str(out), _paper_note(state), Colour.BAD if out else Colour.TEXT)
        at = state.report.synced_at if state.report else None
        self._synced.show_number(near(at, state.now) if at else "—", clock_words(state.report, state.now))


def _waiting_note(state: ScreenState) -> str:
    parts = [troubles(state.waiting)] if state.waiting else []
    if state.foreseen:
        parts.append(tr("Rehearsed, {n} to look at", n=len(state.foreseen)))
    return tr("; ").join(parts)


def _unsent_note(state: ScreenState) -> str:
    oldest = min((item.row.saved_at for item in state.items if not item.can_drop), default=None)
    others = state.counts.others if state.counts else 0
    parts = [tr("the oldest saved at {at}", at=near(oldest, state.now))] if oldest else []
    if others:
        parts.append(trn("{n} of another registrar here", "{n} of other registrars here", others))
    return tr("; ").join(parts)


def _paper_note(state: ScreenState) -> str:
    copies = sum(line.paper.outstanding for line in state.outstanding)
    back = len(state.papers) - len(state.outstanding)
    parts = [trn("{n} copy about", "{n} copies about", copies)] if copies else []
    if back:
        parts.append(trn("{n} form is back", "{n} forms are back", back))
    return tr(", ").join(parts)
