"""What a table cell shows, as values: a column turns a row into one of these, one delegate draws them all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.tokens import Colour
from medreg_desktop.ui.words import Word


@dataclass(frozen=True, slots=True)
class TextCell:
    """Text in ink; ``tail`` follows smaller and grey (变更 主要执业机构)."""

    text: str
    tail: str = ""
    colour: Colour = Colour.TEXT
    bold: bool = False
    small: bool = False

    @property
    def accessible(self) -> str:
        """What a screen reader says."""
        return f"{self.text} {self.tail}".strip()


@dataclass(frozen=True, slots=True)
class MaskedCell:
    """A masked number: first and last characters with four drawn dots between."""

    head: str
    tail: str
    colour: Colour = Colour.TEXT2

    @property
    def accessible(self) -> str:
        """The ends, and that the middle is masked."""
        return f"{self.head} {tr('masked')} {self.tail}"


@dataclass(frozen=True, slots=True)
class WordCell:
    """One or more state words side by side (✕ 1  ? 1), each with icon, colour and, for deadlines, its pill.

    ``beside_pills`` indents a word without a pill, so that the icons of a deadline column stand in one line.
    """

    words: tuple[Word, ...]
    small: bool = False
    beside_pills: bool = False
    spoken: str = ""  # where icons say what the words leave out (✕ 1)

    @property
    def accessible(self) -> str:
        """The words."""
        return self.spoken or "，".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class ButtonCell:
    """A painted row button; its hit area is the whole cell. ``quiet`` draws it without an edge (查看)."""

    text: str
    quiet: bool = False

    @property
    def accessible(self) -> str:
        """The button's words."""
        return self.text


class TickState(StrEnum):
    """A row's tick box."""

    ON = "on"
    OFF = "off"
    BARRED = "barred"


@dataclass(frozen=True, slots=True)
class TickCell:
    """The tick box of a row; barred rows cannot be acted on."""

    state: TickState

    @property
    def accessible(self) -> str:
        """Whether the row is ticked."""
        return {
            TickState.ON: tr("ticked"),
            TickState.OFF: tr("not ticked"),
            TickState.BARRED: tr("cannot be ticked"),
        }[self.state]


Cell = TextCell | MaskedCell | WordCell | ButtonCell | TickCell


def masked(number: str) -> MaskedCell:
    """Return the cell of a number shown by its first 2 and last 4 characters."""
    return MaskedCell(number[:2], number[-4:] if len(number) > 6 else "")
