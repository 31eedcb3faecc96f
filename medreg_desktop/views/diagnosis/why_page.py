"""为什么: one state, what it means, since when, its cause, what follows, what can be done, and the last exchanges."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from medreg_desktop.services.support.explain import Explanation
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.services.transport.attempts import Attempt
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.blocks import SectionHeader
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.cells import TextCell, WordCell
from medreg_desktop.ui.widgets.labels import Hairline, Text, WordLabel
from medreg_desktop.ui.widgets.rows_model import Column, RowsModel
from medreg_desktop.ui.widgets.table import Table
from medreg_desktop.views.diagnosis import words
from medreg_desktop.views.diagnosis.state import ScreenState

_LABEL = 52


def attempt_columns() -> tuple[Column[Attempt], ...]:
    """Return the columns of the exchanges."""
    column: type[Column[Attempt]] = Column
    return (
        column("at", tr("Time"), 70, lambda a: TextCell(words.second_of(a.at)), sortable=False),
        column("call", tr("Exchange"), 84, lambda a: TextCell(words.call_word(a)), sortable=False),
        column("result", tr("Result"), 130, _result, stretch=True, sortable=False),
        column("took", tr("Took"), 74, lambda a: TextCell(words.took_words(a)), sortable=False),
        column("status", tr("Status"), 54, lambda a: TextCell(str(a.status or "—")), sortable=False),
        column("next", tr("Next try"), 70, _next, sortable=False),
    )


def _result(attempt: Attempt) -> WordCell:
    return WordCell((words.result_word(attempt),), small=True)


def _next(attempt: Attempt) -> TextCell:
    return TextCell(words.second_of(attempt.next_try) if attempt.next_try else "—")


class WhyPage(QWidget):
    """The explanation; its sentences follow what happens, the table keeps its place."""

    copy_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._word = WordLabel(None, Type.SECTION, 18)
        self._since = Text("", Type.SMALL, Colour.TEXT2)
        self._subject = Text("", Type.NAME)
        self.sentences = {
            name: Text("", Type.BODY, wrap=True)
            for name in (tr("Meaning"), tr("Cause"), tr("What follows"), tr("You can"))
        }
        self._heading = SectionHeader("")
        self.model = RowsModel[Attempt](attempt_columns(), identity=lambda attempt: attempt.n, parent=self)
        self.table = Table(self.model, tr("Exchanges"))
        self._none = Text(tr("No exchange yet."), Type.BODY, Colour.TEXT2)
        self._request = Text("", Type.SMALL, Colour.TEXT2, wrap=True)
        self._request.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy = Button(tr("Copy"), Kind.OUTLINED, icon="copy", keys="Ctrl+Shift+C")
        self._notice = Text("", Type.SMALL, Colour.OK)
        self.copy.clicked.connect(self.copy_wanted)
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(Space.CONTROL)
        head.addWidget(self._word)
        head.addWidget(self._since, 0, Qt.AlignmentFlag.AlignBottom)
        head.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look().px(Space.BAND))
        column.addLayout(head)
        column.addWidget(self._subject)
        column.addLayout(self._grid())
        column.addWidget(Hairline())
        column.addWidget(self._heading)
        column.addWidget(self._none)
        column.addWidget(self.table, 1)
        column.addStretch(0)
        foot = QHBoxLayout()
        foot.addWidget(self._request, 1)
        foot.addWidget(self._notice)
        foot.addWidget(self.copy)
        column.addLayout(foot)

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.CONTROL)
        grid.setVerticalSpacing(look().px(Space.CONTROL))
        grid.setColumnMinimumWidth(0, look().px(_LABEL))
        grid.setColumnStretch(1, 1)
        for row, (name, said) in enumerate(self.sentences.items()):
            grid.addWidget(Text(name, Type.SMALL, Colour.TEXT2), row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(said, row, 1)
        return grid

    def show_state(self, state: ScreenState) -> None:
        """Show the explanation as it stands at this moment."""
        found = state.explanation
        if found is None:
            return
        word = words.head_word(state)
        self._word.set_word(word)
        self._since.setText(words.since_words(found, state.now, word.text))
        self._subject.setText(state.about.title if state.about else "")
        self._subject.setVisible(state.about is not None)
        said = (
            words.means(found), words.cause(found), words.next_words(found, state.now), words.you_words(found),
        )  # fmt: skip
        for label, text in zip(self.sentences.values(), said, strict=True):
            label.setText(text)
        self._show_attempts(found)
        self._request.setText(words.request_words(found.request_id))
        self._notice.setText(sentence(state.problem) if state.problem else state.notice)
        self._notice.set_colour(Colour.BAD if state.problem else Colour.OK)

    def _show_attempts(self, found: Explanation) -> None:
        self._heading.set_title(words.attempts_title(found)[0])
        self._heading.set_note(words.attempts_title(found)[1])
        if self.model.rows != found.attempts:
            self.model.set_rows(found.attempts)
        self.table.setVisible(bool(found.attempts))
        self._none.setVisible(not found.attempts)
