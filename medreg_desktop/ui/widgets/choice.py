"""A field to choose one or several of a list, and its list that drops down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from medreg_desktop.services.texts.translator import tr, trn
from medreg_desktop.ui import icons, paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.field import Field
from medreg_desktop.ui.widgets.scrolling import use_thin_bars
from medreg_desktop.ui.widgets.tick import paint_tick

Index = QModelIndex | QPersistentModelIndex
_VISIBLE_ROWS = 12


@dataclass(frozen=True, slots=True)
class Option:
    """One choice. ``initials`` (pinyin, lower case) let a typed letter jump to it without an input method."""

    value: str
    text: str
    initials: str = ""
    hint: str = ""


class _OptionsModel(QAbstractListModel):
    def __init__(self, options: Sequence[Option], chosen: Iterable[str], *, many: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self.options = tuple(options)
        self.chosen = set(chosen)
        self._many = many

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.options)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        option = self.options[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return option.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{option.text}，{tr('chosen')}" if option.value in self.chosen else option.text
        return None

    def toggle(self, index: QModelIndex) -> None:
        value = self.options[index.row()].value
        self.chosen = self.chosen ^ {value} if self._many else {value}
        self.dataChanged.emit(self.index(0), self.index(len(self.options) - 1))

    def first_by_letter(self, letter: str, after: int) -> int:
        """Return the next row whose initials or text start with ``letter``, going round; -1 when none."""
        count = len(self.options)
        for step in range(1, count + 1):
            row = (after + step) % count
            option = self.options[row]
            if option.initials.startswith(letter) or option.text.casefold().startswith(letter):
                return row
        return -1


class _OptionDelegate(QStyledItemDelegate):
    def __init__(self, *, many: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self._many = many

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(look().px(120), look().metrics.row)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, _OptionsModel)
        item = model.options[index.row()]
        chosen = item.value in model.chosen
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        current = bool(state & QStyle.StateFlag.State_HasFocus) or bool(state & QStyle.StateFlag.State_Selected)
        painter.fillRect(rect, look().colour(Colour.ACCENT_SOFT if current else Colour.SURFACE))
        x = rect.left() + look().px(Space.BAND)
        if self._many:
            paint_tick(painter, x, rect.center().y() + 1, checked=chosen)
            x += look().px(16 + Space.CONTROL)
        elif chosen:
            icons.paint(painter, "tick", rect.right() - look().px(22), rect.center().y(), look().px(14), Colour.ACCENT)
        box = QRect(x, rect.top(), rect.right() - x - look().px(26), rect.height())
        width = paint.words(painter, box, item.text, Type.NAME if chosen else Type.BODY)
        if item.hint:
            paint.words(
                painter, box.adjusted(round(width) + look().px(8), 0, 0, 0), item.hint, Type.SMALL, Colour.TEXT3
            )


class _OptionsList(QListView):
    """The list in the popup. It has no text field: input methods do not work in popups."""

    settled = Signal()

    def __init__(self, model: _OptionsModel, *, many: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self._many = many
        self._options = model
        self.setModel(model)
        self.setItemDelegate(_OptionDelegate(many=many, parent=self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        use_thin_bars(self)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.clicked.connect(self._on_clicked)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The row under the pointer becomes the current one, as in a menu."""
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            self.setCurrentIndex(index)

    def _on_clicked(self, index: QModelIndex) -> None:
        self._options.toggle(index)
        if not self._many:
            self.settled.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space chooses, Enter closes (and chooses in a single list), a letter jumps by pinyin initial."""
        key, index = event.key(), self.currentIndex()
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F4}:
            if not self._many and index.isValid() and key != Qt.Key.Key_F4:
                self._options.toggle(index)
            self.settled.emit()
        elif key == Qt.Key.Key_Space and index.isValid():
            self._on_clicked(index)
        elif event.text().isalnum():
            row = self._options.first_by_letter(event.text().casefold(), index.row())
            if row >= 0:
                self.setCurrentIndex(self._options.index(row))
        else:
            super().keyPressEvent(event)


class _Popup(QFrame):
    """The window that drops down below a choice field; a press outside closes it."""

    closed = Signal()

    def __init__(self, model: _OptionsModel, *, many: bool, field: QWidget) -> None:
        super().__init__(field, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.Box)
        self.list = _OptionsList(model, many=many, parent=self)
        self.list.setAccessibleName(field.accessibleName())
        self.list.settled.connect(self.close)
        self.setFocusProxy(self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.addWidget(self.list)

    def closeEvent(self, event: Any) -> None:
        """Tell the field."""
        self.closed.emit()
        super().closeEvent(event)


class ChoiceField(Field):
    """Choose one or several of a list. Empty says 不限; ``chosen`` carries the values in the list's order.

    Space, F4 or Alt+Down opens; Delete clears.
    """

    chosen = Signal(tuple)

    def __init__(
        self,
        label: str,
        options: Sequence[Option] = (),
        *,
        many: bool = True,
        empty_text: str | None = None,
        icon: str = "",
        keys: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(label, icon=icon, keys=keys, parent=parent)
        self._options = tuple(options)
        self._values: tuple[str, ...] = ()
        self._many = many
        self._empty_text = tr("Any") if empty_text is None else empty_text
        self._popup: _Popup | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(label)

    @property
    def values(self) -> tuple[str, ...]:
        """The chosen values, in the list's order."""
        return self._values

    @property
    def options(self) -> tuple[Option, ...]:
        """What may be chosen."""
        return self._options

    def set_options(self, options: Sequence[Option]) -> None:
        """Replace the list; values that are no longer in it are dropped."""
        self._options = tuple(options)
        self.set_values(self._values)

    def set_values(self, values: Iterable[str]) -> None:
        """Show ``values`` without emitting ``chosen``."""
        wanted = set(values)
        self._values = tuple(option.value for option in self._options if option.value in wanted)
        self.setAccessibleDescription(self.shown_text)
        self.update()

    @property
    def in_use(self) -> bool:
        """Whether anything is chosen."""
        return bool(self._values)

    @property
    def shown_text(self) -> str:
        """The value as written in the field: 不限, the one word, or the number of choices."""
        chosen = [option.text for option in self._options if option.value in self._values]
        if not chosen:
            return self._empty_text
        return chosen[0] if len(chosen) == 1 else trn("{n} chosen", "{n} chosen", len(chosen))

    def _paint_value(self, painter: QPainter) -> None:
        room = look().px(22)
        colour = Colour.TEXT if self.in_use else Colour.TEXT3
        paint.words(painter, self._value_rect(room), self.shown_text, Type.BODY, colour)
        x = self.width() - look().px(22)
        icons.paint(painter, "chevron-down", x, self.height() / 2, look().px(14), Colour.TEXT2)

    def open_list(self) -> None:
        """Drop the list down."""
        if self._popup is not None or not self._options:
            return
        model = _OptionsModel(self._options, self._values, many=self._many, parent=self)
        popup = _Popup(model, many=self._many, field=self)
        popup.closed.connect(self._on_closed)
        model.dataChanged.connect(self._on_toggled)
        first = next((i for i, option in enumerate(self._options) if option.value in self._values), 0)
        popup.list.setCurrentIndex(model.index(first))
        self._place(popup)
        self._popup = popup
        popup.show()
        popup.list.setFocus()

    def _place(self, popup: _Popup) -> None:
        rows = min(len(self._options), _VISIBLE_ROWS)
        widest = max(look().text_width(f"{o.text}  {o.hint}", Type.NAME) for o in self._options)
        size = QSize(max(self.width(), widest + look().px(72)), rows * look().metrics.row + 4)
        below = self.mapToGlobal(QPoint(0, self.height() + 1))
        screen = self.screen().availableGeometry()
        if below.y() + size.height() > screen.bottom():
            below.setY(self.mapToGlobal(QPoint(0, 0)).y() - size.height() - 1)
        below.setX(max(min(below.x(), screen.right() - size.width()), screen.left()))
        popup.setGeometry(QRect(below, size))

    def _on_toggled(self) -> None:
        if self._popup is not None:
            model = self._popup.list.model()
            assert isinstance(model, _OptionsModel)
            self._choose(model.chosen)

    def _choose(self, values: Iterable[str]) -> None:
        before = self._values
        self.set_values(values)
        if self._values != before:
            self.chosen.emit(self._values)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    def _on_closed(self) -> None:
        self._popup = None
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Open the list."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.open_list()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open with Space, F4, Alt+Down; clear with Delete."""
        alt_down = event.key() == Qt.Key.Key_Down and event.modifiers() & Qt.KeyboardModifier.AltModifier
        if alt_down or event.key() in {Qt.Key.Key_Space, Qt.Key.Key_F4}:
            self.open_list()
        elif event.key() in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace}:
            self._choose(())
        else:
            super().keyPressEvent(event)
