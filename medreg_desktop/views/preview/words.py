"""Sentences of 打印预览: what a standing means, what went wrong and what to do next."""

from __future__ import annotations

from medreg_desktop.services.printing.form_document import Defect, FormWarning
from medreg_desktop.services.printing.printers import Duplex, Tray
from medreg_desktop.services.texts.faults import sentence, what_and_todo
from medreg_desktop.services.texts.terms import label
from medreg_desktop.services.texts.translator import mark, tr, trn
from medreg_desktop.ui.notices import Tone
from medreg_desktop.views.preview.state import Match, PrintLine, ScreenState, Standing, Trouble

STANDINGS: dict[Standing, tuple[Tone, str, str, str]] = {
    Standing.AGREED: (
        Tone.DONE,
        "circle-tick",
        mark("Synced: the decision is on the register"),
        mark("May be printed, sealed and submitted as the official form."),
    ),
    Standing.PENDING: (
        Tone.CARE,
        "arrow-from-line",
        mark("Sync pending: this form counts only after verification"),
        mark("The pages say so across the text. Print a clean copy after syncing and take this one back."),
    ),
    Standing.UNDECIDED: (
        Tone.NEWS,
        "eye",
        mark("Preview only: not agreed yet"),
        mark("The form gets its number and code when the institution agrees; then it can be printed."),
    ),
}
"""Tone, icon, what, what to do."""

TRAYS: dict[Tray, str] = {
    Tray.AUTO: mark("Automatic"),
    Tray.UPPER: mark("Upper tray, A4"),
    Tray.MIDDLE: mark("Middle tray, A4"),
    Tray.LOWER: mark("Lower tray, A4"),
    Tray.MANUAL: mark("Manual feed"),
}
DUPLEXES: dict[Duplex, str] = {
    Duplex.AUTO: mark("As the printer is set"),
    Duplex.OFF: mark("One side"),
    Duplex.LONG_EDGE: mark("Turn on the long edge"),
    Duplex.SHORT_EDGE: mark("Turn on the short edge"),
}
MATCHES: dict[Match, str] = {
    Match.SAME: mark("As in the qualification"),
    Match.DIFFERENT: mark("Differs from the qualification"),
    Match.UNKNOWN: mark("No qualification record"),
}
_FIELDS: dict[str, str] = {
    "opinion": mark("Opinion"),
    "signed": mark("Who agreed, and when"),
    "former_opinion": mark("Opinion of the former institution"),
    "training": mark("Training"),
    "health": mark("Health"),
    "punishments": mark("Punishments"),
    "other": mark("Other matters"),
    "institution_address": mark("Address of the institution"),
    "practice_term": mark("Term of practice"),
    "professional_title": mark("Professional title"),
    "own_institution": mark("Institution of practice"),
    "authority": mark("Commission"),
}
"""What stands on the form and in no list of the program."""
_UNSEEN = {"form_moved_on": "form_moved_on_unseen"}
"""What says that something is shown, said otherwise where nothing is."""


def trouble_words(trouble: Trouble) -> tuple[str, str]:
    """Return what went wrong and what to do."""
    return what_and_todo(trouble.code, **trouble.params)


def late_sentence(name: str, trouble: Trouble) -> str:
    """Return what went wrong with a document whose preview is closed, and what to do."""
    code = _UNSEEN.get(trouble.code, trouble.code)
    return tr("{name}, the preview is closed: {said}", name=name, said=sentence(code, **trouble.params))


def field_word(field: str) -> str:
    """Return what a field of the form is called."""
    if field in _FIELDS:
        return tr(_FIELDS[field])
    if field.startswith("experience_"):
        return tr("Work experience")
    if field.startswith("registered_"):
        return tr("The registration held")
    try:
        return label(field)
    except KeyError:
        return tr("A field of the form")


def warning_sentence(warning: FormWarning) -> str:
    """Return one defect of the page as a sentence."""
    field = field_word(warning.field)
    if warning.defect is Defect.SHORTENED:
        return tr("{field}: too long for its cell, ends with “…”", field=field)
    characters = " ".join(f"U+{ord(char):04X}" for char in warning.characters)
    return tr("{field}: no font has {characters}, drawn as a box", field=field, characters=characters)


def defect_words(state: ScreenState) -> tuple[str, str, str]:
    """Return what the document does not show as written, what to do, and the words of the way to the next such form.

    Of a batch all forms are counted: they print by one press, and only one is in view.
    """
    here = "\n".join(map(warning_sentence, state.form.warnings)) if state.form else ""
    others = len(state.defective) - bool(here)
    on = tr("Show the next") if others else ""
    if here:
        text = "So does {n} more form of this batch."
        more = trn(text, "So do {n} more forms of this batch.", others) if others else ""
        return tr("The page does not show everything as written"), "\n".join(filter(None, (here, more))), on
    if others:
        return defect_count(state), tr("Look at them before all is printed."), on
    return "", "", ""


def defect_count(state: ScreenState) -> str:
    """Return how many forms of the batch do not show everything as written."""
    text = "{n} form of {m} does not show everything as written."
    return trn(text, "{n} forms of {m} do not show everything as written.", len(state.defective), m=state.forms)


def print_sentence(line: PrintLine) -> str:
    """Return one line of 打印记录 without its time."""
    what = tr("Reprint {n}", n=line.reprint) if line.reprint else tr("First print")
    if line.perhaps:
        how = tr("perhaps saved as PDF") if line.to_file else tr("perhaps {n} copies", n=line.copies)
    else:
        how = tr("saved as PDF") if line.to_file else tr("{n} copies", n=line.copies)
    pending = tr(" · sync pending") if line.pending else ""
    return tr("{what}, {how}{pending}", what=what, how=how, pending=pending)
