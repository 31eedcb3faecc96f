"""Text and icons that stand still: every label of a screen."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from medreg_desktop.ui import icons, paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Face, Space, Type
from medreg_desktop.ui.words import Word


class Text(QLabel):
    """Plain text in one step of the type scale and one colour. Markup in it is shown, never interpreted."""

    def __init__(
        self,
        text: str = "",
        face: Face = Type.BODY,
        colour: Colour = Colour.TEXT,
        *,
        wrap: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._face = face
        self._colour = colour
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)
        self.setWordWrap(wrap)
        self._dress()

    def set_colour(self, colour: Colour) -> None:
        """Change the colour role."""
        self._colour = colour
        self._dress()

    def set_face(self, face: Face) -> None:
        """Change the step of the type scale."""
        self._face = face
        self._dress()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._dress()

    def _dress(self) -> None:
        self.setFont(look().font(self._face))
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, look().colour(self._colour))
        self.setPalette(palette)


class Painted(QWidget):
    """Base of widgets that draw themselves from :func:`look` and size themselves by their font."""

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.StyleChange, QEvent.Type.EnabledChange}:
            self.updateGeometry()
            self.update()


class IconLabel(Painted):
    """An icon alone, decorative: its word stands beside it."""

    def __init__(self, name: str, size: int = 16, colour: Colour = Colour.TEXT2, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._size, self._colour = name, size, colour
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_icon(self, name: str, colour: Colour | None = None) -> None:
        """Show another icon."""
        self._name = name
        self._colour = colour or self._colour
        self.update()

    def sizeHint(self) -> QSize:
        """Return the icon's square."""
        return QSize(look().px(self._size), look().px(self._size))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the icon in the middle."""
        if self._name:
            size = look().px(self._size)
            painter = QPainter(self)
            icons.paint(painter, self._name, (self.width() - size) / 2, self.height() / 2, size, self._colour)
            painter.end()


class WordLabel(Painted):
    """A state word with its icon, on its soft pill when it has one."""

    def __init__(
        self, word: Word | None = None, face: Face = Type.BODY, icon_size: int = 14, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._word = word
        self._face = face
        self._icon_size = icon_size
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_word(word)

    def set_word(self, word: Word | None) -> None:
        """Show another state; None shows nothing."""
        self._word = word
        self.setAccessibleName(word.text if word else "")
        self.updateGeometry()
        self.update()

    def _shown_face(self) -> Face:
        bold = self._face.bold or bool(self._word and self._word.bold)
        return Face(self._face.px, bold=bold)

    def sizeHint(self) -> QSize:
        """Return the size of icon, gap and word (and the pill's padding)."""
        if self._word is None:
            return QSize(0, 0)
        pad = look().px(Space.GROUP) if self._word.soft else 0
        icon = look().px(self._icon_size + 5) if self._word.icon else 0
        height = look().line_height(self._face) + (look().px(4) if self._word.soft else 0)
        return QSize(look().text_width(self._word.text, self._shown_face()) + icon + 2 * pad + 2, height)

    def minimumSizeHint(self) -> QSize:
        """Never smaller than its word."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw pill, icon and word."""
        if self._word is not None:
            painter = QPainter(self)
            paint_word(painter, self.rect(), self._word, self._shown_face(), self._icon_size)
            painter.end()


def paint_word(painter: QPainter, rect: QRect, word: Word, face: Face, icon_size: int = 14) -> None:
    """Draw a state word at the left of ``rect``; shared with the table's delegate."""
    pad = look().px(Space.GROUP) if word.soft else 0
    icon = look().px(icon_size)
    face = Face(face.px, bold=face.bold or word.bold)
    x = rect.left() + pad
    if word.soft:
        width = look().text_width(word.text, face) + 2 * pad + (icon + look().px(5) if word.icon else 0) + 2
        height = look().line_height(face) + look().px(3)
        top = rect.center().y() - height // 2 + 1
        pill = QRect(rect.left(), top, min(width, rect.width()), height)
        paint.panel(painter, pill, fill=word.soft)
    if word.icon:
        icons.paint(painter, word.icon, x, rect.center().y() + 1, icon, word.colour)
        x += icon + look().px(5)
    paint.words(painter, QRect(x, rect.top(), rect.right() - x - pad + 1, rect.height()), word.text, face, word.colour)


class Hairline(QFrame):
    """A one pixel line that parts two regions."""

    def __init__(self, *, vertical: bool = False, colour: Colour = Colour.LINE, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour = colour
        if vertical:
            self.setFixedWidth(1)
        else:
            self.setFixedHeight(1)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Fill with the line colour."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), look().colour(self._colour))
        painter.end()


class Panel(QWidget):
    """A flat filled region, such as ``raised`` panels or the page's ``surface``."""

    def __init__(self, fill: Colour = Colour.RAISED, radius: float = 6, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fill, self._radius = fill, radius

    def set_fill(self, fill: Colour) -> None:
        """Change the fill's role."""
        self._fill = fill
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the region."""
        painter = QPainter(self)
        paint.panel(painter, self.rect(), fill=self._fill, radius=self._radius)
        painter.end()
