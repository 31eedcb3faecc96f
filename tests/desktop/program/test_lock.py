"""锁定 and a second registrar: nothing can be seen, nothing is lost, nobody sends another's work."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from medreg_core.domain.records import AccountId
from medreg_core.domain.vocabulary import State
from medreg_desktop.services.cache import outbox, sync_state
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from tests.desktop.program.conftest import Staff
from tests.desktop.program.test_service import state_at
from tests.helpers.fault_proxy import FaultProxy
from tests.helpers.program import PATIENCE_S, Desk, click
from tests.helpers.qt import settle
from tests.helpers.server import PASSWORD, ServerHandle


def idle(desk: Desk) -> None:
    """Let ten minutes pass without a key."""
    desk.program._idle._last_input -= 601.0
    desk.program._idle.look()
    desk.until(lambda: desk.is_shut, "the lock")


def test_the_idle_lock_hides_everything_and_keeps_what_was_typed(office: Desk) -> None:
    row = office.rows[0]
    office.open_review(row)
    office.type(office.review.acts.opinion, "写到一半")
    idle(office)
    office.program.notices.say(f"已同意：{row.name}")
    office.shot("locked")
    words = office.words()
    assert "已锁定。您正在写的内容原样保留。" in words
    for secret in (row.name, "写到一半", row.id_tail if hasattr(row, "id_tail") else "证件号码"):
        assert secret not in words
    office.unlock("wrong")
    assert office.fault == "密码不对，还可以试 4 次，之后需要等待。"
    office.shot("locked-wrong")
    assert office.is_shut
    assert row.name not in office.words()
    office.unlock(PASSWORD)
    office.until(lambda: not office.is_shut and office.review.isVisible(), "the review again")
    assert office.review.acts.opinion.text == "写到一半"
    assert office.draft_of(row) == "写到一半"
    office.shot("unlocked")
    office.close_review()


def test_a_preview_is_hidden_by_the_lock_too(office: Desk) -> None:
    row = office.rows[0]
    office.open_review(row)
    office.open_preview()
    idle(office)
    assert row.name not in office.words()
    assert not office.preview.isVisible()
    office.unlock(PASSWORD)
    office.until(lambda: not office.is_shut and office.preview.isVisible(), "the preview again")


def test_a_review_asked_for_before_the_lock_does_not_open_over_it(office: Desk) -> None:
    """The search is busy, Enter on a row shows nothing yet, and he locks the screen and goes."""
    row, found = office.rows[0], threading.Event()
    page, searching = office.office.list, office.program._runners["searching"]
    assert page is not None
    office.until(lambda: page._presenter is not None and page._presenter._state.fresh, "fresh rows")
    office.until(lambda: searching.pending == 0, "rest")
    searching.submit(lambda: found.wait(PATIENCE_S), lambda _: None, lambda _: None)
    page.table.setCurrentIndex(page.model.index(0, 1))
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    office.program.lock()
    found.set()
    office.until(lambda: office.office.review is not None and office.review.shown_application, "the sheet, read below")
    settle()
    office.shot("locked-over-a-review")
    assert row.name not in office.words()
    assert not office.review.isVisible()
    office.unlock(PASSWORD)
    office.until(lambda: not office.is_shut and office.review.isVisible(), "the review")
    assert office.review.shown_application == row.id
    office.close_review()


def test_a_second_registrar_sees_a_number_and_cannot_send_it(
    office: Desk, staff: Staff, proxy: FaultProxy, server: ServerHandle
) -> None:
    mine = office.rows[0]
    proxy.cut_all()
    office.agree(mine)
    office.until_lamp("离线")
    office.program.sign_out()
    proxy.restore()
    office.at_work(staff.supervisor, PASSWORD, 3)
    office.until_lamp("已同步")
    assert "本机另有其他经办人的 1 条决定待发送，只以其本人名义发送。" in office.notices()
    office.shot("second-registrar")
    assert office.queue(open_only=False) == []
    assert next(row for row in office.rows if row.id == mine.id).state == State.SUBMITTED
    office.program.window.show_screen("sync")
    office.until_says("同步中心")
    office.shot("second-registrar-sync")
    center = office.office.center
    assert center is not None
    assert mine.name not in "\n".join(text for text in office.words().splitlines())
    assert state_at(server, mine.id) is State.SUBMITTED
    office.program.sign_out()
    office.at_work(staff.registrar, PASSWORD, 3)
    office.until(lambda: state_at(server, mine.id) is State.AGREED, "sent under its author's name")
    office.until(lambda: office.queue() == [], "its answer")


def test_another_registrar_can_take_over_from_the_lock(office: Desk, staff: Staff) -> None:
    row = office.rows[0]
    office.open_review(row)
    office.type(office.review.acts.opinion, "稍后再写")
    office.until(lambda: office.draft_of(row) == "稍后再写", "the draft")
    idle(office)
    office.page.other_wanted.emit()
    office.until(lambda: office.program.office is None, "the office closed")
    office.at_work(staff.supervisor, PASSWORD, 3)
    office.open_review(next(each for each in office.rows if each.id == row.id))
    assert "稍后再写" not in office.words()
    office.close_review()
    office.program.sign_out()
    office.at_work(staff.registrar, PASSWORD, 3)
    office.open_review(next(each for each in office.rows if each.id == row.id))
    assert office.review.acts.opinion.text == "稍后再写"
    office.close_review()


def test_what_ends_after_its_author_has_left_is_saved_and_told_to_nobody(office: Desk, staff: Staff) -> None:
    """The writer is busy, as over a batch: he decides, goes, and his colleague sits there when it is done."""
    row, done = office.rows[0], threading.Event()
    author, writing = office.office._entered.account_id, office.program._runners["writing"]
    office.program.window.show_screen("sync")
    office.until(lambda: office.office.center is not None, "the sync centre")
    assert office.office.center is not None
    assert office.office.center._presenter is not None
    center = office.office.center._presenter
    office.open_review(row)
    office.until(office.review.acts.agree_button.isEnabled, "同意")
    writing.submit(lambda: done.wait(PATIENCE_S), lambda _: None, lambda _: None)
    click(office.review.acts.agree_button)
    center.save_file(office.folder / "reference.json", b"{}")
    office.program.sign_out()
    done.set()
    office.until(lambda: writing.pending == 0, "all that was asked of the writer")
    store = office.program.doorway.get().store
    assert [each.kind for each in store.read(lambda conn: outbox.rows(conn, AccountId(author)))] == ["agree"]
    office.at_work(staff.supervisor, PASSWORD, 3)
    assert row.name not in office.notices()


def test_a_disk_in_trouble_when_the_limit_is_looked_at_is_no_bug(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def held(_store: CacheStore, _work: object) -> None:
        raise KnownFault("cache_locked")

    gate, background = office.program.doorway.get().gate, office.program._runners["background"]
    gate._let_in_until = 0.0
    office.until(lambda: not background.pending, "rest")
    monkeypatch.setattr(CacheStore, "write", held)
    monkeypatch.setattr(CacheStore, "read", held)
    office.program.look_at_limit()
    office.until(lambda: not background.pending, "the look")
    monkeypatch.undo()
    assert "没有料到" not in office.notices()
    assert not office.is_shut


def test_too_long_without_contact_locks_says_why_and_opens_by_the_service_alone(
    office: Desk, proxy: FaultProxy
) -> None:
    row = office.rows[0]
    gate = office.program.doorway.get().gate
    gate._let_in_until = 0.0
    assert gate.store is not None
    gate.store.write(lambda conn: sync_state.write(conn, offline_until="2020-01-01T00:00:00+00:00"))
    office.program.look_at_limit()
    office.until(lambda: office.is_shut, "the lock")
    assert office.fault.startswith("离线时间过长")
    assert row.name not in office.words()
    proxy.cut_all()
    office.unlock(PASSWORD)
    office.until(lambda: office.fault.startswith("离线时间过长"), "the answer to the password")
    assert office.is_shut
    proxy.restore()
    office.unlock(PASSWORD)
    office.until(lambda: not office.is_shut, "the way in")
