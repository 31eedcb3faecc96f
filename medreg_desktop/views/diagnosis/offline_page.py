"""能否离线: the verdict, and every fact behind it with what to do."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from medreg_desktop.services.support.readiness import Line, Readiness
from medreg_desktop.services.texts.offline_words import FACTS, remedy_words, value_words
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.readiness import line_word, readiness_word
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.blocks import CheckRow, CheckRows
from medreg_desktop.ui.widgets.labels import Text, WordLabel


class OfflinePage(QWidget):
    """Looked at before the registrar leaves the network; the worst facts stand first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._word = WordLabel(None, Type.SECTION, 18)
        self._hint = Text("", Type.SMALL, Colour.TEXT2, wrap=True)
        self.rows = CheckRows()
        self._shown: Readiness | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look().px(Space.BAND))
        column.addWidget(self._word)
        column.addWidget(self.rows)
        column.addWidget(self._hint)
        column.addStretch(1)
        self._hint.setText(
            tr("Nothing is refused for this: it is advice. Decisions made offline are kept and sent later.")
        )

    def show_readiness(self, found: Readiness) -> None:
        """Show the verdict; the lines are drawn anew only when one of them says something else."""
        self._word.set_word(readiness_word(found))
        lines = [_row(line) for line in sorted(found.lines, key=lambda line: -line.verdict)]
        if self._shown is None or lines != [_row(line) for line in sorted(self._shown.lines, key=lambda x: -x.verdict)]:
            self.rows.set_rows(lines)
        self._shown = found


def _row(line: Line) -> CheckRow:
    remedy = remedy_words(line.fact, line.value) if line.verdict else ""
    return CheckRow(line_word(line), tr(FACTS[line.fact]), value_words(line.fact, line.value), remedy)
