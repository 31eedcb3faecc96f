"""What becomes of a document that is saved as a file."""

from __future__ import annotations

from pathlib import Path

from medreg_desktop.views.preview.state import Phase
from tests.desktop.views.preview.test_presenter import A, Screen


def test_saving_asks_writes_and_records(tmp_path: Path) -> None:
    screen = Screen(A)
    screen.presenter.save()
    assert screen.state.form is not None
    assert screen.asked("ask") == [("ask", f"{screen.state.form.form_number}.pdf")]
    shown = screen.state.pdf
    screen.presenter.save_to(tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == shown
    assert screen.asked("saved") == [("saved", tmp_path / "a.pdf")]
    assert [record.to_file for record in screen.papers.records] == [True]


def test_a_folder_that_refuses_is_told_and_nothing_is_recorded(tmp_path: Path) -> None:
    screen = Screen(A)
    screen.presenter.save_to(tmp_path / "missing" / "a.pdf")
    assert screen.state.trouble is not None
    assert screen.state.trouble.code == "file_not_written"
    assert (screen.state.phase, screen.papers.records) == (Phase.READY, [])


def test_a_file_that_was_saved_and_not_recorded_makes_the_next_one_a_reprint(tmp_path: Path) -> None:
    screen = Screen(A)
    assert screen.state.form is not None
    screen.papers.unrecordable = {screen.state.form.form_number}
    screen.presenter.save_to(tmp_path / "a.pdf")
    assert screen.state.trouble is not None
    assert (screen.state.trouble.code, screen.state.phase) == ("print_unrecorded", Phase.READY)
    assert screen.state.form.reprint == 1, "it may be about: the document that is shown says so"
    assert [line.perhaps for line in screen.state.form.prints] == [True]
