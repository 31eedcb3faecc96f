"""What 打印预览 decides: over the real desk and engine, with a view that only remembers."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from medreg_core.domain.records import ApplicationId
from medreg_core.domain.vocabulary import FormState, Kind
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Progress, Runner
from medreg_desktop.services.printing.printers import (
    Duplex,
    PrintSettings,
    Tray,
    settings_from_text,
    settings_to_text,
)
from medreg_desktop.views.preview.presenter import PreviewPresenter
from medreg_desktop.views.preview.state import Match, Phase, ScreenState, Standing, Trouble
from medreg_desktop.views.preview.words import print_sentence
from tests.helpers.print_desk import MemoryPapers, MemoryPrinters, MemoryText, form_desk
from tests.helpers.review_forms import ID_NUMBER, application
from tests.helpers.runners import ImmediateRunner, ManualRunner

A, P, NONE = FormState.AGREED, FormState.PENDING, None


@dataclass
class RememberingView:
    """Keeps the last state and what was asked."""

    states: list[ScreenState] = field(default_factory=list)
    told: list[tuple[object, ...]] = field(default_factory=list)

    def show_state(self, state: ScreenState) -> None:
        self.states.append(state)

    def progressed(self, done: int, total: int) -> None:
        self.told.append(("progressed", done, total))

    def ask_where_to_save(self, suggested: str) -> None:
        self.told.append(("ask", suggested))

    def tell_printed(self, forms: int, copies: int) -> None:
        self.told.append(("printed", forms, copies))

    def tell_saved(self, path: Path) -> None:
        self.told.append(("saved", path))

    def tell_stopped(self, sent: int, total: int) -> None:
        self.told.append(("stopped", sent, total))

    def leave(self) -> None:
        self.told.append(("leave",))


class Screen:
    """An opened preview of applications in the states given."""

    def __init__(
        self,
        *states: FormState | None,
        runner: Runner | None = None,
        printers: MemoryPrinters | None = None,
        kept: str = "",
        name: str = "曾予安",
        barred: str = "",
    ) -> None:
        self.ids = tuple(ApplicationId(f"{n:032}") for n in range(len(states)))
        subjects = {one: replace(application(name=name), id=one) for one in self.ids}
        self.papers = MemoryPapers(dict(zip(self.ids, states, strict=True)), subjects)
        self.papers.barred = barred
        self.printers = printers or MemoryPrinters()
        self.memory = MemoryText(kept)
        self.view = RememberingView()
        desk = form_desk(self.papers, self.printers)
        self.late: list[tuple[str, Trouble]] = []
        self.presenter = PreviewPresenter(
            self.view,
            desk,
            self.printers,
            self.memory,
            runner or ImmediateRunner(),
            lambda name, trouble: self.late.append((name, trouble)),
        )
        self.presenter.open(self.ids)

    @property
    def state(self) -> ScreenState:
        return self.view.states[-1]

    def asked(self, what: str) -> list[tuple[object, ...]]:
        return [told for told in self.view.told if told[0] == what]


def test_it_opens_preparing_and_then_shows_the_document() -> None:
    runner = ManualRunner()
    screen = Screen(A, runner=runner)
    assert (screen.state.phase, screen.state.pdf, screen.state.printers) == (Phase.PREPARING, b"", None)
    assert not screen.state.can_print
    runner.release_all()
    assert screen.state.phase is Phase.READY
    assert screen.state.pdf.startswith(b"%PDF")
    assert (screen.state.page, screen.state.pages, screen.state.forms) == (0, 2, 1)
    assert screen.state.title == "医师执业注册申请审核表"


@pytest.mark.parametrize(
    ("state", "standing", "usable"),
    [(A, Standing.AGREED, True), (P, Standing.PENDING, True), (NONE, Standing.UNDECIDED, False)],
)
def test_what_nobody_agreed_to_can_be_read_but_not_printed(
    state: FormState | None, standing: Standing, usable: bool
) -> None:
    screen = Screen(state)
    assert screen.state.form is not None
    assert screen.state.form.standing is standing
    assert (screen.state.can_print, screen.state.can_save) == (usable, usable)
    screen.presenter.print()
    screen.presenter.save()
    screen.presenter.save_to(Path("never.pdf")) if not usable else None
    assert bool(screen.printers.sent) is usable
    assert bool(screen.asked("ask")) is usable


def test_the_second_check_says_what_the_page_says_with_the_id_masked() -> None:
    form = Screen(A).state.form
    assert form is not None
    check = form.check
    assert (check.name, check.sex, check.matter) == ("曾予安", "女", "注册")
    assert (check.institution, check.category, check.scopes) == ("示例市第二人民医院", "临床", "儿科专业")
    assert ID_NUMBER not in check.id_number
    assert check.id_number.startswith("11")
    assert check.match is Match.SAME


def test_the_right_column_follows_the_page_in_view() -> None:
    screen = Screen(A, P)
    screen.presenter.show_page(3)
    assert screen.state.form is not None
    assert (screen.state.form.index, screen.state.form.standing) == (1, Standing.PENDING)
    screen.presenter.turn(-2)
    assert (screen.state.page, screen.state.form.index) == (1, 0)


@pytest.mark.parametrize(("start", "turn", "end"), [(0, -1, 0), (3, 1, 3), (1, 1, 2), (0, 99, 3)])
def test_pages_end_at_the_document(start: int, turn: int, end: int) -> None:
    screen = Screen(A, A)
    screen.presenter.show_page(start)
    screen.presenter.turn(turn)
    assert screen.state.page == end


def test_printing_sends_the_bytes_that_were_shown_and_then_shows_the_reprint() -> None:
    screen = Screen(A)
    shown = screen.state.pdf
    screen.presenter.choose_copies(2)
    screen.presenter.print()
    assert [(pdf, settings.copies) for pdf, settings, _ in screen.printers.sent] == [(shown, 2)]
    assert screen.asked("printed") == [("printed", 1, 2)]
    form = screen.state.form
    assert form is not None
    assert form.reprint == 1
    assert [(line.copies, line.reprint) for line in form.prints] == [(2, 0)]
    assert screen.state.pdf != shown


def test_who_may_not_print_reads_the_form_and_is_told_why() -> None:
    screen = Screen(A, barred="not_allowed")
    assert (screen.state.phase, screen.state.barred) == (Phase.READY, "not_allowed")
    assert (screen.state.can_print, screen.state.can_save) == (False, False)
    screen.presenter.print()
    screen.presenter.save()
    assert (screen.printers.sent, screen.asked("ask")) == ([], [])


def test_what_was_perhaps_printed_is_called_so() -> None:
    screen = Screen(A)
    for copies, to_file in ((2, False), (1, True)):
        screen.papers.announce_prints([screen.papers.form(screen.ids[0])], copies, to_file=to_file)
    screen.presenter.try_again()
    assert screen.state.form is not None
    told = [print_sentence(line) for line in screen.state.form.prints]
    assert told == ["首次打印，可能已打印 2 份（未确认）", "补打 1，可能已另存 PDF（未确认）"]


def test_what_has_moved_on_is_shown_anew_and_never_printed_as_it_was() -> None:
    screen = Screen(P)
    pending = screen.state.pdf
    screen.papers.states = {screen.ids[0]: A}
    screen.presenter.print()
    assert screen.printers.sent == []
    assert screen.state.trouble is not None
    assert screen.state.trouble.code == "form_moved_on"
    assert screen.state.form is not None
    assert screen.state.form.standing is Standing.AGREED
    screen.presenter.print()
    assert [pdf for pdf, _, _ in screen.printers.sent] != [pending]
    assert len(screen.printers.sent) == 1


def test_an_open_preview_follows_what_the_register_says() -> None:
    screen = Screen(P)
    shown = len(screen.view.states)
    screen.presenter.reload()
    assert len(screen.view.states) == shown, "what is being read stays as it is"
    screen.papers.states = {screen.ids[0]: A}
    screen.presenter.reload()
    assert screen.state.form is not None
    assert screen.state.form.standing is Standing.AGREED


def test_while_it_prints_it_cannot_be_printed_again() -> None:
    runner = ManualRunner()
    screen = Screen(A, runner=runner)
    runner.release_all()
    screen.presenter.print()
    assert (screen.state.phase, screen.state.can_print, screen.state.can_save) == (Phase.PRINTING, False, False)
    screen.presenter.show_progress(1, 2)
    assert screen.state.progress == Progress(1, 2)
    screen.presenter.print()
    runner.release_all()
    assert len(screen.printers.sent) == 1


def test_escape_stops_a_printing_after_its_page_and_says_how_far_it_got() -> None:
    stopped = threading.Event()

    @dataclass
    class Slow(MemoryPrinters):
        presenter: PreviewPresenter | None = None

        def send(self, *args: object, **named: object) -> None:
            assert self.presenter is not None
            self.presenter.show_progress(1, 2)
            self.presenter.cancel()
            stopped.set()
            super().send(*args, **named)  # type: ignore[arg-type]

    printers = Slow()
    screen = Screen(A, printers=printers)
    printers.presenter = screen.presenter
    screen.presenter.print()
    assert stopped.is_set()
    assert screen.asked("stopped") == [("stopped", 1, 2)]
    assert screen.state.phase is Phase.READY


def test_a_printer_that_refuses_is_told_and_the_document_stays() -> None:
    screen = Screen(A, printers=MemoryPrinters(breaks_after=1))
    screen.presenter.print()
    assert screen.state.trouble is not None
    assert (screen.state.trouble.code, screen.state.trouble.params) == ("printer_refused", {"printer": "laser"})
    assert screen.state.phase is Phase.READY
    assert screen.state.can_print
    assert len(screen.papers.records) == 1, "one page is out"


def test_without_a_printer_only_the_file_is_left() -> None:
    screen = Screen(A, printers=MemoryPrinters(()))
    assert (screen.state.can_print, screen.state.can_save) == (False, True)
    assert screen.state.settings.printer == ""


def test_settings_are_remembered_and_fitted_to_the_printers_there_are() -> None:
    kept = settings_to_text(PrintSettings("copier", Tray.LOWER, Duplex.LONG_EDGE, 3))
    screen = Screen(A, kept=kept)
    assert screen.state.settings == PrintSettings("copier", Tray.LOWER, Duplex.OFF, 3)
    screen.presenter.choose_printer("laser")
    screen.presenter.choose_duplex(Duplex.LONG_EDGE)
    screen.presenter.choose_tray(Tray.MANUAL)
    screen.presenter.choose_copies(99)
    expected = PrintSettings("laser", Tray.MANUAL, Duplex.LONG_EDGE, 20)
    assert settings_from_text(screen.memory.text) == screen.state.settings == expected


def test_a_batch_says_how_many_were_left_out() -> None:
    screen = Screen(A, NONE, P, NONE)
    assert (screen.state.forms, screen.state.left_out, screen.state.pages) == (2, 2, 4)


def test_nothing_to_print_is_a_trouble_with_a_second_try() -> None:
    screen = Screen(NONE, NONE)
    assert (screen.state.phase, screen.state.pdf) == (Phase.FAILED, b"")
    assert screen.state.trouble is not None
    assert screen.state.trouble.code == "no_form"
    screen.papers.states = dict.fromkeys(screen.ids, A)
    screen.presenter.try_again()
    assert (screen.state.phase, screen.state.forms) == (Phase.READY, 2)


def test_cancelling_the_preparation_leaves_the_screen() -> None:
    runner = ManualRunner()
    screen = Screen(A, A, runner=runner)
    screen.presenter.cancel()
    runner.release_all()
    assert screen.asked("leave") == [("leave",)]


def test_escape_with_nothing_under_way_leaves() -> None:
    screen = Screen(A)
    screen.presenter.cancel()
    assert screen.asked("leave") == [("leave",)]


def test_late_answers_of_a_closed_screen_are_dropped() -> None:
    runner = ManualRunner()
    screen = Screen(A, runner=runner)
    screen.presenter.close()
    before = len(screen.view.states)
    runner.release_all()
    assert len(screen.view.states) == before


def test_a_screen_closed_while_it_prints_hears_nothing_and_the_print_is_recorded() -> None:
    runner = ManualRunner()
    screen = Screen(A, runner=runner)
    runner.release_all()
    screen.presenter.print()
    screen.presenter.close()
    states, told = len(screen.view.states), len(screen.view.told)
    runner.release_all()
    assert len(screen.papers.records) == 1
    assert (len(screen.view.states), len(screen.view.told)) == (states, told)
    assert screen.late == []


def test_a_bug_is_not_swallowed() -> None:
    screen = Screen(A)
    screen.papers.form = lambda _id: 1 / 0  # type: ignore[assignment,method-assign,return-value]
    with pytest.raises(ZeroDivisionError):
        screen.presenter.try_again()


def test_a_print_server_that_does_not_answer_is_no_printer() -> None:
    printers = MemoryPrinters()

    def refuse() -> tuple[()]:
        raise KnownFault("printer_gone", printer="")

    printers.available = refuse  # type: ignore[method-assign]
    screen = Screen(A, printers=printers)
    assert screen.state.printers == ()
    assert screen.state.phase is Phase.READY


def test_a_one_page_form_among_others_keeps_pages_and_forms_together() -> None:
    screen = Screen(A, A, A)
    middle = screen.ids[1]
    screen.papers.applications = {
        **screen.papers.applications,
        middle: replace(application(Kind.CANCELLATION, registered=True), id=middle),
    }
    screen.presenter.try_again()
    assert screen.state.pages == 5
    screen.presenter.show_page(2)
    assert screen.state.form is not None
    assert screen.state.form.check.matter == "注销注册"
    screen.presenter.show_page(3)
    assert screen.state.form.index == 2


def test_the_application_in_view_is_the_one_whose_page_is_shown() -> None:
    screen = Screen(A, P)
    seen = []
    for page in range(screen.presenter.state.pages):
        screen.presenter.show_page(page)
        form = screen.presenter.state.form
        assert form is not None
        seen.append(form.application_id)
    assert list(dict.fromkeys(seen)) == list(screen.ids)
