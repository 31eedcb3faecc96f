"""Paper of a form that the register carries: what it may say, and when it is asked back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import ReviewForm
from medreg_core.domain.vocabulary import State
from medreg_desktop.services.review.desk import Refused
from tests.core.builders import registration
from tests.desktop.review.office import Office, application

ONE, DIGEST = application(1).id, content_digest(application(1))
THEIRS = ReviewForm("990102-2026-000900-X", DIGEST, "YS1:THEIRS")


def test_what_an_older_service_wrote_over_on_approval_is_not_printed_under_the_valid_number(office: Office) -> None:
    """It put what came of the approval where the content stood that the form was agreed on."""
    row = application(1, version=4, state=State.ACCEPTED, form=THEIRS, opinion="好", decided_by="李经办")
    office.receives(row)
    drawn = office.papers.form(ONE)
    office.receives(replace(row, version=5, state=State.APPROVED, registration=registration()))
    for printing in (
        lambda: office.papers.form(ONE),
        lambda: office.papers.announce_prints([drawn], 1, to_file=False),
        lambda: office.papers.announce_prints([drawn], 1, to_file=True),
    ):
        with pytest.raises(Refused):
            printing()
    with pytest.raises(Refused) as refused:
        office.papers.form(ONE)
    assert refused.value.reasons[0].code == "form_differs"
    assert not office.papers.stand([drawn]), "a preview left open is drawn anew"
    office.receives(replace(row, version=6, state=State.APPROVED, registered=registration()))
    assert office.papers.form(ONE).number == THEIRS.number
