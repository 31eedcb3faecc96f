"""对账 on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.review.reconcile_desk import Result
from medreg_desktop.ui.theme import Mode, Theme
from medreg_desktop.views.sync_center.reconcile_words import recall_first, recall_list, result_word, whereabouts
from medreg_desktop.views.sync_center.state import Group
from tests.desktop.review.office import Office, application
from tests.desktop.review.test_reconcile import decided_by
from tests.desktop.views.sync_center.bench import AGREE, NAMES, Bench, PlainPrinter, Story, troubled
from tests.desktop.views.sync_center.bench import _decided as decided
from tests.desktop.views.sync_center.test_view import Opened
from tests.helpers.qt import clipped, close, nameless, settle


@pytest.fixture
def story(office: Office) -> Story:
    made = troubled(office)
    office.receives(decided_by("李经办", 5))  # type: ignore[arg-type]  # an Application
    return made


def test_it_is_read_only_when_its_tab_is_shown(office: Office, story: Story) -> None:
    bench = Bench(office)
    assert bench.view.state.reconciled is None
    bench.presenter.choose(Group.RECONCILE)
    bench.settle()
    found = bench.view.state.reconciled
    assert found is not None
    assert [batch.who for batch in found.batches] == ["王经办", "李经办"]
    before = bench.rows()
    bench.presenter.refresh()
    bench.settle()
    assert bench.rows() == before


def test_the_recall_list_holds_the_papers_still_about_and_no_number_of_a_person(office: Office, story: Story) -> None:
    bench = Bench(office)
    bench.presenter.print_recall_list()
    bench.settle()
    assert bench.view.told == ["收回清单已送打印机。"]
    (line,) = bench.view.state.outstanding
    page = recall_list((line,), "王经办", date(2026, 11, 23))
    assert page.rows[0][:2] == (line.paper.form_number, NAMES[0])
    assert whereabouts(line) == "本机打印 2 份"
    unsure = replace(line, paper=replace(line.paper, copies=6, to_file=1, perhaps=3))
    assert whereabouts(unsure) == "本机打印 2 份、存为文件 1 份、可能打印 3 份"
    assert application(1).person.id_number not in repr(page)


def test_of_a_withdrawal_that_the_register_has_not_taken_nothing_is_said_that_a_scan_may_deny(
    office: Office, story: Story
) -> None:
    agreed = decided(office, 6)
    office.papers.record_print(office.papers.form(application(6).id), 1, to_file=False)
    office.sends()
    office.hears(agreed, OutcomeKind.ACCEPTED, version=2, seq=90)
    withdrawal = office.reviews.withdraw(application(6).id).command_id
    assert withdrawal is not None
    lines = office.papers.papers_to_recall()
    assert [line.is_early for line in lines] == [False, True]
    assert "扫码可能仍显示「真」" in recall_first(lines[1])
    assert recall_first(lines[0]).endswith("，扫码不再显示「真」。请先收回再作决定。")
    page = recall_list(lines, "王经办", date(2026, 11, 23))
    assert [row[0][-1] == "*" for row in page.rows] == [False, True]
    assert page.foot == "以上各表已不可使用，扫码不再显示「真」。带 * 的撤回待同步，扫码可能仍显示「真」。"
    assert recall_list(lines[1:], "王经办", date(2026, 11, 23)).foot == "带 * 的撤回待同步，扫码可能仍显示「真」。"
    office.sends()
    office.hears(withdrawal, OutcomeKind.ACCEPTED, version=3, seq=91)
    office.reviews.decide(application(6).id, AGREE)
    office.sends()
    office.reviews.withdraw(application(6).id)
    assert [line.is_early for line in office.papers.papers_to_recall()] == [False, False], "of this form it is taken"


def test_without_a_printer_the_list_is_offered_as_a_file(office: Office, story: Story) -> None:
    bench = Bench(office)
    bench.presenter._recall_printer = PlainPrinter(pdf=b"%PDF")
    bench.presenter.print_recall_list()
    bench.settle()
    assert list(bench.view.files.values()) == [b"%PDF"]


@pytest.fixture
def opened(qtbot: QtBot, office: Office, story: Story, theme: Theme) -> Iterator[Opened]:
    one = Opened(qtbot, office)
    one.presenter.choose(Group.RECONCILE)
    settle()
    yield one
    close(one.page)


def test_ones_own_trouble_comes_up_at_the_right_and_others_open_to_be_looked_at(opened: Opened, story: Story) -> None:
    model = opened.page.lists.reconcile.model
    places = {line.command_id: n for n, line in enumerate(model.rows)}
    opened.page._on_decided(places[story.rejected])
    settle()
    assert opened.current == story.rejected
    theirs = next(n for n, line in enumerate(model.rows) if line.who == "李经办")
    opened.page._on_decided(theirs)
    assert opened.reviewed == [application(5).id]
    assert result_word(model.row(theirs)).text == "已采用"
    assert model.row(places[story.conflict]).result is Result.CONFLICT


def test_the_receipt_offered_is_of_the_decision_under_the_bar(opened: Opened, story: Story) -> None:
    asked: list[str] = []
    opened.page.handouts_wanted.connect(asked.append)
    reconcile = opened.page.lists.reconcile
    for row in range(len(reconcile.model.rows)):
        reconcile.table.select_row(row)
        opened.page.head.handouts.click()
    assert asked == [line.command_id or "" for line in reconcile.model.rows]
    assert story.rejected in asked
    assert "" in asked


def test_the_papers_stand_right_below_the_list(opened: Opened, story: Story) -> None:
    lists, table = opened.page.lists, opened.page.lists.reconcile.table
    assert lists.papers_head.isVisible()
    assert lists.papers_head.y() - table.mapTo(lists, table.rect().bottomLeft()).y() < 40


def test_the_keyboard_reaches_the_list(opened: Opened, story: Story) -> None:
    opened.page.lists.reconcile.table.setFocus()
    opened.key(Qt.Key.Key_Return)
    assert opened.current is not None


@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
@pytest.mark.parametrize("size", [(1244, 800), (1216, 640)])
def test_every_word_fits(opened: Opened, theme: Theme, mode: Mode, size: tuple[int, int]) -> None:
    theme.set_mode(mode)
    opened.page.resize(*size)
    settle()
    assert clipped(opened.page) == []
    assert nameless(opened.page) == []
    assert opened.page.lists.reconcile.isVisible()
