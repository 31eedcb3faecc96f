"""The four ways out of quarantine: send again, correct, hand over, give up (``sync.md`` §5.8)."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from medreg_desktop.services.review.outbox_desk import Conflict
from medreg_desktop.services.review.quarantine_desk import Reason, SetApart
from medreg_desktop.services.texts.translator import mark, together, tr, trn
from medreg_desktop.ui.notices import Tone
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.blocks import Banner
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.labels import Text

_REASONS = {
    Reason.MISTAKEN: mark("It was a mistake"),
    Reason.SETTLED_OTHERWISE: mark("Settled in another way"),
    Reason.NO_LONGER_WANTED: mark("The applicant no longer wants it"),
    Reason.OTHER: mark("Another reason"),
}


class QuarantinePanel(QWidget):
    """Takes the place of the ordinary buttons while the item in view is set apart."""

    send_again = Signal()
    correct = Signal()
    hand_over = Signal()
    give_up = Signal()
    give_up_for = Signal(object)
    keep = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.again_button = Button(tr("Send again"), Kind.FILLED, icon="sync", tall=True)
        self.correct_button = Button(tr("Correct it…"), Kind.OUTLINED, icon="pencil", tall=True)
        self.over_button = Button(tr("Hand over to support…"), Kind.OUTLINED, icon="person", tall=True)
        self.give_up_button = Button(tr("Give up…"), Kind.FINAL, icon="circle-barred", tall=True)
        self._hint = Text("", Type.SMALL, Colour.TEXT2, wrap=True)
        self._ways = QWidget()
        self._question = QWidget()
        self._warning = Banner(Tone.FAULT, "")
        self.reason_buttons = {reason: Button(tr(words), Kind.FINAL) for reason, words in _REASONS.items()}
        self.back_button = Button(tr("Back"), Kind.OUTLINED, icon="arrow-back", shown_keys="Esc", tall=True)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        ways = _column(self._ways)
        ways.addLayout(_row(self.again_button, self.correct_button))
        ways.addLayout(_row(self.over_button, self.give_up_button, apart=Space.FINAL))
        ways.addWidget(self._hint)
        question = _column(self._question)
        question.addWidget(self._warning)
        question.addWidget(
            Text(tr("Why is it given up? One press settles it; the reason goes into the audit."), Type.NAME)
        )
        first, second, third, fourth = self.reason_buttons.values()
        question.addLayout(_row(first, second))
        question.addLayout(_row(third, fourth))
        question.addLayout(_row(self.back_button))
        column = _column(self)
        column.addWidget(self._ways)
        column.addWidget(self._question)

    def _connect(self) -> None:
        for button, signal in (
            (self.again_button, self.send_again),
            (self.correct_button, self.correct),
            (self.over_button, self.hand_over),
            (self.give_up_button, self.give_up),
            (self.back_button, self.keep),
        ):
            button.clicked.connect(signal)
        for reason, button in self.reason_buttons.items():
            button.clicked.connect(lambda _checked=False, reason=reason: self.give_up_for.emit(reason))

    def show_item(self, conflict: Conflict, apart: SetApart, *, gives_up: bool) -> None:
        """Show the ways out, or ask for the reason of the last one."""
        was_asking = self._question.isVisibleTo(self)
        self._ways.setVisible(not gives_up)
        self._question.setVisible(gives_up)
        self.correct_button.setVisible(conflict.can_review_again)
        self._hint.setText(_hint(conflict))
        self._warning.show_news(Tone.FAULT, *_warning(apart), icon="sheet-alert" if apart.printed else "")
        if gives_up and not was_asking:
            self.back_button.setFocus()


def _hint(conflict: Conflict) -> str:
    words = [tr("It holds nothing else up and is never sent by itself.")]
    if conflict.can_review_again:
        words.append(tr("Correcting opens the review window; the new decision takes this one's place."))
    words.append(tr("Handing over saves its number and its tries, no name and none of your words."))
    return together(*words)


def _warning(apart: SetApart) -> tuple[str, str]:
    """Return what giving up takes along, and what it cannot promise."""
    what = tr("It will not be sent any more, and cannot be brought back.")
    if apart.printed:
        text = "{n} copy of form {number} is printed and will have to be recalled."
        what = trn(text, "{n} copies of form {number} are printed and will have to be recalled.", apart.printed,
                   number=apart.form_number)  # fmt: skip
    todo = []
    if apart.was_sent:
        todo.append(tr("The service may know it already: then what the register says stands."))
    if apart.behind:
        text = "{n} entry that hangs on it is closed with it."
        todo.append(trn(text, "{n} entries that hang on it are closed with it.", apart.behind))
    return what, together(*todo)


def _column(widget: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(look().px(Space.CONTROL))
    return column


def _row(*buttons: Button, apart: int = Space.CONTROL) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(look().px(apart))
    for button in buttons:
        row.addWidget(button)
    row.addStretch(1)
    return row
