"""What becomes of a print or a file whose preview was closed before it was done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from medreg_core.domain.vocabulary import FormState
from medreg_desktop.ui.notices import Tone
from medreg_desktop.ui.theme import Theme
from medreg_desktop.views.preview.view import PreviewView
from tests.desktop.views.preview.test_presenter import A, P, Screen
from tests.desktop.views.preview.test_view import Shown
from tests.helpers.print_desk import MemoryPrinters, form_desk
from tests.helpers.runners import ManualRunner

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


def closed_while(
    act: Callable[[Screen], None], state: FormState | None = A, printers: MemoryPrinters | None = None
) -> tuple[Screen, Callable[[], None]]:
    """A screen closed with that under way, and the worker that goes on."""
    runner = ManualRunner()
    screen = Screen(state, runner=runner, printers=printers)
    runner.release_all()
    act(screen)
    screen.presenter.close()
    return screen, runner.release_all


def late(screen: Screen) -> list[tuple[str, str]]:
    return [(name, trouble.code) for name, trouble in screen.late]


def test_a_printer_that_refuses_is_told() -> None:
    screen, go_on = closed_while(lambda s: s.presenter.print(), printers=MemoryPrinters(breaks_after=0))
    shown = len(screen.view.states)
    go_on()
    assert screen.state.form is not None
    assert late(screen) == [(screen.state.form.form_number, "printer_refused")]
    assert len(screen.view.states) == shown, "the screen itself is gone"


def test_a_print_that_could_not_be_recorded_is_told() -> None:
    screen, go_on = closed_while(lambda s: s.presenter.print())
    assert screen.state.form is not None
    screen.papers.unrecordable = {screen.state.form.form_number}
    go_on()
    assert [code for _, code in late(screen)] == ["print_unrecorded"]


def test_a_file_that_could_not_be_saved_is_told(tmp_path: Path) -> None:
    screen, go_on = closed_while(lambda s: s.presenter.save_to(tmp_path / "missing" / "a.pdf"))
    go_on()
    assert [code for _, code in late(screen)] == ["file_not_written"]


def test_one_that_was_stopped_by_hand_is_no_fault() -> None:
    def stop(screen: Screen) -> None:
        screen.presenter.print()
        screen.presenter.cancel()

    screen, go_on = closed_while(stop)
    go_on()
    assert late(screen) == []
    assert screen.papers.records == []


def test_a_bug_is_not_swallowed() -> None:
    screen, go_on = closed_while(lambda s: s.presenter.print())
    screen.papers.announce_prints = lambda *_args, **_named: 1 / 0  # type: ignore[assignment,method-assign,return-value]
    with pytest.raises(ZeroDivisionError):
        go_on()


def test_the_notice_outlives_the_window_and_says_what_to_do(qtbot: QtBot, theme: Theme) -> None:
    runner, shown = ManualRunner(), Shown(qtbot, P)
    view = PreviewView(form_desk(shown.papers, shown.printers), shown.printers, shown.memory, runner, shown.notices)
    view.open(shown.ids)
    runner.release_all()
    view.print.click()
    shown.papers.states = dict.fromkeys(shown.ids, A)
    view.close_work()
    view.deleteLater()
    qtbot.waitUntil(lambda: not isValid(view))
    runner.release_all()
    notice = shown.notices.history[-1]
    assert notice.tone is Tone.FAULT
    assert notice.text.endswith("（预览已关闭）：显示之后，这份表有了变化，没有打印也没有存出。请重新打开打印预览。")
