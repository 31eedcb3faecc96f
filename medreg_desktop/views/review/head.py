"""The head of 审核窗口: whom it concerns, until when, who holds it, and where in the list it stands."""

from __future__ import annotations

from datetime import date, datetime
from html import escape

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from medreg_core.domain.calendar import NotPublished
from medreg_core.domain.deadlines import CHINA, china_date
from medreg_core.domain.masking import MASK, mask_id
from medreg_core.domain.records import AccountId
from medreg_core.domain.tables import Tables
from medreg_desktop.services.review.sheet import ReviewSheet
from medreg_desktop.services.texts.terms import term
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui import paint, words
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.labels import Painted, Panel, Text, WordLabel
from medreg_desktop.ui.words import Word
from medreg_desktop.views.review.state import ScreenState
from medreg_desktop.views.review.words import workdays_left

_HEIGHT = 48
_NAME = 360


class IdNumber(Painted):
    """An ID number: first 2 and last 4 characters with four drawn dots between, or the whole once revealed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_number(self, number: str, *, reveal: bool) -> None:
        """Show a number, masked or whole."""
        self._text = number if reveal else mask_id(number)
        head, _, tail = self._text.partition(MASK)
        self.setAccessibleName(self._text if reveal else f"{head} {tr('masked')} {tail}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the number's width."""
        head, mask, tail = self._text.partition(MASK)
        width = paint.masked_width(head, tail, Type.BODY) if mask else look().text_width(head, Type.BODY)
        return QSize(int(width) + 2, look().line_height(Type.BODY))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the number."""
        painter = QPainter(self)
        head, mask, tail = self._text.partition(MASK)
        if mask:
            paint.masked(painter, self.rect(), head, tail, Type.BODY, Colour.TEXT2)
        else:
            paint.words(painter, self.rect(), head, Type.BODY, Colour.TEXT2)
        painter.end()


class Head(Panel):
    """One line; everything in it stays in place while the registrar walks through the list."""

    next = Signal()
    previous = Signal()
    reveal = Signal()

    def __init__(self, tables: Tables, parent: QWidget | None = None, *, may_reveal: bool = True) -> None:
        super().__init__(Colour.WINDOW, 0, parent)
        self._tables, self._may_reveal = tables, may_reveal
        self._name = Text("", Type.TITLE)
        self._sex = Text("", Type.BODY, Colour.TEXT2)
        self._number = IdNumber()
        self._reveal = Button(tr("Show full numbers…"), Kind.LINK, icon="eye")
        self._kind = Text("", Type.NAME)
        self._part = Text("")
        self._version = Text("", Type.SMALL, Colour.TEXT2)
        self._deadline = WordLabel()
        self._state = WordLabel()
        self._claim = WordLabel(face=Type.SMALL)
        self._position = Text("", Type.SMALL, Colour.TEXT2)
        self._previous = Button(tr("Previous"), Kind.PLAIN, keys="Shift+F2")
        self._next = Button(tr("Next"), Kind.PLAIN, keys="F2")
        self._lay_out()
        self._previous.clicked.connect(self.previous)
        self._next.clicked.connect(self.next)
        self._reveal.clicked.connect(self.reveal)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(look().px(Space.PAGE), 0, look().px(Space.PAGE), 0)
        row.setSpacing(look().px(10))
        for widget in (
            self._name,
            self._sex,
            self._number,
            self._reveal,
            self._kind,
            self._part,
            self._version,
            self._state,
            self._deadline,
        ):
            row.addWidget(widget)
        row.addStretch(1)
        for widget in (self._claim, self._position, self._previous, self._next):
            row.addWidget(widget)

    def sizeHint(self) -> QSize:
        """Return the head's height."""
        return QSize(super().sizeHint().width(), look().px(_HEIGHT))

    def show_nothing(self, state: ScreenState) -> None:
        """Show only the place in the list: the application there is gone, or not read yet."""
        for widget in (self._sex, self._kind, self._part, self._version, self._name):
            widget.setText("")
        for label in (self._state, self._deadline, self._claim):
            label.set_word(None)
        self._number.hide()
        self._reveal.hide()
        self._show_place(state)

    def _show_name(self, name: str) -> None:
        """Cut a name to the room there is; the whole is in the tip, escaped: a tip obeys markup."""
        shown = self._name.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, look().px(_NAME))
        self._name.setText(shown)
        self._name.setAccessibleName(name)
        self._name.setToolTip("" if shown == name else f"<span>{escape(name)}</span>")

    def _show_place(self, state: ScreenState) -> None:
        self._position.setText(tr("{n} of {total}", n=state.position, total=state.total) if state.total else "")
        self._previous.setEnabled(state.position > 1)
        self._next.setEnabled(state.position < state.total)

    def show_sheet(self, state: ScreenState, now: datetime, account: AccountId) -> None:
        """Show the application on the desk."""
        sheet = state.sheet
        assert sheet is not None
        application, person = sheet.application, sheet.application.person
        self._show_name(person.name)
        self._sex.setText(term(person.sex))
        self._number.show()
        self._number.show_number(person.id_number, reveal=state.reveal)
        self._reveal.setVisible(self._may_reveal and not state.reveal)
        self._kind.setText(term(application.kind))
        self._part.setText(term(application.change_part) if application.change_part else "")
        self._part.setVisible(application.change_part is not None)
        self._version.setText(tr("version {n}", n=application.content_version))
        self._state.set_word(words.STATES[sheet.shown_state])
        self._deadline.set_word(self._deadline_word(sheet, china_date(now)))
        self._claim.set_word(_claim_word(sheet, now, account))
        self._show_place(state)

    def _deadline_word(self, sheet: ReviewSheet, today: date) -> Word | None:
        if sheet.deadline is None:
            return None
        if isinstance(sheet.deadline, NotPublished):
            return words.deadline(None)
        word = words.deadline(workdays_left(sheet, self._tables.calendar, today))
        dated = tr("{left} ({day})", left=word.text, day=f"{sheet.deadline:%m-%d}")
        return Word(dated, word.icon, word.colour, bold=True)


def _claim_word(sheet: ReviewSheet, now: datetime, account: AccountId) -> Word | None:
    claim = sheet.application.claim
    if claim is None or claim.until <= now:  # nobody tells that it has run out
        return None
    until = f"{claim.until.astimezone(CHINA):%H:%M}"
    if claim.account_id == account:
        return Word(tr("Yours to review, kept until {until}", until=until), "lock", Colour.TEXT2)
    return Word(tr("{name} has it open, until {until}", name=claim.name, until=until), "lock", Colour.TEXT2)
