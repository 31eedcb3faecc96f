"""The right column: what the paper is worth, the six values to check, the printer, the codes, what was printed."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from medreg_core.domain.deadlines import CHINA
from medreg_core.domain.vocabulary import ScanResult
from medreg_desktop.services.printing.printers import COPIES_MAX, Duplex, Tray
from medreg_desktop.services.texts.translator import tr, trn
from medreg_desktop.ui.notices import Tone
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.blocks import Banner, KeyValues, Pair, SectionHeader
from medreg_desktop.ui.widgets.choice import Option
from medreg_desktop.ui.widgets.labels import Hairline, Panel, Text
from medreg_desktop.ui.words import SCANS
from medreg_desktop.views.preview.state import Match, Phase, ScreenState, ShownForm, Standing
from medreg_desktop.views.preview.values import CheckValues, SettingField
from medreg_desktop.views.preview.words import (
    DUPLEXES,
    MATCHES,
    STANDINGS,
    TRAYS,
    defect_words,
    print_sentence,
    trouble_words,
)

WIDTH = 316
_LABEL = 72
_BAR = 10
_PRINTS_SHOWN = 5


class SideColumn(Panel):
    """Renders what the state says; the four choices come back as signals with the chosen value."""

    printer_chosen = Signal(str)
    tray_chosen = Signal(str)
    duplex_chosen = Signal(str)
    copies_chosen = Signal(int)
    defect_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Colour.SURFACE, 0, parent)
        self._make_blocks()
        self._make_fields()
        self._lay_out()
        self.printer.chosen.connect(self._on_printer)
        self.tray.chosen.connect(self._on_tray)
        self.duplex.chosen.connect(self._on_duplex)
        self.copies.chosen.connect(self._on_copies)
        self._defects.pressed.connect(self.defect_wanted)

    def _make_blocks(self) -> None:
        self._trouble = Banner(Tone.FAULT, "")
        self._standing = Banner(Tone.NEWS, "")
        self._defects = Banner(Tone.CARE, "")
        self._check_head = SectionHeader(tr("Second check"))
        self._check = CheckValues(label_width=_LABEL)
        self._codes_head = SectionHeader(tr("Codes"))
        self._codes = KeyValues(label_width=_LABEL)
        self._prints_head = SectionHeader(tr("Print record"))
        self._prints = Text("", Type.SMALL, Colour.TEXT2, wrap=True)

    def _make_fields(self) -> None:
        self._print_head = SectionHeader(tr("Print"))
        self.printer = SettingField(tr("Printer"), many=False)
        self.tray = SettingField(tr("Tray"), [Option(tray, tr(word)) for tray, word in TRAYS.items()], many=False)
        self.duplex = SettingField(tr("Both sides"), many=False)
        numbers = [Option(str(n), str(n)) for n in range(1, COPIES_MAX + 1)]
        self.copies = SettingField(tr("Copies"), numbers, many=False)
        hint = tr("Size and margins come from the form, whatever the printer is set to.")
        self._hint = Text(hint, Type.SMALL, Colour.TEXT2, wrap=True)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        # The scroll bar stands in the right margin, so the column keeps its width with and without it.
        self.setFixedWidth(look().px(WIDTH) - look().px(_BAR))
        column.setContentsMargins(Space.PAGE, 12, Space.PAGE - _BAR, 12)
        column.setSpacing(Space.CONTROL)
        for group in (
            (self._trouble, self._standing, self._defects, self._check_head, self._check, Hairline()),
            (self._print_head, self.printer, self.tray, self.duplex, self.copies, self._hint, Hairline()),
            (self._codes_head, self._codes, Hairline(), self._prints_head, self._prints),
        ):
            for widget in group:
                column.addWidget(widget)
        column.addStretch(1)

    def show_state(self, state: ScreenState) -> None:
        """Show everything of ``state`` that stands in this column."""
        self._show_trouble(state)
        self._show_printing(state)
        form = state.form
        shown = form is not None
        for widget in (self._standing, self._check_head, self._check, self._codes_head, self._codes):
            widget.setVisible(shown)
        self._show_defects(state)
        self._prints_head.setVisible(shown)
        self._prints.setVisible(shown)
        if form is not None:
            self._show_form(form, state)

    def _show_trouble(self, state: ScreenState) -> None:
        self._trouble.setVisible(state.trouble is not None)
        if state.trouble is not None:
            self._trouble.show_news(Tone.FAULT, *trouble_words(state.trouble))

    def _show_defects(self, state: ScreenState) -> None:
        what, todo, button = defect_words(state)
        self._defects.setVisible(bool(what))
        if what:
            self._defects.show_news(Tone.CARE, what, todo, button=button)

    def _show_form(self, form: ShownForm, state: ScreenState) -> None:
        tone, icon, what, todo = STANDINGS[form.standing]
        self._standing.show_news(tone, tr(what), tr(todo), icon=icon)
        if state.forms > 1:
            self._check_head.set_title(tr("Second check {n} / {m}", n=form.index + 1, m=state.forms))
        else:
            self._check_head.set_title(tr("Second check"))
        self._check_head.set_note(
            tr(MATCHES[form.check.match]),
            Colour.BAD if form.check.match is Match.DIFFERENT else Colour.TEXT2,
        )
        self._check.set_pairs(_check_pairs(form))
        self._codes.set_pairs(_code_pairs(form))
        self._show_prints(form)

    def _show_prints(self, form: ShownForm) -> None:
        self._prints_head.set_note("" if form.prints else tr("Not printed yet"))
        lines = [
            f"{line.at.astimezone(CHINA):%m-%d %H:%M}　{print_sentence(line)}" for line in form.prints[-_PRINTS_SHOWN:]
        ]
        if len(form.prints) > _PRINTS_SHOWN:
            earlier = len(form.prints) - _PRINTS_SHOWN
            lines.insert(0, trn("{n} earlier print", "{n} earlier prints", earlier))
        hint = tr("The footer of the first print says so, that of a further one “Reprint 1”; each is recorded.")
        self._prints.setText("\n".join(lines) or hint)

    def _show_printing(self, state: ScreenState) -> None:
        settings, printers = state.settings, state.printers
        if printers is None:
            self.printer.set_options([Option("", tr("Looking for printers…"))])
        elif printers:
            self.printer.set_options([Option(p.name, p.title) for p in printers])
        else:
            self.printer.set_options([Option("", tr("No printer: save as PDF"))])
        self.printer.set_values([settings.printer])
        self.tray.set_values([settings.tray])
        chosen = next((p for p in printers or () if p.name == settings.printer), None)
        offered = chosen.duplex if chosen else (settings.duplex,)
        self.duplex.set_options([Option(mode, tr(DUPLEXES[mode])) for mode in offered])
        self.duplex.set_values([settings.duplex])
        self.copies.set_values([str(settings.copies)])
        for field in (self.printer, self.tray, self.duplex, self.copies):
            field.setEnabled(state.phase is Phase.READY and chosen is not None)

    def _on_printer(self, values: tuple[str, ...]) -> None:
        self.printer_chosen.emit(values[0] if values else "")

    def _on_tray(self, values: tuple[str, ...]) -> None:
        self.tray_chosen.emit(values[0] if values else Tray.AUTO)

    def _on_duplex(self, values: tuple[str, ...]) -> None:
        self.duplex_chosen.emit(values[0] if values else Duplex.AUTO)

    def _on_copies(self, values: tuple[str, ...]) -> None:
        self.copies_chosen.emit(int(values[0]) if values else 1)


def _check_pairs(form: ShownForm) -> list[Pair]:
    check = form.check
    return [
        Pair(tr("Applicant"), f"{check.name}　{check.sex}", bold=True),
        Pair(tr("ID number"), check.id_number),
        Pair(tr("Application"), check.matter),
        Pair(tr("Institution of practice"), check.institution),
        Pair(tr("Category / scope"), f"{check.category} / {check.scopes}"),
        Pair(tr("Start of practice"), check.term),
    ]


def _code_pairs(form: ShownForm) -> list[Pair]:
    if form.standing is Standing.UNDECIDED:
        return [Pair(tr("Form number"), tr("given when agreed"), colour=Colour.TEXT2)]
    word = SCANS[ScanResult.PENDING if form.standing is Standing.PENDING else ScanResult.VALID]
    digest = f"{form.digest[:4]} {form.digest[4:8]}".upper()
    return [
        Pair(tr("Form number"), form.form_number),
        Pair(tr("Content version"), tr("version {n}, digest {digest}", n=form.content_version, digest=digest)),
        Pair(tr("When scanned"), word.text, bold=True, colour=word.colour),
    ]
