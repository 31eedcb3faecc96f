"""The four ways out of quarantine on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from medreg_core.domain.records import CommandId
from medreg_desktop.services.cache import outbox_moves
from medreg_desktop.services.cache.outbox import OutboxState, Resolution
from medreg_desktop.services.review.quarantine_desk import Reason
from medreg_desktop.ui.theme import Mode, Theme
from medreg_desktop.ui.widgets.button import Button, Kind
from tests.desktop.review.office import Office, application
from tests.desktop.views.sync_center.bench import Bench, _decided, named
from tests.desktop.views.sync_center.test_view import Opened
from tests.helpers.qt import clipped, close, nameless, settle


@pytest.fixture
def apart(office: Office) -> CommandId:
    """A printed consent on which the service fails."""
    office.receives(*(named(n) for n in range(1, 5)))
    command_id = _decided(office, 1)
    office.papers.record_print(office.papers.form(application(1).id), 2, to_file=False)
    office.sends()
    office.store.write(lambda conn: outbox_moves.back_off(conn, [command_id], "server_error", None))
    office.store.write(lambda conn: outbox_moves.quarantine(conn, command_id, "poison"))
    return command_id


def test_giving_up_asks_for_a_reason_and_lists_the_paper(office: Office, apart: CommandId) -> None:
    bench = Bench(office)
    bench.presenter.give_up()
    assert bench.view.state.gives_up
    assert bench.rows()[apart][0] == OutboxState.QUARANTINED.value, "asking changes nothing"
    bench.presenter.give_up_for(Reason.MISTAKEN)
    bench.settle()
    assert bench.rows()[apart][:2] == (OutboxState.DONE.value, Resolution.DROPPED.value)
    assert [line.paper.outstanding for line in bench.view.state.outstanding] == [2]
    assert not bench.view.state.gives_up


def test_escape_leaves_the_question_first(office: Office, apart: CommandId) -> None:
    bench = Bench(office)
    bench.presenter.give_up()
    bench.presenter.later()
    bench.settle()
    assert not bench.view.state.gives_up
    assert bench.view.current == apart


def test_correcting_opens_the_review_and_handing_over_offers_a_file(office: Office, apart: CommandId) -> None:
    bench = Bench(office)
    bench.presenter.hand_over()
    bench.settle()
    ((name, content),) = bench.view.files.items()
    assert name.endswith(".json")
    assert msgspec.json.decode(content)["command"]["id"] == apart
    assert bench.view.current == apart, "it stays in sight"
    bench.presenter.review_again()
    bench.settle()
    assert bench.view.opened == [application(1).id]


def test_a_file_that_cannot_be_written_is_said(office: Office, apart: CommandId, tmp_path: Path) -> None:
    bench = Bench(office)
    bench.presenter.save_file(tmp_path / "gone" / "x.json", b"{}")
    bench.settle()
    assert any(state.problem == "file_not_written" for state in bench.view.states)
    bench.presenter.save_file(tmp_path / "x.json", b"{}")
    bench.settle()
    assert (tmp_path / "x.json").read_bytes() == b"{}"


@pytest.fixture
def opened(qtbot: QtBot, office: Office, apart: CommandId, theme: Theme) -> Iterator[Opened]:
    one = Opened(qtbot, office)
    yield one
    close(one.page)


def test_the_four_ways_stand_together_with_one_filled(opened: Opened) -> None:
    ways = opened.page.panel.quarantine
    buttons = (ways.again_button, ways.correct_button, ways.over_button, ways.give_up_button)
    assert [button.text() for button in buttons] == ["重新发送", "改正后重发…", "转交处理…", "放弃…"]
    assert all(button.isVisible() for button in buttons)
    filled = [b for b in opened.page.findChildren(Button) if b.isVisible() and b.kind is Kind.FILLED]
    assert filled == [ways.again_button]


def test_giving_up_by_the_mouse_warns_and_needs_a_reason(opened: Opened, apart: CommandId) -> None:
    ways = opened.page.panel.quarantine
    opened.qtbot.mouseClick(ways.give_up_button, Qt.MouseButton.LeftButton)
    assert "已印 2 份" in ways._warning.accessibleName()
    assert not opened.page.panel._heading.isVisible(), "“you can” belongs to the ways, not to the question"
    assert QApplication.focusWidget() is ways.back_button, "Enter alone gives nothing up"
    opened.key(Qt.Key.Key_Escape)
    assert opened.states()[apart] is OutboxState.QUARANTINED
    assert ways.again_button.isVisible()
    opened.qtbot.mouseClick(ways.give_up_button, Qt.MouseButton.LeftButton)
    opened.qtbot.mouseClick(ways.reason_buttons[Reason.SETTLED_OTHERWISE], Qt.MouseButton.LeftButton)
    assert opened.states()[apart] is OutboxState.DONE


@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
@pytest.mark.parametrize("asks", [False, True])
def test_every_word_fits(opened: Opened, theme: Theme, mode: Mode, asks: bool) -> None:
    theme.set_mode(mode)
    opened.page.resize(1216, 640)
    if asks:
        opened.presenter.give_up()
    settle()
    assert clipped(opened.page) == []
    assert nameless(opened.page) == []
