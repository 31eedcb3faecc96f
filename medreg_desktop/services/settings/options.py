"""Every setting, declared once: key, type, default, title. A key that is not here cannot be read or written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Final, Generic, TypeVar

from medreg_desktop.services.texts.translator import mark

T = TypeVar("T")
Json = str | int | bool | None | list["Json"] | dict[str, "Json"]


class Unreadable(ValueError):
    """A stored or given value cannot be one of this option."""


class Scope(Enum):
    """Whose choice it is. On a shared Windows account each registrar has settings of his own."""

    COMPUTER = "computer"
    REGISTRAR = "registrar"


@dataclass(frozen=True, slots=True)
class Option(Generic[T]):
    """One setting. ``read`` turns stored JSON into a value and raises Unreadable for what cannot be one."""

    key: str
    default: T
    title: str
    read: Callable[[Json], T]
    write: Callable[[T], Json]
    scope: Scope = Scope.REGISTRAR


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise Unreadable(value)
    return value


def _truth(value: Json) -> bool:
    if not isinstance(value, bool):
        raise Unreadable(value)
    return value


def _number(low: int, high: int) -> Callable[[Json], int]:
    def read(value: Json) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Unreadable(value)
        return value

    return read


def _one_of(*allowed: str) -> Callable[[Json], str]:
    def read(value: Json) -> str:
        if value not in allowed:
            raise Unreadable(value)
        return str(value)

    return read


@dataclass(frozen=True, slots=True)
class PrinterPreset:
    """How a form is printed: printer, tray and duplex by the names the driver gave, and the copies."""

    name: str = ""
    printer: str = ""
    tray: str = ""
    duplex: str = "long_edge"
    copies: int = 2


def _preset(value: Json) -> PrinterPreset:
    if not isinstance(value, dict):
        raise Unreadable(value)
    texts = {key: _text(value.get(key, "")) for key in ("name", "printer", "tray", "duplex")}
    return PrinterPreset(**texts, copies=_number(1, 99)(value.get("copies", 1)))


def _presets(value: Json) -> tuple[PrinterPreset, ...]:
    if not isinstance(value, list):
        raise Unreadable(value)
    return tuple(_preset(item) for item in value)


def _same(value: T) -> T:
    return value


def text_option(key: str, title: str, default: str = "", scope: Scope = Scope.REGISTRAR) -> Option[str]:
    """Return a setting that holds text."""
    return Option(key, default, title, _text, _same, scope)


def truth_option(key: str, title: str, *, default: bool, scope: Scope = Scope.REGISTRAR) -> Option[bool]:
    """Return a setting that is on or off."""
    return Option(key, default, title, _truth, _same, scope)


SERVER_ADDRESS: Final = text_option("server_address", mark("Server address"), scope=Scope.COMPUTER)
LAST_ACCOUNT: Final = text_option("last_account", mark("Account"), scope=Scope.COMPUTER)
LANGUAGE: Final = Option(
    "language", "zh_CN", mark("Language"), _one_of("zh_CN", "en"), _same, Scope.COMPUTER
)  # one for all: the sign-in page is shown before anybody is known
WINDOW: Final = text_option("window", mark("Window size and place"), scope=Scope.COMPUTER)

THEME: Final = Option("theme", "system", mark("Light or dark"), _one_of("system", "light", "dark"), _same)
DENSITY: Final = Option("density", "compact", mark("Density"), _one_of("compact", "standard"), _same)
FONT_PT: Final = Option("font_pt", 10, mark("Text size"), _number(9, 14), _same)
RAIL_NARROW: Final = truth_option("rail_narrow", mark("Narrow navigation"), default=False)
IDLE_LOCK_MINUTES: Final = Option("idle_lock_minutes", 10, mark("Lock after idle minutes"), _number(1, 60), _same)
NEXT_AFTER_DECISION: Final = truth_option("next_after_decision", mark("Go to the next one when done"), default=False)
BATCH_UNDER_WAY: Final = Option("batch_under_way", 0, mark("Rows of a batch not ended yet"), _number(0, 10**9), _same)
CONDITIONS_FOLDED: Final = truth_option("conditions_folded", mark("Fold the conditions"), default=False)
PRINTER_PRESETS: Final[Option[tuple[PrinterPreset, ...]]] = Option(
    "printer_presets", (), mark("Print presets"), _presets, lambda presets: [asdict(preset) for preset in presets]
)
CURRENT_PRESET: Final = text_option("current_preset", mark("Current print preset"))

REHEARSE_FROM: Final = Option(
    "rehearse_from", 10, mark("Rehearse before sending from this many waiting (0: never by itself)"), _number(0, 999),
    _same, Scope.COMPUTER,
)  # fmt: skip
REHEARSAL_SECONDS: Final = Option(
    "rehearsal_seconds", 30, mark("Seconds to look at a rehearsal before the rest is sent"), _number(0, 300), _same,
    Scope.COMPUTER,
)  # fmt: skip

COLUMNS_PREFIX: Final = "columns."


def columns(screen: str) -> Option[str]:
    """Return the setting that holds a table's widths, order and hidden columns; the text names the table's schema."""
    return text_option(f"{COLUMNS_PREFIX}{screen}", mark("Columns"))


SCHEMES_PREFIX: Final = "schemes."


def schemes(screen: str) -> Option[str]:
    """Return the setting in which an older program kept a screen's 方案. They name persons: the copy holds them now."""
    return text_option(f"{SCHEMES_PREFIX}{screen}", mark("Saved conditions"))


OPTIONS: Final = (
    SERVER_ADDRESS, LAST_ACCOUNT, LANGUAGE, WINDOW, THEME, DENSITY, FONT_PT, RAIL_NARROW, IDLE_LOCK_MINUTES,
    NEXT_AFTER_DECISION, BATCH_UNDER_WAY, CONDITIONS_FOLDED, PRINTER_PRESETS, CURRENT_PRESET, REHEARSE_FROM,
    REHEARSAL_SECONDS,
)  # fmt: skip
FAMILIES: Final = (COLUMNS_PREFIX, SCHEMES_PREFIX)


def is_registered(key: str) -> bool:
    """Whether a key belongs to a declared option or family."""
    return key.startswith(FAMILIES) or any(option.key == key for option in OPTIONS)
