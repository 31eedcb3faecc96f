"""Still blocks of a page: banner, section head, key-value list, check rows, empty state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from medreg_desktop.ui.notices import Tone
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Face, Space, Type
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.labels import IconLabel, Panel, Text
from medreg_desktop.ui.words import Word

_BANNERS: dict[Tone, tuple[Colour, Colour, str]] = {
    Tone.DONE: (Colour.OK_SOFT, Colour.OK, "circle-tick"),
    Tone.NEWS: (Colour.ACCENT_SOFT, Colour.ACCENT, "circle-info"),
    Tone.CARE: (Colour.WARN_SOFT, Colour.WARN, "triangle-alert"),
    Tone.FAULT: (Colour.BAD_SOFT, Colour.BAD, "octagon-alert"),
}


class Banner(Panel):
    """Soft fill, icon, bold first sentence = what; second = what to do; a button at the right."""

    pressed = Signal()

    def __init__(self, tone: Tone, what: str, todo: str = "", *, icon: str = "", parent: QWidget | None = None) -> None:
        fill, colour, default_icon = _BANNERS[tone]
        super().__init__(fill, parent=parent)
        self._icon = IconLabel(icon or default_icon, 16, colour)
        self._what = Text("", Type.NAME, colour, wrap=True)
        self._todo = Text("", Type.SMALL, Colour.TEXT, wrap=True)
        self._button = Button("", Kind.OUTLINED)
        self._button.clicked.connect(self.pressed)
        self._button.hide()
        self._lay_out()
        self.show_news(tone, what, todo, icon=icon)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._what)
        words.addWidget(self._todo)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 9, 10, 9)
        row.setSpacing(Space.CONTROL)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(self._button, 0, Qt.AlignmentFlag.AlignVCenter)

    def show_news(self, tone: Tone, what: str, todo: str = "", *, icon: str = "", button: str = "") -> None:
        """Change what the banner says."""
        fill, colour, default_icon = _BANNERS[tone]
        self.set_fill(fill)
        self._icon.set_icon(icon or default_icon, colour)
        self._what.set_colour(colour)
        self._what.setText(what)
        self._todo.setText(todo)
        self._todo.setVisible(bool(todo))
        self.setAccessibleName(f"{what} {todo}".strip())
        self.set_button(button)

    def set_button(self, text: str) -> None:
        """Show the button with these words, or hide it."""
        self._button.set_label(text)
        self._button.setVisible(bool(text))


class SectionHeader(QWidget):
    """15/700 title, small grey note behind it, an optional link button at the right."""

    pressed = Signal()

    def __init__(
        self,
        title: str,
        note: str = "",
        *,
        link: str = "",
        shown_keys: str = "",
        face: Face = Type.SECTION,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._title = Text(title, face)
        self._note = Text(note, Type.SMALL, Colour.TEXT2)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(Space.CONTROL)
        self._row.addWidget(self._title)
        self._row.addWidget(self._note)
        self._note.setHidden(not note)
        self._row.addStretch(1)
        if link:
            button = Button(link, Kind.LINK, shown_keys=shown_keys)
            button.clicked.connect(self.pressed)
            self._row.addWidget(button)

    def set_title(self, title: str) -> None:
        """Change the title."""
        self._title.setText(title)

    def set_note(self, note: str, colour: Colour = Colour.TEXT2) -> None:
        """Change the note; coloured when it decides something (缺 1 份)."""
        self._note.setText(note)
        self._note.setHidden(not note)
        self._note.set_colour(colour)
        self._note.set_face(Type.SMALL_BOLD if colour in {Colour.BAD, Colour.WARN, Colour.DIFF} else Type.SMALL)

    def add_beside_title(self, widget: QWidget) -> None:
        """Put a widget (a state word) behind the note."""
        self._row.insertWidget(self._row.count() - 1 if self._row.count() <= 3 else 2, widget)


@dataclass(frozen=True, slots=True)
class Pair:
    """A label with its value; ``bold`` for the value that decides."""

    label: str
    value: str
    bold: bool = False
    colour: Colour = Colour.TEXT


class KeyValues(QWidget):
    """A two-column list: 12 px labels, 13 px values."""

    def __init__(self, pairs: Sequence[Pair] = (), *, label_width: int = 76, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label_width = label_width
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(Space.CONTROL)
        self._grid.setVerticalSpacing(Space.GROUP)
        self._grid.setColumnStretch(1, 1)
        self.set_pairs(pairs)

    def set_pairs(self, pairs: Sequence[Pair]) -> None:
        """Show these pairs."""
        _clear(self._grid)
        self._grid.setColumnMinimumWidth(0, look().px(self._label_width))
        for row, pair in enumerate(pairs):
            label = Text(pair.label, Type.SMALL, Colour.TEXT2)
            value = Text(pair.value, Type.NAME if pair.bold else Type.BODY, pair.colour, wrap=True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(value, row, 1)


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One line of a check list: state, sentence, source at the right; ``detail`` opens a second line for a failure."""

    word: Word
    sentence: str
    source: str = ""
    detail: str = ""


class CheckRows(QWidget):
    """核对: each check with its icon, its sentence and its article right-aligned; failures on a soft red ground."""

    def __init__(self, rows: Sequence[CheckRow] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.set_rows(rows)

    def set_rows(self, rows: Sequence[CheckRow]) -> None:
        """Show these rows in the given order."""
        _clear(self._column)
        failures = [row.word.colour is Colour.BAD for row in rows]
        meets_another = any(one and other for one, other in pairwise(failures))
        for row in rows:
            # Round corners that meet would notch the edge of a red block.
            self._column.addWidget(_check_line(row, 0 if meets_another else Space.TIGHT))


def _check_line(row: CheckRow, radius: int) -> QWidget:
    failed = row.word.colour is Colour.BAD
    line = Panel(Colour.BAD_SOFT if failed else Colour.SURFACE, radius)
    line.setAccessibleName("，".join(part for part in (row.word.text, row.sentence, row.detail, row.source) if part))
    face, colour = (Type.NAME, Colour.BAD) if failed else (Type.BODY, Colour.TEXT)
    grid = QGridLayout(line)
    grid.setContentsMargins(8, 3, 8, 3)
    grid.setHorizontalSpacing(Space.CONTROL)
    grid.setVerticalSpacing(1)
    grid.setColumnStretch(1, 1)
    grid.addWidget(IconLabel(row.word.icon, 16, row.word.colour), 0, 0)
    grid.addWidget(Text(row.sentence, face, colour, wrap=True), 0, 1)
    grid.addWidget(Text(row.source, Type.SMALL, Colour.TEXT2), 0, 2)
    if row.detail:
        grid.addWidget(Text(row.detail, Type.SMALL, wrap=True), 1, 1, 1, 2)
    return line


class EmptyState(QWidget):
    """Why a list is empty and what to do, in words, with one button. Three cases: nothing yet, no match, offline."""

    pressed = Signal()

    def __init__(
        self, sentence: str, hint: str = "", *, button: str = "", icon: str = "tray", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._icon = IconLabel(icon, 24, Colour.TEXT3)
        self._sentence = Text("", Type.BODY, Colour.TEXT2, wrap=True)
        self._hint = Text("", Type.SMALL, Colour.TEXT3, wrap=True)
        self._button = Button(button, Kind.QUIET)
        self._button.clicked.connect(self.pressed)
        column = QVBoxLayout(self)
        column.addStretch(1)
        for widget in (self._icon, self._sentence, self._hint, self._button):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        for label in (self._sentence, self._hint):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.show_words(sentence, hint, button=button)

    def show_words(self, sentence: str, hint: str = "", *, button: str = "") -> None:
        """Change what it says."""
        for label, text in ((self._sentence, sentence), (self._hint, hint)):
            label.setText(text)
            label.setVisible(bool(text))
            label.setMinimumWidth(min(look().text_width(text, Type.BODY) + 4, look().px(420)))
        self._button.set_label(button)
        self._button.setVisible(bool(button))

    def sizeHint(self) -> QSize:
        """Ask for room like a short list."""
        return QSize(look().px(320), look().px(160))


def _clear(layout: QGridLayout | QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
