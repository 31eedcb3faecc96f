"""What comes between a question and what follows from its answer: a sign-in, a disk that refuses, an unfit page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec
import pytest

from medreg_core.contract.v1.commands import CommandBatch, OutcomeBatch
from medreg_core.contract.v1.feed import ChangePage, SnapshotHead, SnapshotLine
from medreg_core.contract.v1.messages import Hello, PublicKey, Welcome
from medreg_core.domain.records import AccountId
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.events import Wish
from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.sync.outbox_view import Actor, RowState
from medreg_desktop.services.sync.receiving import PAUSE_S
from medreg_desktop.services.transport.trouble import Trouble, TroubleKind
from tests.desktop.sync.desk import Desk
from tests.desktop.sync.world import FakeCopy, FakeService

LI = AccountId("li")


@pytest.mark.parametrize("others", [(), (LI,)])
def test_who_signs_in_anew_while_his_decision_is_under_way_hears_its_answer(
    monkeypatch: pytest.MonkeyPatch, others: tuple[AccountId, ...]
) -> None:
    desk = Desk()
    desk.sync()
    send = FakeService.send

    def interrupted(self: FakeService, batch: CommandBatch) -> OutcomeBatch:
        for other in others:
            desk.sign_in(other)
        desk.sign_in()
        return send(self, batch)

    monkeypatch.setattr(FakeService, "send", interrupted)
    desk.save("a0001")
    desk.world.calls.clear()
    desk.sync()
    assert Counter(desk.world.calls)["commands"] == 1
    assert desk.states() == {RowState.DONE: 1}


def test_an_answer_that_finds_a_colleague_here_is_kept_and_not_counted_as_hers(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.sync()
    send = FakeService.send

    def interrupted(self: FakeService, batch: CommandBatch) -> OutcomeBatch:
        desk.sign_in(LI)
        return send(self, batch)

    monkeypatch.setattr(FakeService, "send", interrupted)
    desk.save("a0001")
    desk.sync()
    assert desk.states() == {RowState.DONE: 1}
    assert desk.driver._state.sending.sent == 0


@pytest.mark.parametrize("call", ["commands", "changes", "hello"])
@pytest.mark.parametrize(
    "told",
    [
        Trouble(TroubleKind.SIGN_IN, "session_expired", 401),
        Trouble(TroubleKind.REFUSED, "forbidden", 403),
        Trouble(TroubleKind.TOO_OLD, "client_too_old", 426),
    ],
)
def test_what_the_one_before_is_refused_is_not_concluded_of_who_has_just_signed_in(call: str, told: Trouble) -> None:
    """His request was on a slow line when he signed out, which ended his session; she has one of her own."""
    desk = Desk()
    desk.sync()
    met: list[str] = []

    def too_late(asked: str, when: str) -> Trouble | None:
        if asked != call or met:
            return None
        met.append(when)
        desk.sign_in(LI)
        return told

    desk.world.fail = too_late
    desk.save("a0001")
    desk.sign_in()  # greets anew
    desk.sync()
    assert met
    assert desk.driver.report.lamp.kind is LampKind.SYNCED
    assert not desk.driver.report.sign_in_wanted
    desk.world.fail = lambda *_: None
    desk.sign_in()
    desk.sync()
    assert desk.states() == {RowState.DONE: 1}


def test_who_came_while_a_colleague_was_greeted_is_greeted_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service may have refused the colleague numbers that it gives to her."""
    desk = Desk()
    desk.sync()
    hello = FakeService.hello

    def meanwhile(self: FakeService, said: Hello) -> Welcome:
        monkeypatch.undo()
        desk.sign_in(LI)
        return hello(self, said)

    monkeypatch.setattr(FakeService, "hello", meanwhile)
    desk.world.calls.clear()
    desk.driver.tell(lambda at: events.Asked(at, Wish.NOW))
    desk.sync()
    assert desk.world.calls[:2] == ["hello", "hello"]


def test_a_long_poll_answered_at_once_with_nothing_is_not_repeated_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache, or a service that takes old news for new, would be asked as fast as the line lets; a decision leaves."""
    desk = Desk()
    desk.sync()
    changes = FakeService.changes
    monkeypatch.setattr(FakeService, "changes", lambda self, cursor, _, unwanted: changes(self, cursor, 0, unwanted))
    for _ in range(3):
        desk.time.mono += PAUSE_S
        desk.world.calls.clear()
        for _ in range(20):
            desk.driver._round()
        assert desk.world.calls == ["changes"]
    desk.save("a0001")
    desk.sync()
    assert desk.states() == {RowState.DONE: 1}
    desk.sync(PAUSE_S)
    assert desk.copy.rows == desk.world.rows


def test_behind_a_stale_page_the_copy_is_not_called_caught_up(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.sync()
    assert desk.driver._state.receiving.caught_up
    changes = FakeService.changes

    def stale(self: FakeService, cursor: str, wait_s: int, unwanted: Callable[[], bool]) -> ChangePage:
        return msgspec.structs.replace(changes(self, cursor, wait_s, unwanted), after=3)

    monkeypatch.setattr(FakeService, "changes", stale)
    desk.world.change("a0001")
    desk.sync()
    assert not desk.driver._state.receiving.caught_up
    monkeypatch.undo()
    desk.world.calls.clear()
    desk.sync(300)
    assert desk.copy.rows == desk.world.rows


def test_an_answer_that_finds_the_disk_refusing_makes_no_empty_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.sync()
    before = desk.copy.at
    hello, hasten, told = FakeService.hello, FakeCopy.hasten, []

    def pressed(self: FakeService, said: Hello) -> Welcome:
        """立即同步 once more, while hello is under way."""
        if not told:
            told.append(said)
            desk.driver.tell(lambda at: events.Asked(at, Wish.NOW))
        return hello(self, said)

    def refusing(self: FakeCopy, account_id: AccountId) -> None:
        if len(told) == 1:
            told.append(account_id)
            raise KnownFault("cache_locked")
        hasten(self, account_id)

    monkeypatch.setattr(FakeService, "hello", pressed)
    monkeypatch.setattr(FakeCopy, "hasten", refusing)
    desk.world.calls.clear()
    desk.driver.tell(lambda at: events.Asked(at, Wish.NOW))
    for _ in range(3):
        desk.sync(30)
    assert len(told) == 2
    assert "snapshot" not in desk.world.calls
    assert desk.copy.at == before


def test_messages_are_taken_in_the_order_they_were_left(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.sync()
    hasten = FakeCopy.hasten

    def meanwhile(self: FakeCopy, account_id: AccountId) -> None:
        monkeypatch.undo()
        desk.sign_in(LI)
        hasten(self, account_id)

    monkeypatch.setattr(FakeCopy, "hasten", meanwhile)
    desk.driver.tell(lambda at: events.Asked(at, Wish.NOW))
    desk.driver.tell(events.SignedOut)
    desk.sync()
    assert desk.driver._state.actor == Actor(LI, session=True)


def test_a_whole_copy_of_before_a_restore_is_not_taken_for_the_registers() -> None:
    """Found by seed 308185: out of some cache it hid all that was decided since, which was told as lost."""
    desk = Desk(rows=5)
    desk.sync()
    desk.world.epoch = "e2"
    desk.sign_in()
    desk.world.change("a0000")
    snapshot = FakeService.snapshot

    @contextmanager
    def cached(self: FakeService, after: str) -> Iterator[Iterator[SnapshotLine]]:
        with snapshot(self, after) as lines:
            yield (
                msgspec.structs.replace(line, epoch="e1") if isinstance(line, SnapshotHead) else line for line in lines
            )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeService, "snapshot", cached)
        report = desk.sync()
    assert (report.epoch, report.lamp.kind) == ("e1", LampKind.SERVER_SILENT)
    desk.world.calls.clear()
    assert desk.sync(600).epoch == "e2"
    assert desk.copy.rows == desk.world.rows
    assert desk.world.calls[0] == "hello", "perhaps it is the register that was restored meanwhile"


def test_a_welcome_that_the_disk_refused_greets_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy would be filled, and worked in, by a service whose keys it does not know."""
    desk = Desk()
    kept = FakeCopy.keep_welcome
    refused: list[Welcome] = []

    def refusing(self: FakeCopy, welcome: Welcome, at: datetime) -> tuple[PublicKey, ...]:
        if not refused:
            refused.append(welcome)
            raise KnownFault("cache_locked")
        return kept(self, welcome, at)

    monkeypatch.setattr(FakeCopy, "keep_welcome", refusing)
    desk.sync()
    assert desk.world.calls == ["hello"]
    desk.sync(30)
    assert desk.world.calls[:3] == ["hello", "hello", "snapshot"]
    assert desk.copy.at.server_id
    assert desk.copy.rows == desk.world.rows
