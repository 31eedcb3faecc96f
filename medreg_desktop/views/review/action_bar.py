"""The action bar of 审核窗口: one sentence of consequence, then the acts, the final one far right (``look.md`` §3)."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from medreg_core.domain.vocabulary import CommandKind
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.field import TextField
from medreg_desktop.ui.widgets.labels import IconLabel, Panel, Text
from medreg_desktop.ui.widgets.tick import Tick
from medreg_desktop.views.review.state import ScreenState


class PhraseButton(Button):
    """常用语: a menu of phrases, each also on Alt+1…9."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Phrases"), Kind.PLAIN, shown_keys="Alt+1…9", tall=True, parent=parent)
        self._phrases: tuple[str, ...] = ()
        self.clicked.connect(self._drop)

    def set_phrases(self, phrases: tuple[str, ...]) -> None:
        """Offer these phrases."""
        self._phrases = phrases
        self.setEnabled(bool(phrases))

    def _drop(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for n, phrase in enumerate(self._phrases):
            action = QAction(phrase.replace("&", "&&"), menu)
            action.triggered.connect(lambda _checked=False, n=n: self.chosen.emit(n))
            menu.addAction(action)
        menu.popup(self.mapToGlobal(QPoint(0, -menu.sizeHint().height())))


class ActionBar(Panel):
    """Reading order is the order of the work: preview, opinion, agree, return, and apart from them refuse."""

    preview = Signal()
    opinion_edited = Signal(str)
    phrase_chosen = Signal(int)
    agree = Signal()
    return_asked = Signal()
    refuse_asked = Signal()
    withdraw = Signal()
    go_on_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Colour.WINDOW, 0, parent)
        self._icon = IconLabel("circle-tick", 16)
        self._sentence = Text("", Type.SMALL, Colour.TEXT2)
        self._go_on = Tick(tr("Then open the next one"))
        self.preview_button = Button(tr("Print preview"), icon="printer", keys="Ctrl+P", tall=True)
        self.opinion = TextField(tr("Opinion"))
        self.phrases = PhraseButton()
        self.agree_button = Button(tr("Agree"), Kind.FILLED, icon="tick", keys="Ctrl+Return", tall=True)
        self.return_button = Button(tr("Return for correction…"), icon="arrow-back", keys="Alt+R", tall=True)
        self.refuse_button = Button(tr("Refuse…"), Kind.FINAL, icon="circle-barred", keys="Alt+N", tall=True)
        self.withdraw_button = Button(tr("Take back"), icon="arrow-turning", shown_keys="Ctrl+Z", tall=True)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(look().px(Space.CONTROL))
        head.addWidget(self._icon)
        head.addWidget(self._sentence, 1)
        head.addWidget(self._go_on)
        acts = QHBoxLayout()
        acts.setSpacing(look().px(Space.CONTROL))
        acts.addWidget(self.preview_button)
        acts.addSpacing(look().px(Space.CONTROL))
        acts.addWidget(self.opinion, 1000)
        acts.addStretch(1)  # keeps the buttons apart when there is no opinion to write
        for button in (self.phrases, self.agree_button, self.return_button, self.withdraw_button):
            acts.addWidget(button)
        acts.addSpacing(look().px(Space.FINAL - Space.CONTROL))
        acts.addWidget(self.refuse_button)
        column = QVBoxLayout(self)
        edge = look().px(Space.PAGE)
        column.setContentsMargins(edge, look().px(Space.BAND), edge, look().px(Space.BAND))
        column.setSpacing(look().px(Space.CONTROL))
        column.addLayout(head)
        column.addLayout(acts)

    def _connect(self) -> None:
        for button, signal in (
            (self.preview_button, self.preview),
            (self.agree_button, self.agree),
            (self.return_button, self.return_asked),
            (self.refuse_button, self.refuse_asked),
            (self.withdraw_button, self.withdraw),
        ):
            button.clicked.connect(signal)
        self.opinion.edited.connect(self.opinion_edited)
        self.phrases.chosen.connect(self.phrase_chosen)
        self._go_on.clicked.connect(self.go_on_changed)

    def sizeHint(self) -> QSize:
        """Return two lines: the sentence and the acts."""
        return QSize(super().sizeHint().width(), look().px(76))

    def show_acts(self, state: ScreenState, sentence: str, *, bad: bool) -> None:
        """Show what may be done now, and in one sentence what follows or what stands in the way."""
        decides = state.sheet is not None and CommandKind.AGREE in state.sheet.moves
        self._icon.set_icon("circle-cross" if bad else "circle-tick", Colour.BAD if bad else Colour.TEXT2)
        self._sentence.setText(sentence)
        self._sentence.set_colour(Colour.BAD if bad else Colour.TEXT2)
        self._sentence.set_face(Type.SMALL_BOLD if bad else Type.SMALL)
        self._go_on.setChecked(state.go_on)
        self._go_on.setVisible(decides)
        self.opinion.set_text(state.opinion)
        self.phrases.set_phrases(state.phrases)
        for widget in (self.opinion, self.phrases, self.agree_button, self.return_button, self.refuse_button):
            widget.setVisible(decides)
        self.agree_button.setEnabled(state.may_agree)
        self.return_button.setEnabled(state.may(CommandKind.RETURN))
        self.refuse_button.setEnabled(state.may(CommandKind.REFUSE))
        self.withdraw_button.setVisible(state.may(CommandKind.WITHDRAW_CONSENT))

    def focus_safe(self, *, blocked: bool) -> None:
        """Put the keyboard on the safe button: preview, or return when agreeing is blocked."""
        (self.return_button if blocked and not self.return_button.isHidden() else self.preview_button).setFocus()
