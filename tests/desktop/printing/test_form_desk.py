"""From applications to paper and its record, over the real engine; printers and the cache are in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from medreg_core.contract.v1.form_code import read_form_code
from medreg_core.domain.masking import mask_id, mask_phone
from medreg_core.domain.records import ApplicationId
from medreg_core.domain.vocabulary import FormState, Kind
from medreg_desktop.services.faults import KnownFault, Problem
from medreg_desktop.services.printing.form_desk import PreparedForms
from medreg_desktop.services.printing.form_document import Defect, RenderCancelled
from medreg_desktop.services.printing.printers import PrintCancelled, PrintSettings
from medreg_desktop.services.printing.scan import scan_page
from medreg_desktop.services.review.desk import Refused
from medreg_desktop.services.review.paper_desk import FormToPrint
from tests.helpers.print_desk import DEVICE, MemoryPapers, MemoryPrinters, form_desk
from tests.helpers.review_forms import KEY, KID, application, page_image

A, P, NONE = FormState.AGREED, FormState.PENDING, None
KEYS = {KID: KEY.public_key().public_bytes_raw(), DEVICE: KEY.public_key().public_bytes_raw()}
ONE_PAGE = Kind.CANCELLATION


def quiet(_done: int, _of: int) -> None:
    """Hear progress and do nothing."""


def never() -> bool:
    """Go on."""
    return False


class Office:
    """A desk with some applications, in the states given."""

    def __init__(self, *states: FormState | None, kinds: tuple[Kind, ...] = (), name: str = "曾予安") -> None:
        self.ids = tuple(ApplicationId(f"{n:032}") for n in range(len(states)))
        kinds = kinds or (Kind.REGISTRATION,) * len(states)
        subjects = {
            one: replace(application(kind, name=name, registered=kind is ONE_PAGE), id=one)
            for one, kind in zip(self.ids, kinds, strict=True)
        }
        self.papers = MemoryPapers(dict(zip(self.ids, states, strict=True)), subjects)
        self.printers = MemoryPrinters()
        self.desk = form_desk(self.papers, self.printers)

    def prepare(self, cancelled: Callable[[], bool] = never) -> PreparedForms:
        return self.desk.prepare(self.ids, quiet, cancelled)


def test_a_pending_form_is_signed_by_this_device_and_says_so() -> None:
    prepared = Office(P).prepare()
    claims = read_form_code(scan_page(page_image(prepared.pdf)).qr, KEYS)
    assert (claims.state, claims.form_number) == (P, prepared.forms[0].job.form_number)


def test_the_same_form_prepared_twice_is_the_same_to_the_byte() -> None:
    office = Office(P)
    assert office.prepare().pdf == office.prepare().pdf


def test_one_application_nobody_has_agreed_to_comes_out_for_reading() -> None:
    form = Office(NONE).prepare().forms[0]
    assert (form.job.state, form.job.form_number, form.printed) == (None, "", None)


@pytest.mark.parametrize("then", ["agreed", "changed", "gone"])
def test_what_is_open_for_reading_is_drawn_anew_once_it_is_another(then: str) -> None:
    office = Office(NONE)
    prepared = office.prepare()
    (one,), subject = office.ids, office.papers.applications[office.ids[0]]
    assert office.desk.stands(prepared)
    if then == "agreed":
        office.papers.states = {one: A}
    else:
        other = replace(subject, content_version=2, person=replace(subject.person, phone="13900000000"))
        office.papers.applications = {one: other} if then == "changed" else {}
    assert not office.desk.stands(prepared)


def test_a_batch_leaves_out_what_has_no_form_and_says_which() -> None:
    office = Office(A, NONE, P)
    prepared = office.prepare()
    assert [form.job.application.id for form in prepared.forms] == [office.ids[0], office.ids[2]]
    assert [(left.application_id, left.code) for left in prepared.left_out] == [(office.ids[1], "no_form")]
    assert [(form.first_page, form.pages) for form in prepared.forms] == [(0, 2), (2, 2)]
    assert prepared.pages == 4


def test_a_batch_without_any_form_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        Office(NONE, NONE).prepare()
    assert {reason.code for reason in caught.value.reasons} == {"no_form"}


def test_an_application_that_is_gone_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        Office(A).desk.prepare((ApplicationId("f" * 32), ApplicationId("e" * 32)), quiet, never)
    assert {reason.code for reason in caught.value.reasons} == {"application_gone"}


def test_a_cancelled_preparation_gives_nothing() -> None:
    with pytest.raises(RenderCancelled):
        Office(A).prepare(lambda: True)


def test_the_name_in_queues_and_files_is_the_number_never_the_person() -> None:
    single, batch = Office(A).prepare(), Office(A, A, A).prepare()
    assert single.name == single.forms[0].job.form_number
    assert batch.name == f"{batch.forms[0].job.form_number} +2"


def test_warnings_stand_with_their_own_form() -> None:
    office = Office(A, A)
    second = office.ids[1]
    subject = office.papers.applications[second]
    office.papers.applications = {
        **office.papers.applications,
        second: replace(subject, person=replace(subject.person, name="王\U000323b0")),
    }
    forms = office.prepare().forms
    assert forms[0].warnings == ()
    assert [(w.field, w.defect) for w in forms[1].warnings] == [("name", Defect.UNCOVERED)]


def test_printing_is_recorded_and_the_next_one_is_a_reprint() -> None:
    office = Office(A)
    settings = PrintSettings("laser", copies=2)
    prepared = office.prepare()
    office.desk.send(prepared, settings, quiet, never)
    assert office.printers.sent == [(prepared.pdf, settings, prepared.name)]
    record = office.papers.records[0]
    assert (record.copies, record.reprint, record.to_file, record.form_state) == (2, 0, False, A)
    again = office.prepare()
    assert again.forms[0].job.reprint == 1
    assert again.forms[0].texts["print_mark"] == "本机补打 1"
    assert len(again.forms[0].prints) == 1


def test_the_printer_is_told_where_each_form_begins() -> None:
    office = Office(A, A, A)
    office.desk.send(office.prepare(), PrintSettings("laser"), quiet, never)
    assert office.printers.starts == [[0, 2, 4]]


def test_a_printing_that_breaks_off_records_the_forms_that_came_out() -> None:
    office = Office(A, A, A)
    office.printers.pages, office.printers.breaks_after = 6, 3  # the second form's first page is out
    with pytest.raises(KnownFault, match="printer_refused"):
        office.desk.send(office.prepare(), PrintSettings("laser"), quiet, never)
    assert [record.application_id for record in office.papers.records] == list(office.ids[:2])


def test_a_printing_that_was_stopped_before_the_first_page_records_nothing() -> None:
    office = Office(A)
    with pytest.raises(PrintCancelled):
        office.desk.send(office.prepare(), PrintSettings("laser"), quiet, lambda: True)
    assert office.papers.records == []


@pytest.mark.parametrize("way", ["print", "save"])
def test_nothing_leaves_for_who_may_not_print(way: str, tmp_path: Path) -> None:
    office = Office(A)
    prepared = office.prepare()
    office.papers.barred = "not_allowed"
    assert (prepared.barred, office.prepare().barred) == ("", "not_allowed")
    ways: dict[str, Callable[[], None]] = {
        "print": lambda: office.desk.send(prepared, PrintSettings("laser"), quiet, never),
        "save": lambda: office.desk.save(prepared, tmp_path / "form.pdf"),
    }
    with pytest.raises(Refused, match="not_allowed"):
        ways[way]()
    assert (office.printers.sent, list(tmp_path.iterdir()), office.papers.records) == ([], [], [])


def test_a_form_is_known_before_its_first_page_leaves() -> None:
    office = Office(A, A)
    prepared = office.prepare()
    known: list[list[bool]] = []

    def heard(_done: int, _of: int) -> None:
        known.append([record.perhaps for record in office.papers.records])

    office.desk.send(prepared, PrintSettings("laser"), heard, never)
    assert known[0] == [True, True]
    assert [record.application_id for record in office.papers.records] == [office.ids[0]], "two pages of four came out"
    assert not office.papers.records[0].perhaps


def test_a_record_that_fails_costs_no_other_and_leaves_the_announcement() -> None:
    office = Office(A, A, A)
    office.printers.pages = 6
    prepared = office.prepare()
    office.papers.unrecordable = {prepared.forms[0].job.form_number}
    with pytest.raises(KnownFault) as caught:
        office.desk.send(prepared, PrintSettings("laser"), quiet, never)
    assert (caught.value.code, caught.value.params) == ("print_unrecorded", {"cause": "cache_locked"})
    assert [record.perhaps for record in office.papers.records] == [True, False, False]


def test_new_contents_are_not_shown_for_reading_under_an_old_consent() -> None:
    office = Office(A)
    with pytest.MonkeyPatch.context() as changed:

        def refuse(_: ApplicationId) -> FormToPrint:
            raise Refused(Problem("content_changed"))

        changed.setattr(office.papers, "form", refuse)
        with pytest.raises(Refused, match="content_changed"):
            office.prepare()


def test_saving_is_recorded_as_one_copy_to_a_file(tmp_path: Path) -> None:
    office = Office(A, P, kinds=(ONE_PAGE, Kind.REGISTRATION))
    prepared = office.prepare()
    office.desk.save(prepared, tmp_path / "forms.pdf")
    assert (tmp_path / "forms.pdf").read_bytes() == prepared.pdf
    assert [(r.copies, r.to_file, r.form_state) for r in office.papers.records] == [(1, True, A), (1, True, P)]
    assert list(tmp_path.iterdir()) == [tmp_path / "forms.pdf"]


def test_a_file_that_cannot_be_written_records_nothing_and_leaves_the_old_one(tmp_path: Path) -> None:
    office = Office(A)
    folder = tmp_path / "not there"
    with pytest.raises(KnownFault) as caught:
        office.desk.save(office.prepare(), folder / "form.pdf")
    assert (caught.value.code, caught.value.params) == ("file_not_written", {"folder": str(folder)})
    assert office.papers.records == []


def words_of(prepared: PreparedForms) -> str:
    """What can be read on every page, with no spaces."""
    with pdfium.PdfDocument(prepared.pdf) as document:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    return "".join("".join(pages).split())


def test_whole_numbers_are_noted_before_they_are_shown_and_once() -> None:
    office = Office(A, P)
    person = office.papers.applications[office.ids[0]].person
    words = words_of(office.prepare())
    assert person.id_number in words
    office.prepare()
    assert office.papers.shown == list(office.ids)


@pytest.mark.parametrize("state", [A, P, NONE])
def test_who_may_not_read_whole_numbers_gets_the_form_with_masked_ones(state: FormState | None) -> None:
    office = Office(state)
    office.papers.reveals, office.papers.barred = False, "not_allowed"
    subject = office.papers.applications[office.ids[0]]
    assert subject.qualification is not None
    prepared = office.prepare()
    words = words_of(prepared)
    for secret in (subject.person.id_number, subject.person.phone, subject.qualification.code):
        assert secret not in words
    for seen in (mask_id(subject.person.id_number), mask_phone(subject.person.phone), subject.person.name):
        assert seen in words
    assert office.papers.shown == []
    assert office.desk.stands(prepared)
    assert not prepared.forms[0].warnings
