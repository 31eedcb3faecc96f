"""登记收回: asks how many copies of a void form are back, before it is told to the register for good."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from medreg_desktop.services.review.paper_desk import PaperLine
from medreg_desktop.services.texts.translator import tr, trn
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.choice import ChoiceField, Option
from medreg_desktop.ui.widgets.labels import Panel, Text

_EDGE = 12
_FIELD = 108


class RecallStrip(Panel):
    """Knows no presenter: the page connects it. All that are about are preset; Enter records, Esc goes back."""

    recorded = Signal(int)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Colour.ACCENT_SOFT, parent=parent)
        self._line: PaperLine | None = None
        self._whose = Text("", Type.NAME)
        self._note = Text("", Type.SMALL, Colour.TEXT2, wrap=True)
        self.copies = ChoiceField(tr("Copies back"), many=False)
        self.record = Button(tr("Record the recall"), Kind.OUTLINED, shown_keys="Enter")
        self.back = Button(tr("Back"), Kind.PLAIN, shown_keys="Esc")
        self.copies.chosen.connect(self._on_chosen)
        self.record.clicked.connect(self._on_record)
        self.back.clicked.connect(self.left)
        self._lay_out()
        self.hide()

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(look().px(2))
        words.addWidget(self._whose)
        words.addWidget(self._note)
        row = QHBoxLayout(self)
        edge = look().px(_EDGE)
        row.setContentsMargins(edge, look().px(Space.CONTROL), edge, look().px(Space.CONTROL))
        row.setSpacing(look().px(Space.CONTROL))
        row.addLayout(words, 1)
        self.copies.setFixedWidth(look().px(_FIELD))
        for widget in (self.copies, self.record, self.back):
            row.addWidget(widget)

    def show_line(self, line: PaperLine | None) -> None:
        """Ask for the copies of a form, or nothing."""
        before, self._line = self._line, line
        self.setVisible(line is not None)
        if line is None or line == before:
            return
        about = line.paper.outstanding
        self._whose.setText(f"{line.paper.form_number}  {line.applicant or '—'}")
        text = "{n} copy is about; how many are back? What is recorded stands."
        many = "{n} copies are about; how many are back? What is recorded stands."
        self._note.setText(trn(text, many, about))
        self.setAccessibleName(tr("Record the recall"))
        self.copies.set_options([Option(str(n), str(n)) for n in range(1, about + 1)])
        self.copies.set_values([str(about)])
        if before is None:
            self.copies.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter records, but on the way back it goes back; a key held down does neither."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.isAutoRepeat() or not (enter or event.key() == Qt.Key.Key_Escape):
            super().keyPressEvent(event)
        elif enter and not self.back.hasFocus():
            self._on_record()
        else:
            self.left.emit()

    def _on_chosen(self, values: tuple[str, ...]) -> None:
        if not values and self._line is not None:
            self.copies.set_values([str(self._line.paper.outstanding)])

    def _on_record(self) -> None:
        if self.copies.values:
            self.recorded.emit(int(self.copies.values[0]))
