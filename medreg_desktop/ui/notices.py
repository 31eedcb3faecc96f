"""The one channel for what the program tells the user without asking (``look.md`` §6). No widget opens a box itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Signal

from medreg_desktop.ui.tokens import Colour

_HISTORY = 100


class Tone(StrEnum):
    """What kind of news it is."""

    DONE = "done"
    NEWS = "news"
    CARE = "care"
    FAULT = "fault"


ICONS: dict[Tone, tuple[str, Colour]] = {
    Tone.DONE: ("circle-tick", Colour.OK),
    Tone.NEWS: ("circle-info", Colour.ACCENT),
    Tone.CARE: ("triangle-alert", Colour.WARN),
    Tone.FAULT: ("octagon-alert", Colour.BAD),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One line: what happened, to whom, what follows. ``action`` is a link such as 撤回.

    A fault stays until it is closed; other tones go after some seconds. The history keeps all.
    """

    text: str
    tone: Tone = Tone.DONE
    action: str = ""
    on_action: Callable[[], None] | None = None

    @property
    def stays(self) -> bool:
        """Whether it waits for the user."""
        return self.tone is Tone.FAULT


class Notices(QObject):
    """Takes notices from anywhere on the UI thread and hands them to whoever shows them."""

    posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._history: list[Notice] = []

    @property
    def history(self) -> tuple[Notice, ...]:
        """The latest notices, newest last."""
        return tuple(self._history)

    def post(self, notice: Notice) -> None:
        """Tell the user."""
        self._history = [*self._history, notice][-_HISTORY:]
        self.posted.emit(notice)

    def say(self, text: str, tone: Tone = Tone.DONE) -> None:
        """Tell the user one line without an action."""
        self.post(Notice(text, tone))

    def clear(self) -> None:
        """Forget the history, e.g. when another registrar takes over."""
        self._history = []
