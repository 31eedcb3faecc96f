"""What the shell shows around the page, as one immutable value, and the screens it can show. Free of widgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from PySide6.QtWidgets import QWidget

from medreg_desktop.ui.words import Word


class Place(StrEnum):
    """Where a screen stands in the rail."""

    MAIN = "main"
    FOOT = "foot"


@dataclass(frozen=True, slots=True)
class Screen:
    """One entry of the rail; ``title`` is a marked source text, ``factory`` builds the page when it is first shown."""

    key: str
    title: str
    icon: str
    factory: Callable[[], QWidget]
    place: Place = Place.MAIN


@dataclass(frozen=True, slots=True)
class Count:
    """A number beside a rail entry; ``urgent`` when it is work that must be done."""

    n: int
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class ShellState:
    """Everything around the page. Empty texts and None are not shown."""

    institution: str = ""
    registrar: str = ""
    is_demo: bool = False
    lamp: Word | None = None
    second: Word | None = None
    waiting: int = 0
    offline: Word | None = None  # whether the network may be left
    as_of: str = ""
    calendar: str = ""
    authority: str = ""
    unread: int = 0
    counts: Mapping[str, Count] = field(default_factory=dict)
