"""The current look: colours, fonts and sizes as Qt objects, switchable at run time.

``look()`` is process-wide like the words of ``tr``: every painted widget reads it in ``paintEvent``. When the theme
changes, each widget gets a ``StyleChange`` event; a widget that keeps anything derived from the look (a palette, a
fixed height) renews it there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, lru_cache

from PySide6.QtCore import QEvent, QObject, Qt, Signal, SignalInstance
from PySide6.QtGui import QColor, QFont, QFontMetrics, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QToolTip

from medreg_desktop.ui import assets
from medreg_desktop.ui.tokens import (
    DARK,
    DEFAULT_PT,
    LARGEST_PT,
    LIGHT,
    METRICS,
    SMALLEST_PT,
    Colour,
    Density,
    Face,
    Metrics,
    Type,
)


class Mode(StrEnum):
    """Which palette the user wants."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Look:
    """What the screens look like now. Immutable; :class:`Theme` replaces it."""

    dark: bool = False
    density: Density = Density.COMPACT
    font_pt: int = DEFAULT_PT

    def hex(self, colour: Colour) -> str:
        """Return ``#RRGGBB`` of a colour role."""
        return (DARK if self.dark else LIGHT)[colour]

    def colour(self, colour: Colour) -> QColor:
        """Return a colour role as QColor; do not modify it."""
        return _colour(self.hex(colour))

    def px(self, length: float) -> int:
        """Scale a length with the user's text size; lengths never shrink below their 100 % value."""
        return round(length * max(self.font_pt, DEFAULT_PT) / DEFAULT_PT)

    @property
    def metrics(self) -> Metrics:
        """Heights and widths of the density, scaled with the text size."""
        return _metrics(self.density, self.font_pt)

    def font(self, face: Face) -> QFont:
        """Return the font of one step of the type scale; do not modify it."""
        return _font(face, self.font_pt)

    def text_width(self, text: str, face: Face) -> int:
        """Return the advance of ``text`` in logical pixels."""
        return _text_width(text, face, self.font_pt)

    def line_height(self, face: Face) -> int:
        """Return the height of one line of text."""
        return _font_metrics(face, self.font_pt).height()

    @property
    def body_px(self) -> int:
        """The size of body text, which the status bar shows (13 号字)."""
        return _pixels(Type.BODY, self.font_pt)


@cache
def _colour(value: str) -> QColor:
    return QColor(value)


@cache
def _metrics(density: Density, font_pt: int) -> Metrics:
    scale = max(font_pt, DEFAULT_PT) / DEFAULT_PT
    base = METRICS[density]
    return replace(base, **{name: round(getattr(base, name) * scale) for name in Metrics.__slots__})


def _pixels(face: Face, font_pt: int) -> int:
    return round(face.px * font_pt / DEFAULT_PT)


@cache
def _font(face: Face, font_pt: int) -> QFont:
    font = QFont([assets.ui_family(), assets.RARE_FAMILY])
    font.setPixelSize(_pixels(face, font_pt))
    font.setWeight(QFont.Weight.Bold if face.bold else QFont.Weight.Normal)
    font.setHintingPreference(_hinting())
    return font


def _hinting() -> QFont.HintingPreference:
    whole = float(QGuiApplication.primaryScreen().devicePixelRatio()).is_integer()
    return QFont.HintingPreference.PreferVerticalHinting if whole else QFont.HintingPreference.PreferNoHinting


@lru_cache(maxsize=4096)  # measuring costs as much as drawing, and a list says much of the same again
def _text_width(text: str, face: Face, font_pt: int) -> int:
    return _font_metrics(face, font_pt).horizontalAdvance(text)


@cache
def _font_metrics(face: Face, font_pt: int) -> QFontMetrics:
    return QFontMetrics(_font(face, font_pt))


_current = Look()


def look() -> Look:
    """Return the current look."""
    return _current


class Theme(QObject):
    """Keeps the application in one look; lives on the UI thread, made once by the composition root.

    ``Mode.SYSTEM`` follows the system's light or dark setting while the program runs.
    """

    changed = Signal()

    def __init__(
        self,
        app: QApplication,
        mode: Mode = Mode.SYSTEM,
        density: Density = Density.COMPACT,
        font_pt: int = DEFAULT_PT,
    ) -> None:
        super().__init__(app)
        self._app = app
        self._mode = mode
        self._density = density
        self._font_pt = _within(font_pt)
        self._hints = app.styleHints()  # held: a chained call finds its wrapper already deleted
        scheme_changed: SignalInstance = self._hints.colorSchemeChanged
        scheme_changed.connect(self._on_system_changed)
        app.setStyle("Fusion")
        self._apply()

    @property
    def mode(self) -> Mode:
        """What the user chose."""
        return self._mode

    def set_mode(self, mode: Mode) -> None:
        """Choose light, dark, or what the system says."""
        self._mode = mode
        self._apply()

    def set_density(self, density: Density) -> None:
        """Choose 紧凑 or 标准."""
        self._density = density
        self._apply()

    def set_font_pt(self, font_pt: int) -> None:
        """Set the text size; clamped to 9-14 pt."""
        self._font_pt = _within(font_pt)
        self._apply()

    def _on_system_changed(self) -> None:
        if self._mode is Mode.SYSTEM:
            self._apply()

    def _is_dark(self) -> bool:
        if self._mode is Mode.SYSTEM:
            return self._hints.colorScheme() == Qt.ColorScheme.Dark
        return self._mode is Mode.DARK

    def _apply(self) -> None:
        global _current  # noqa: PLW0603 - the one look of the process, see the module's docstring
        _current = Look(self._is_dark(), self._density, self._font_pt)
        self._app.setPalette(palette(_current))
        self._app.setFont(_current.font(Type.BODY))
        QToolTip.setPalette(self._app.palette())
        for widget in QApplication.allWidgets():
            QApplication.sendEvent(widget, QEvent(QEvent.Type.StyleChange))
        self.changed.emit()


def _within(font_pt: int) -> int:
    return min(max(font_pt, SMALLEST_PT), LARGEST_PT)


_PALETTE: dict[QPalette.ColorRole, Colour] = {
    QPalette.ColorRole.Window: Colour.WINDOW,
    QPalette.ColorRole.Base: Colour.SURFACE,
    QPalette.ColorRole.AlternateBase: Colour.RAISED,
    QPalette.ColorRole.Button: Colour.RAISED,
    QPalette.ColorRole.WindowText: Colour.TEXT,
    QPalette.ColorRole.Text: Colour.TEXT,
    QPalette.ColorRole.ButtonText: Colour.TEXT,
    QPalette.ColorRole.BrightText: Colour.BAD,
    QPalette.ColorRole.PlaceholderText: Colour.TEXT3,
    QPalette.ColorRole.ToolTipBase: Colour.SURFACE,
    QPalette.ColorRole.ToolTipText: Colour.TEXT,
    QPalette.ColorRole.Highlight: Colour.ACCENT_FILL,
    QPalette.ColorRole.HighlightedText: Colour.ON_ACCENT,
    QPalette.ColorRole.Accent: Colour.ACCENT_FILL,
    QPalette.ColorRole.Link: Colour.ACCENT,
    QPalette.ColorRole.LinkVisited: Colour.ACCENT,
    QPalette.ColorRole.Light: Colour.SURFACE,
    QPalette.ColorRole.Midlight: Colour.RAISED,
    QPalette.ColorRole.Mid: Colour.LINE,
    QPalette.ColorRole.Dark: Colour.LINE2,
    QPalette.ColorRole.Shadow: Colour.LINE2,
}
_DISABLED = (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText)


def palette(of: Look) -> QPalette:
    """Return the Qt palette of a look, for what Fusion itself draws (menus, lists, calendars)."""
    result = QPalette()
    for role, colour in _PALETTE.items():
        result.setColor(role, of.colour(colour))
    for role in _DISABLED:
        result.setColor(QPalette.ColorGroup.Disabled, role, of.colour(Colour.TEXT3))
    return result
