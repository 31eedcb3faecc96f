"""Buttons: one filled per pane for the next step; every button carries its shortcut in small grey."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QKeySequence, QMouseEvent, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from medreg_desktop.ui import icons, paint
from medreg_desktop.ui.keys import keys_text
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Face, Radius, Type


@dataclass(frozen=True, slots=True)
class _Dress:
    text: Colour
    fill: Colour | None = None
    edge: Colour | None = None
    key: Colour = Colour.TEXT3
    bold: bool = False


class Kind(Enum):
    """What a button means (``look.md`` §2.5). A final act is ``FINAL`` until its sheet, there ``FINAL_FILLED``."""

    FILLED = _Dress(Colour.ON_ACCENT, Colour.ACCENT_FILL, None, Colour.ON_ACCENT, bold=True)
    OUTLINED = _Dress(Colour.TEXT, Colour.SURFACE, Colour.LINE2)
    PLAIN = _Dress(Colour.TEXT2)
    QUIET = _Dress(Colour.ACCENT, Colour.SURFACE, Colour.ACCENT_LINE)
    LINK = _Dress(Colour.ACCENT)
    FINAL = _Dress(Colour.BAD, Colour.SURFACE, Colour.BAD, Colour.BAD)
    FINAL_FILLED = _Dress(Colour.ON_ACCENT, Colour.BAD_FILL, None, Colour.ON_ACCENT, bold=True)


_DISABLED = _Dress(Colour.TEXT3, Colour.RAISED, Colour.LINE)
_ICON = 16


class Button(QPushButton):
    """A push button drawn in the product's look.

    ``keys`` is Qt's portable shortcut (``Ctrl+Return``); it acts while the button's window is active and the button is
    visible. ``shown_keys`` only prints keys that something else handles (Enter, Alt+1…9).

    What acts acts once: a double click is one press, and so is a key that is held down. By the second one another
    application may lie there, on which nobody has decided. Plain buttons walk and switch: each of their presses counts.
    """

    def __init__(
        self,
        text: str,
        kind: Kind = Kind.OUTLINED,
        *,
        icon: str = "",
        keys: str = "",
        shown_keys: str = "",
        tall: bool = False,
        menu_arrow: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text.replace("&", "&&"), parent)
        self._label = text
        self._kind = kind
        self._icon = icon
        self._keys = shown_keys or (keys_text(keys) if keys else "")
        self._tall = tall
        self._menu_arrow = menu_arrow
        self.setAutoDefault(False)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text.rstrip("…"))
        self.setAccessibleDescription(self._keys)
        if keys:
            # A button's own shortcut repeats while the key is held, and acts 100 ms later on whatever is there then.
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setAutoRepeat(kind is Kind.PLAIN)
            shortcut.activated.connect(self.click)

    @property
    def shown_keys(self) -> str:
        """The shortcut printed in the button."""
        return self._keys

    def set_label(self, text: str) -> None:
        """Change the words; the shortcut stays."""
        self._label = text
        self.setText(text.replace("&", "&&"))
        self.setAccessibleName(text.rstrip("…"))
        self.updateGeometry()

    def set_kind(self, kind: Kind) -> None:
        """Change what the button means, e.g. 查询 becomes filled while the conditions differ from the rows."""
        self._kind = kind
        self.updateGeometry()
        self.update()

    def set_icon(self, name: str) -> None:
        """Show another icon."""
        self._icon = name
        self.updateGeometry()
        self.update()

    @property
    def kind(self) -> Kind:
        """What the button means now."""
        return self._kind

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Take a double click for one press where the second would act upon whatever came there meanwhile."""
        if self._kind is Kind.PLAIN:
            super().mouseDoubleClickEvent(event)

    def _dress(self) -> _Dress:
        dress: _Dress = self._kind.value
        if self.isEnabled():
            return dress
        edged = dress.edge is not None or dress.fill is not None
        return _DISABLED if edged else _Dress(Colour.TEXT3)

    def _faces(self) -> tuple[Face, Face]:
        bold = self._dress().bold
        return (Type.NAME if bold else Type.BODY), (Type.KEY_BOLD if bold else Type.KEY)

    def _content_width(self) -> int:
        face, key_face = self._faces()
        width = look().text_width(self._label, face)
        if self._icon:
            width += look().px(_ICON) + (look().px(6) if self._label else 0)
        if self._keys:
            width += look().px(8) + look().text_width(self._keys, key_face)
        if self._menu_arrow:
            width += look().px(8 + 14)
        return width + 2

    def sizeHint(self) -> QSize:
        """Return the content with its padding, at the density's control or action height."""
        metrics = look().metrics
        padding = 8 if self._kind in {Kind.PLAIN, Kind.LINK} else 12
        return QSize(self._content_width() + 2 * look().px(padding), metrics.action if self._tall else metrics.control)

    def minimumSizeHint(self) -> QSize:
        """Never cut the words."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw box, content and focus ring."""
        painter = QPainter(self)
        dress = self._dress()
        fill = dress.fill
        if self.isEnabled() and (self.isDown() or self.underMouse()) and not dress.bold:
            fill = Colour.HOVER
        if fill or dress.edge:
            paint.panel(painter, self.rect(), fill=fill, edge=dress.edge)
        if dress.bold and self.isEnabled() and (self.isDown() or self.underMouse()):
            paint.panel(painter, self.rect().adjusted(2, 2, -2, -2), edge=Colour.ON_ACCENT, radius=Radius.TICK)
        self._paint_content(painter, dress)
        if self.hasFocus():
            paint.ring(painter, self.rect(), inner_line=dress.bold)
        painter.end()

    def _paint_content(self, painter: QPainter, dress: _Dress) -> None:
        face, key_face = self._faces()
        x = (self.width() - self._content_width()) // 2 + 1
        middle = self.height() / 2
        if self._icon:
            icons.paint(painter, self._icon, x, middle, look().px(_ICON), dress.text)
            x += look().px(_ICON) + look().px(6)
        width = look().text_width(self._label, face)
        paint.words(painter, QRect(x, 0, width + 1, self.height()), self._label, face, dress.text)
        x += width + look().px(8)
        if self._keys:
            keys_width = look().text_width(self._keys, key_face)
            key_colour = dress.key if self.isEnabled() else Colour.TEXT3
            paint.words(painter, QRect(x, 0, keys_width + 1, self.height()), self._keys, key_face, key_colour)
            x += keys_width + look().px(8)
        if self._menu_arrow:
            icons.paint(painter, "chevron-down", x, middle, look().px(14), dress.text)


class IconButton(Button):
    """A square button with an icon only (top bar, narrow rail, chips): it has a tool tip and an accessible name."""

    def __init__(self, icon: str, name: str, *, keys: str = "", size: int = 28, parent: QWidget | None = None) -> None:
        super().__init__("", Kind.PLAIN, icon=icon, keys=keys, parent=parent)
        self._size = size
        shown = keys_text(keys) if keys else ""
        self._keys = ""
        self.setToolTip(f"{name}  {shown}".strip())
        self.setAccessibleName(name)
        self.setAccessibleDescription(shown)

    def sizeHint(self) -> QSize:
        """Return the square."""
        return QSize(look().px(self._size), look().px(self._size))
