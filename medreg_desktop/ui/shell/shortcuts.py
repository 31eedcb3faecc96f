"""The sheet of all keys (Ctrl+/), read from the actions, buttons and fields that are really there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from medreg_desktop.services.texts.translator import mark, tr
from medreg_desktop.ui.keys import keys_text
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.field import Field
from medreg_desktop.ui.widgets.labels import Text

_COLUMNS = 2

TABLE_KEYS: tuple[tuple[str, str], ...] = (
    (mark("Open the row"), "Enter"),
    (mark("Tick the row, or press its button"), "Space"),
    (mark("Tick all rows that can be acted on"), "Ctrl+A"),
    (mark("Copy the rows as shown"), "Ctrl+C"),
)
"""What every table does; handled by the table itself, so no action carries it."""


@dataclass(frozen=True, slots=True)
class Key:
    """One line of the sheet."""

    text: str
    keys: str


def keys_of(widgets: Iterable[QWidget]) -> tuple[Key, ...]:
    """Return the shortcuts of these widgets and all they hold, in the order of the screen, each once."""
    found: dict[str, Key] = {}
    for root in widgets:
        for key in (*_actions(root), *_buttons(root), *_fields(root)):
            if key.keys and key.text:
                found.setdefault(key.keys, key)
    return tuple(found.values())


def _actions(root: QWidget) -> Iterable[Key]:
    for action in (*root.actions(), *root.findChildren(QAction)):
        yield Key(action.text().replace("&", ""), keys_text(_portable(action.shortcut())))


def _buttons(root: QWidget) -> Iterable[Key]:
    for button in root.findChildren(Button):
        if button.isVisibleTo(root):
            yield Key(button.accessibleName(), button.shown_keys or button.accessibleDescription())


def _fields(root: QWidget) -> Iterable[Key]:
    for shortcut in root.findChildren(QShortcut):
        owner = shortcut.parent()
        if isinstance(owner, Field):
            yield Key(owner.label, keys_text(_portable(shortcut.key())))


def _portable(sequence: QKeySequence) -> str:
    return sequence.toString(QKeySequence.SequenceFormat.PortableText)


def clashes(keys: Sequence[Key]) -> dict[str, list[str]]:
    """Return keys that several actions of one context claim; must be empty."""
    claimed: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        claimed[key.keys].append(key.text)
    return {keys: texts for keys, texts in claimed.items() if len(set(texts)) > 1}


class ShortcutSheet(QDialog):
    """Two columns of keys: the program's, then the screen's. Esc closes."""

    def __init__(self, groups: Sequence[tuple[str, Sequence[Key]]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Shortcuts"))
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(Space.BAND)
        for title, keys in groups:
            if keys:
                column.addWidget(Text(title, Type.SECTION))
                column.addLayout(self._grid(keys))
        column.addStretch(1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        close = Button(tr("Close"), Kind.OUTLINED, shown_keys="Esc")
        close.clicked.connect(self.close)
        foot.addWidget(close)
        column.addLayout(foot)

    @staticmethod
    def _grid(keys: Sequence[Key]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.PAGE)
        grid.setVerticalSpacing(Space.GROUP)
        for at, key in enumerate(keys):
            row, side = at // _COLUMNS, (at % _COLUMNS) * 2
            grid.addWidget(Text(key.keys, Type.KEY, Colour.TEXT2), row, side)
            grid.addWidget(Text(key.text, Type.BODY), row, side + 1)
        for side in range(_COLUMNS):
            grid.setColumnStretch(side * 2 + 1, 1)
        return grid
