"""The copy on this computer is damaged, or the disk is full: said, kept aside, carried over, sent."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton

from medreg_core.contract.v1.messages import Account
from medreg_core.domain.vocabulary import State
from medreg_desktop.services.auth import known_accounts
from medreg_desktop.services.cache import audit
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.review import deciding
from tests.desktop.program.conftest import OpenDesk, Staff
from tests.desktop.program.test_service import state_at
from tests.helpers.fault_proxy import FaultProxy
from tests.helpers.program import Desk, click
from tests.helpers.server import PASSWORD, ServerHandle

DAMAGED = "本机副本已损坏。 将另存原件并重建，未发送的内容会带过去。"
FULL = "磁盘已满。请腾出空间；没有丢失内容。"


def flip_bytes(path: Path) -> None:
    """Turn round every byte of every second page but the first: the key still opens the file, its content does not."""
    content = bytearray(path.read_bytes())
    for page in range(4096, len(content), 8192):
        content[page : page + 4096] = bytes(byte ^ 0xFF for byte in content[page : page + 4096])
    path.write_bytes(content)


def leave_unsent(open_desk: OpenDesk, staff: Staff, proxy: FaultProxy) -> str:
    """Work offline and end the program with one decision unsent and one opinion unfinished; return what was decided."""
    desk = open_desk()
    desk.at_work(staff.registrar, PASSWORD, 3)
    desk.until_lamp("已同步")
    proxy.cut_all()
    decided, begun = desk.rows[:2]
    desk.agree(decided)
    desk.open_review(begun)
    desk.type(desk.review.acts.opinion, "尚未写完")
    desk.until(lambda: desk.draft_of(begun) == "尚未写完", "the draft")
    desk.close()
    return decided.id


def test_a_damaged_copy_is_rebuilt_and_the_unsent_work_is_sent(
    open_desk: OpenDesk, staff: Staff, proxy: FaultProxy, server: ServerHandle, tmp_path: Path
) -> None:
    decided = leave_unsent(open_desk, staff, proxy)
    flip_bytes(tmp_path / "pc" / "cache.db")
    proxy.restore()
    desk = open_desk()
    desk.sign_in(staff.registrar, PASSWORD)
    desk.shot("damaged")
    assert desk.fault == DAMAGED
    assert desk.fault_button.text() == "重建副本"
    click(desk.fault_button)
    desk.until(lambda: not desk.is_shut and len(desk.rows) == 3, "the rebuilt list")
    desk.until(lambda: state_at(server, decided) is State.AGREED, "sent")
    desk.until_lamp("已同步")
    begun = next(row for row in desk.rows if desk.draft_of(row))
    assert desk.draft_of(begun) == "尚未写完"
    assert list((tmp_path / "pc").glob("cache.damaged-*.db"))


def test_a_damaged_copy_is_rebuilt_offline_too(
    open_desk: OpenDesk, staff: Staff, proxy: FaultProxy, server: ServerHandle, tmp_path: Path
) -> None:
    decided = leave_unsent(open_desk, staff, proxy)
    flip_bytes(tmp_path / "pc" / "cache.db")
    desk = open_desk()
    desk.sign_in(staff.registrar, PASSWORD)
    assert desk.fault == DAMAGED
    click(desk.fault_button)
    desk.until_says("连不上服务端。")
    desk.shot("rebuilt-offline")
    proxy.restore()
    desk.until_says("内容都在，登录后继续发送。")
    click(next(b for b in desk.program.window.findChildren(QAbstractButton) if b.accessibleName() == "返回登录"))
    desk.sign_in(staff.registrar, PASSWORD)
    desk.until(lambda: state_at(server, decided) is State.AGREED, "sent")


def test_damage_found_at_work_is_said_and_mended_by_signing_in_again(
    open_desk: OpenDesk, staff: Staff, proxy: FaultProxy, server: ServerHandle, tmp_path: Path
) -> None:
    desk = open_desk()
    desk.at_work(staff.registrar, PASSWORD, 3)
    desk.until_lamp("已同步")
    proxy.cut_all()
    decided = desk.rows[0]
    desk.agree(decided)
    store = desk.program.doorway.get().store
    store.write(lambda conn: conn.execute("SELECT 1"))
    _checkpoint(desk)
    flip_bytes(tmp_path / "pc" / "cache.db")
    _forget_pages(desk)
    desk.office.read_soon()
    desk.until_says("本机副本已损坏。将另存原件并重建，未发送的内容会带过去。")
    desk.until_says("重新登录并重建")
    desk.shot("damaged-at-work")
    _let_trouble_come(desk)
    assert "不能写入" not in desk.notices()
    proxy.restore()
    desk.office.sign_in_wanted.emit()
    desk.until(lambda: desk.is_shut, "the sign-in page")
    desk.sign_in(staff.registrar, PASSWORD)
    assert desk.fault == DAMAGED
    click(desk.fault_button)
    desk.until(lambda: state_at(server, decided.id) is State.AGREED, "sent")


@pytest.mark.parametrize("at_the_lock", [False, True])
def test_damage_found_past_the_door_is_mended_there(
    office: Desk, staff: Staff, monkeypatch: pytest.MonkeyPatch, at_the_lock: bool
) -> None:
    """The copy opens, and whoever comes in meets a damaged page: it is open by then."""
    doorway, remember, met = office.program.doorway.get(), known_accounts.remember, [False]

    def damaged_once(conn: Connection, account: Account) -> None:
        if not met[0]:
            met[0] = True
            doorway.store.note_damage()
            raise KnownFault("cache_damaged")
        remember(conn, account)

    monkeypatch.setattr(known_accounts, "remember", damaged_once)
    if at_the_lock:
        doorway._sign_in_wanted = True
        office.program.lock()
        office.unlock(PASSWORD)
    else:
        office.program.sign_out()
        office.sign_in(staff.registrar, PASSWORD)
    assert office.fault == DAMAGED
    click(office.fault_button)
    if at_the_lock:  # what lies below works with the copy: it is opened anew at the door, which looks at all of it
        office.until(lambda: office.program.office is None, "the door")
        office.sign_in(staff.registrar, PASSWORD)
    office.until(lambda: not office.is_shut and len(office.rows) == 3, "the list")
    assert at_the_lock or list(office.folder.glob("cache.damaged-*.db"))
    office.agree(office.rows[0])


def test_a_copy_that_is_held_for_a_moment_is_shown_once_it_is_free(
    office: Desk, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scanner holds the file when the window looks whether there is something to show: no bug, and not for ever."""
    read, held = CacheStore.read, [2]

    def reads(store: CacheStore, work: object) -> object:
        if held[0] and threading.current_thread() is threading.main_thread():
            held[0] -= 1
            raise KnownFault("cache_locked")
        return read(store, work)  # type: ignore[arg-type]

    office.program.sign_out()
    monkeypatch.setattr(CacheStore, "read", reads)
    office.at_work(staff.registrar, PASSWORD, 3)
    assert held == [0]


def _let_trouble_come(desk: Desk) -> None:
    """Let everybody meet the damage: the screens once more, and the writer of the day's verdicts."""
    desk.office.read_soon()
    desk.until(lambda: not desk.office._settle.isActive(), "the screens read")
    desk.until(lambda: not desk.office._house.background.pending, "the writer's answer")
    desk.until(lambda: not desk.office._house.reading.pending, "the readers' answers")


def _checkpoint(desk: Desk) -> None:
    store = desk.program.doorway.get().store
    store._writer.submit(lambda: store._conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()).result()


def _forget_pages(desk: Desk) -> None:
    """Let every connection read from the disk again, as it would after some hours of other work."""
    store = desk.program.doorway.get().store
    store._writer.submit(lambda: store._conn.execute("PRAGMA shrink_memory").fetchall()).result()
    store.read(lambda conn: conn.execute("PRAGMA shrink_memory").fetchall())
    desk.office.engine.interrupt()


def test_a_full_disk_is_said_and_loses_neither_word_nor_decision(
    office: Desk, server: ServerHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = office.rows[0]
    long = "同意聘用。" * 800
    monkeypatch.setattr(deciding, "LONGEST_OPINION", len(long))  # a decision for which no free page is left
    office.open_review(row)
    _limit(office, lambda conn: conn.execute("PRAGMA page_count").fetchone()[0])
    office.review.acts.opinion.editor.setText(long)
    office.until_says(FULL)
    office.shot("disk-full-draft")
    click(office.review.acts.agree_button)
    office.until(office.review.acts.agree_button.isEnabled, "an answer")
    office.until_says(FULL)
    assert office.review.acts.opinion.text == long
    assert office.queue() == []
    _limit(office, lambda _conn: 1 << 30)
    click(office.review.acts.agree_button)
    office.until(lambda: len(office.queue(open_only=False)) == 1, "decided once there is room")
    office.close_review()
    office.until(lambda: state_at(server, row.id) is State.AGREED, "sent")


def test_no_full_number_is_shown_that_the_audit_could_not_note(
    office: Desk, server: ServerHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise KnownFault("disk_full")

    row = office.rows[0]
    office.open_review(row)
    monkeypatch.setattr(audit, "append", full)
    click(office.review.head._reveal)
    office.until_says(FULL)
    assert not office.review._state.reveal
    monkeypatch.undo()
    click(office.review.head._reveal)
    office.until(lambda: office.review._state.reveal, "the number")
    office.close_review()


def _limit(desk: Desk, pages: object) -> None:
    """Let the file grow no further: SQLite answers as it does on a full disk."""

    def limit(conn: Connection) -> None:
        conn.execute(f"PRAGMA max_page_count = {pages(conn)}")  # type: ignore[operator] # a function of the connection

    store = desk.program.doorway.get().store
    store._writer.submit(lambda: limit(store._conn)).result()
