"""二次核对: the values to read against the page, in the very words that stand on it."""

from __future__ import annotations

from medreg_core.domain.codes.id_number import same_id_number
from medreg_core.domain.masking import mask_id
from medreg_core.domain.records import Application, Request
from medreg_desktop.services.printing.form_desk import PreparedForm
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.views.preview.state import Match, SecondCheck


def second_check(form: PreparedForm) -> SecondCheck:
    """Return the six values of a form; the ID number masked, as everywhere on the screen but on the page itself."""
    application, texts = form.job.application, form.texts
    return SecondCheck(
        name=texts["name"],
        sex=texts["sex"],
        id_number=mask_id(application.person.id_number),
        matter=texts["kind"],
        institution=texts["institution_name"],
        category=texts["category"],
        scopes=texts["scopes"],
        term=_term(application.request),
        match=_match(application),
    )


def _match(application: Application) -> Match:
    person, qualification = application.person, application.qualification
    if qualification is None:
        return Match.UNKNOWN
    same = person.name == qualification.name and same_id_number(person.id_number, qualification.id_number)
    return Match.SAME if same else Match.DIFFERENT


def _term(request: Request) -> str:
    if request.start_on is None:
        return "—"
    start = f"{request.start_on:%Y-%m-%d}"
    return f"{start} — {request.end_on:%Y-%m-%d}" if request.end_on else tr("from {day}", day=start)
