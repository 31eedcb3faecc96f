"""The schemes in the title row: which one is in use, * when the conditions differ by now, 存为方案, rename, delete."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Space
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.field import TextField
from medreg_desktop.views.applications.schemes import MOST, Chosen

_NAME_WIDTH = 220


class SchemeBar(QWidget):
    """Emits what the registrar wants; the names it shows are given with :meth:`show_schemes`."""

    chosen = Signal(int)
    named = Signal(str, str)  # the scheme's old name ("" for a new one) and the name typed
    deleted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._now = Chosen()
        self._renamed = ""
        self.button = Button(tr("Schemes"), Kind.PLAIN, icon="bookmark", menu_arrow=True)
        self.save = Button(tr("Save as scheme"), Kind.PLAIN)
        self.name = TextField(tr("Scheme name"))
        self.name.setFixedWidth(look().px(_NAME_WIDTH))
        self.name.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(look().px(Space.CONTROL))
        for widget in (self.button, self.name, self.save):
            row.addWidget(widget)
        self.button.clicked.connect(self._drop)
        self.save.clicked.connect(lambda: self.ask_name(""))
        self.name.submitted.connect(self._on_named)
        for n in range(1, MOST + 1):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{n}"), self)
            shortcut.activated.connect(lambda n=n: self.chosen.emit(n))

    def show_schemes(self, names: tuple[str, ...], now: Chosen, *, may_save: bool) -> None:
        """Show which scheme is in use and whether the conditions are still its own."""
        self._names, self._now = names, now
        if now.name:
            star = " *" if now.changed else ""
            key = f"Ctrl+{now.number}"
            self.button.set_label(tr("Scheme: {name}{star}  {key}", name=now.name, star=star, key=key))
        else:
            self.button.set_label(tr("Schemes"))
        self.button.setEnabled(bool(names))
        self.save.setEnabled(may_save)

    def ask_name(self, renamed: str) -> None:
        """Let a name be typed: Enter keeps it, Esc leaves everything as it is."""
        self._renamed = renamed
        self.name.set_text(renamed or self._now.name)
        self.name.show()
        self.name.setFocus()
        self.name.select_all()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes the name field."""
        if event.key() == Qt.Key.Key_Escape and self.name.isVisible():
            self._close_name()
        else:
            super().keyPressEvent(event)

    def _on_named(self) -> None:
        text = self.name.text
        if text.strip():
            self._close_name()
            self.named.emit(self._renamed, text)

    def _close_name(self) -> None:
        self.button.setFocus() if self.button.isEnabled() else self.save.setFocus()
        self.name.hide()

    def menu(self) -> QMenu:
        """Return the menu of the schemes and what can be done with the one in use."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for n, name in enumerate(self._names, start=1):
            action = QAction(f"{name.replace('&', '&&')}\tCtrl+{n}", menu)
            action.triggered.connect(lambda _checked=False, n=n: self.chosen.emit(n))
            menu.addAction(action)
        if self._now.name:
            menu.addSeparator()
            name = self._now.name
            rename = menu.addAction(tr("Rename “{name}”…", name=name))
            rename.triggered.connect(lambda: self.ask_name(name))
            delete = menu.addAction(tr("Delete “{name}”", name=name))
            delete.triggered.connect(lambda: self.deleted.emit(name))
        return menu

    def _drop(self) -> None:
        self.menu().popup(self.button.mapToGlobal(QPoint(0, self.button.height())))
