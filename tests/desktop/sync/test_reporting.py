"""What the screens are told of the outbox: to read it again whenever a row is not as they can have seen it."""

from __future__ import annotations

import pytest

from medreg_core.domain.records import CommandId
from medreg_desktop.services.sync.outbox_view import RowState
from medreg_desktop.services.transport.trouble import Trouble, TroubleKind
from tests.desktop.sync.desk import Desk, only
from tests.desktop.sync.world import FakeCopy


@pytest.mark.parametrize("kind", [TroubleKind.LINK, TroubleKind.SERVER, TroubleKind.SIGN_IN])
def test_a_command_that_comes_back_is_told_though_as_many_wait_as_before(
    kind: TroubleKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk()
    desk.sync()
    desk.world.fail = only("commands", Trouble(kind, "some_code"), "before")
    desk.save("a0001")
    under_way, mark = [], FakeCopy.mark_in_flight

    def marked(self: FakeCopy, ids: tuple[CommandId, ...]) -> None:
        mark(self, ids)
        under_way.append(desk.reports[-1])

    monkeypatch.setattr(FakeCopy, "mark_in_flight", marked)
    after = desk.sync()
    assert desk.states() == {RowState.QUEUED: 1}
    assert after.unsent == under_way[-1].unsent == 1
    assert after.queue_changes > under_way[-1].queue_changes


def test_an_outbox_that_stays_as_it_is_makes_nobody_read() -> None:
    desk = Desk()
    desk.sync()
    desk.world.fail = lambda _call, _when: Trouble(TroubleKind.LINK, "server_unreachable")
    desk.save("a0001")
    before = desk.sync().queue_changes
    desk.world.calls.clear()
    assert desk.sync(1).queue_changes == before


def test_whoever_comes_finds_a_number_that_went_on() -> None:
    desk = Desk()
    desk.save("a0001")
    before = desk.sync().queue_changes
    desk.sign_in()
    assert desk.sync().queue_changes > before
