"""发送前预演: when the queue is rehearsed before it leaves, and how long there is to look at what was foreseen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from medreg_desktop.services.settings import options
from medreg_desktop.services.settings.options import Option as Setting
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.services.texts.translator import tr, trn
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.choice import ChoiceField, Option
from medreg_desktop.ui.widgets.labels import Panel, Text

_WIDTH = 460
_FROM = (0, 3, 5, 10, 20, 50, 100)
_SECONDS = (0, 10, 30, 60, 120, 300)


class RehearsalBox(QDialog):
    """Opened with ``open()``; a choice is kept at once, for everybody on this computer. UI thread."""

    def __init__(self, settings: Settings, over: QWidget) -> None:
        super().__init__(over)
        self._settings = settings
        self.setWindowTitle(tr("Rehearsal before sending"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.rehearse_from = self._field(tr("Rehearse from"), options.REHEARSE_FROM, _FROM, _from_words)
        self.seconds = self._field(tr("Time to look"), options.REHEARSAL_SECONDS, _SECONDS, _seconds_words)
        self.close_button = Button(tr("Close"), Kind.OUTLINED, shown_keys="Esc")
        self.close_button.clicked.connect(self.close)
        self._lay_out()

    def _field(
        self, label: str, setting: Setting[int], steps: Sequence[int], words: Callable[[int], str]
    ) -> ChoiceField:
        kept = self._settings.get(setting)
        steps = sorted({*steps, kept})  # a value that somebody wrote into the file by hand stays a choice
        field = ChoiceField(label, [Option(str(n), words(n)) for n in steps], many=False)
        field.set_values([str(kept)])

        def choose(values: tuple[str, ...]) -> None:
            self._settings.set(setting, int(values[0]) if values else setting.default)
            field.set_values([str(self._settings.get(setting))])

        field.chosen.connect(choose)
        return field

    def _lay_out(self) -> None:
        paper = Panel(Colour.SURFACE, 0)
        column = QVBoxLayout(paper)
        edge = look().px(Space.PAGE)
        column.setContentsMargins(edge, edge, edge, edge)
        column.setSpacing(look().px(Space.GROUP))
        column.addWidget(Text(tr("Rehearsal before sending"), Type.SECTION))
        for field, hint in (
            (self.rehearse_from, tr("After an outage, this many waiting decisions are tried out before they leave.")),
            (self.seconds, tr("If some would need you, the others leave after this time; you can send them sooner.")),
        ):
            column.addSpacing(look().px(Space.BAND))
            column.addWidget(field)
            column.addWidget(Text(hint, Type.SMALL, Colour.TEXT2, wrap=True))
        column.addSpacing(look().px(Space.BAND))
        foot = QHBoxLayout()
        foot.addWidget(Text(tr("For this computer, from the next start of the program."), Type.SMALL, Colour.TEXT2), 1)
        foot.addWidget(self.close_button)
        column.addLayout(foot)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(paper)
        self.setMinimumWidth(look().px(_WIDTH))
        self.rehearse_from.setFocus()


def _from_words(n: int) -> str:
    return trn("{n} waiting", "{n} waiting", n) if n else tr("Never by itself")


def _seconds_words(n: int) -> str:
    return trn("{n} second", "{n} seconds", n) if n else tr("Leave at once")
