"""The way out of a revoked device: only proven orders, everything handed over first, every stage entered again."""

from __future__ import annotations

import pytest

from medreg_core.domain.records import CommandId
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.events import Wish
from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.sync.outbox_view import Position, RowState
from medreg_desktop.services.sync.report import Stage
from medreg_desktop.services.transport.trouble import Trouble, TroubleKind
from tests.desktop.sync.desk import OFFLINE, only
from tests.desktop.sync.leaving import ORDER, REFUSED, LeavingDesk

ALL_ACTS = ["take_leave", "destroy_key", "delete_copy", "note_gone"]


def test_a_revoked_device_hands_over_is_destroyed_and_says_so() -> None:
    desk = LeavingDesk()
    desk.sync()
    desk.revoke()
    mine = desk.save("a0001")
    others = [desk.put(number, state) for number, state in enumerate(RowState, 50) if state is not RowState.DONE]
    report = desk.sync()
    assert set(desk.lane.kept) == {mine, *others}
    assert desk.end.acts == ALL_ACTS
    assert desk.end.told == (ORDER, 1 + len(others))
    assert desk.lane.is_done
    assert report.removal.stage is Stage.GONE
    assert (report.removal.left, report.removal.rescued) == (0, 1 + len(others))
    stages = [each.removal.stage for each in desk.reports]
    assert stages == sorted(stages, key=list(Stage).index), "it only goes forward"


def test_with_nothing_unfinished_it_leaves_at_once() -> None:
    desk = LeavingDesk()
    desk.sync()
    desk.revoke()
    desk.driver.tell(events.DeviceRefused)
    desk.sync()
    assert desk.lane.batches == []
    assert desk.end.acts == ALL_ACTS


def test_a_copy_that_no_service_has_greeted_asks_to_sign_in_instead_of_for_a_proof() -> None:
    desk = LeavingDesk()
    desk.copy.at = Position()
    desk.revoke()
    report = desk.sync()
    assert (report.lamp.kind, report.removal.stage) == (LampKind.SIGN_IN, Stage.NONE)
    assert "wipe_check" not in desk.world.calls


def test_a_copy_that_no_service_has_greeted_is_not_filled() -> None:
    """Whoever said that the program is too old: without keys no order to leave could be proven."""
    desk = LeavingDesk()
    desk.copy.at = Position()
    desk.world.fail = only("hello", Trouble(TroubleKind.TOO_OLD, "client_too_old", 426))
    report = desk.sync()
    assert (report.lamp.kind, report.lamp.code) == (LampKind.NEEDS_YOU, "client_too_old")
    assert set(desk.world.calls) == {"hello"}
    desk.world.fail = lambda _call, _when: None
    assert desk.sync(600).lamp.kind is LampKind.SYNCED
    assert "snapshot" in desk.world.calls


def test_a_refusal_that_is_not_proven_destroys_nothing_and_sends_nothing() -> None:
    desk = LeavingDesk()
    desk.sync()
    desk.revoke()
    command = desk.save("a0001")
    desk.world.fail = only("wipe_check", Trouble(TroubleKind.PORTAL, "captive_portal"))
    desk.world.calls.clear()
    for _ in range(20):
        report = desk.sync(600)
    assert desk.end.acts == []
    assert desk.lane.kept == {}
    assert desk.copy.queue_rows[command].state is RowState.QUEUED
    assert (report.lamp.kind, report.lamp.code) == (LampKind.NEEDS_YOU, "device_revoked")
    assert (report.removal.stage, report.removal.code) == (Stage.CHECK, "captive_portal")
    assert set(desk.world.calls) == {"commands", "wipe_check"}
    desk.world.fail = lambda _call, _when: None
    desk.driver.tell(lambda at: events.Asked(at, Wish.NOW))
    desk.sync()
    assert command in desk.lane.kept
    assert desk.end.acts == ALL_ACTS


def test_after_a_proven_no_work_goes_on_when_somebody_asks() -> None:
    desk = LeavingDesk()
    desk.sync()
    desk.world.fail = only("commands", REFUSED)
    command = desk.save("a0001")
    report = desk.sync()
    assert (report.lamp.kind, report.lamp.code) == (LampKind.NEEDS_YOU, "removal_unfounded")
    assert report.removal.stage is Stage.NONE
    assert desk.end.acts == []
    desk.world.fail = lambda _call, _when: None
    desk.driver.tell(lambda at: events.Asked(at, Wish.NOW))
    desk.sync()
    assert command in desk.copy.done


def test_nothing_is_destroyed_while_one_command_is_not_proven_to_be_kept() -> None:
    desk = LeavingDesk()
    desk.sync()
    desk.revoke()
    first, second = desk.save("a0001"), desk.save("a0002")
    desk.lane.loses = frozenset({second})
    for _ in range(10):
        report = desk.sync(600)
    assert first in desk.lane.kept
    assert desk.end.acts == []
    assert (report.removal.stage, report.removal.left, report.removal.code) == (Stage.RESCUE, 1, "rescue_incomplete")
    desk.lane.loses = frozenset()
    desk.sync(600)
    assert desk.end.acts == ALL_ACTS


def test_many_go_in_batches_and_a_batch_that_is_too_large_is_halved() -> None:
    desk = LeavingDesk()
    desk.sync()
    desk.revoke()
    for number in range(250):
        desk.put(number + 1, RowState.QUEUED)
    desk.driver.tell(events.DeviceRefused)
    too_large = Trouble(TroubleKind.ENVELOPE, "too_large", 413)
    desk.world.fail = lambda call, when: too_large if call == "rescue" and len(desk.lane.batches) < 1 else None
    asked: list[str] = []

    def once(call: str, when: str) -> Trouble | None:
        asked.append(call)
        return too_large if call == "rescue" and asked.count("rescue") == 1 else None

    desk.world.fail = once
    desk.sync()
    assert len(desk.lane.kept) == 250
    assert max(desk.lane.batches) == 50
    assert desk.end.acts == ALL_ACTS


TROUBLES = [
    (kind, call)
    for kind in TroubleKind
    for call in ("wipe_check", "rescue", "wipe_done")
    if (kind, call) != (TroubleKind.REFUSED, "wipe_done")  # the one answer that is final: see below
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("kind", "call"), TROUBLES)
def test_any_trouble_on_the_way_is_waited_out(kind: TroubleKind, call: str, when: str) -> None:
    desk = LeavingDesk()
    desk.sync()
    desk.revoke()
    command = desk.save("a0001")
    desk.world.fail = only(call, Trouble(kind, "some_code", wait_s=30), when)
    for _ in range(5):
        desk.sync(600)
    assert desk.end.acts in ([], ALL_ACTS[:3])
    desk.world.fail = lambda _call, _when: None
    for _ in range(5):
        desk.sync(3600)
    assert command in desk.lane.kept
    assert desk.end.acts == ALL_ACTS
    assert desk.lane.is_done


def test_asking_to_hurry_does_not_write_into_a_destroyed_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = LeavingDesk()
    desk.sync()
    desk.revoke()
    desk.save("a0001")
    desk.world.fail = only("wipe_done", OFFLINE)
    desk.sync()

    def hasten(_account: object) -> None:
        assert not desk.copy.destroyed, "there is nothing left to write to"

    monkeypatch.setattr(desk.copy, "hasten", hasten)
    desk.world.fail = lambda _call, _when: None
    desk.driver.tell(lambda at: events.Asked(at, Wish.NOW))
    report = desk.sync()
    assert desk.lane.is_done
    assert report.removal.stage is Stage.GONE


def test_a_register_that_does_not_know_this_computer_any_more_is_not_told_for_ever() -> None:
    """It was restored to before the computer was set up; everything is safe and destroyed by then."""
    desk = LeavingDesk()
    desk.sync()
    desk.revoke()
    command = desk.save("a0001")
    desk.world.fail = only("wipe_done", Trouble(TroubleKind.REFUSED, "forbidden", 403))
    report = desk.sync()
    assert command in desk.lane.kept
    assert desk.end.acts == ALL_ACTS
    assert report.removal.stage is Stage.GONE


@pytest.mark.parametrize("act", ["take_leave", "destroy_key", "delete_copy"])
def test_trouble_with_the_disk_at_the_end_is_waited_out(act: str) -> None:
    desk = LeavingDesk()
    desk.sync()
    desk.revoke()
    desk.save("a0001")
    desk.end.fails = {act}
    report = desk.sync()
    assert report.removal.stage is Stage.LEAVE
    assert "note_gone" not in desk.end.acts
    desk.sync(600)
    assert desk.end.acts[-4:] == ALL_ACTS


def test_trouble_with_the_disk_when_sealing_does_not_let_an_unsealed_copy_be_read_as_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from medreg_desktop.services.faults import KnownFault

    desk = LeavingDesk()
    desk.sync()
    desk.revoke()
    seal, failed = desk.copy.seal, []

    def full(order: object) -> None:
        if not failed:
            failed.append(1)
            desk.save("a0002")  # somebody decides at that very moment
            raise KnownFault("disk_full")
        seal(ORDER)

    monkeypatch.setattr(desk.copy, "seal", full)
    desk.save("a0001")
    desk.sync()
    desk.sync(600)
    assert len(desk.lane.kept) == 2
    assert desk.end.acts == ALL_ACTS


def test_an_order_kept_by_an_earlier_run_goes_on_without_anybody_signed_in() -> None:
    desk = LeavingDesk()
    desk.sync()
    command = desk.put(7, RowState.NEEDS_YOU)
    desk.revoke()
    desk.copy.seal(ORDER)
    desk.start()
    desk.driver.inbox._messages.clear()
    desk.sync()
    assert command in desk.lane.kept
    assert desk.end.acts == ALL_ACTS


def test_an_order_that_was_lifted_unseals_the_copy() -> None:
    desk = LeavingDesk()
    desk.sync()
    desk.copy.seal(ORDER)
    desk.start()
    report = desk.sync()
    assert desk.copy.at.order is None
    assert report.lamp.code == "removal_unfounded"
    assert desk.end.acts == []


def test_a_run_that_was_killed_while_destroying_goes_on_without_the_copy() -> None:
    desk = LeavingDesk()
    desk.copy.destroyed = True
    desk.start()
    desk.driver.inbox._messages.clear()
    desk.driver.tell(lambda at: events.LeaveTaken(at, ORDER, 4))
    desk.world.fail = only("wipe_done", OFFLINE)
    report = desk.sync()
    assert (report.removal.stage, report.removal.rescued) == (Stage.CONFIRM, 4)
    assert desk.world.calls == ["wipe_done"]
    desk.world.fail = lambda _call, _when: None
    assert desk.sync(600).removal.stage is Stage.GONE


def test_an_order_lifted_during_the_rescue_is_asked_for_again() -> None:
    """The register was restored to before the revocation: it takes nothing, and nothing is destroyed."""
    desk = LeavingDesk()
    desk.sync()
    desk.revoke()
    command = desk.save("a0001")

    def restored(call: str, when: str) -> Trouble | None:
        if call == "rescue" and when == "before":
            desk.lane.revoked = False
            return Trouble(TroubleKind.REFUSED, "forbidden", 403)
        return None

    desk.world.fail = restored
    for _ in range(3):
        desk.sync(600)
    desk.world.fail = lambda _call, _when: None
    desk.driver.tell(lambda at: events.Asked(at, Wish.NOW))
    desk.sync()
    assert desk.end.acts == []
    assert desk.copy.at.order is None
    assert command in desk.copy.done, "sent in the ordinary way"


def test_a_program_without_an_end_destroys_nothing() -> None:
    desk = LeavingDesk()
    desk.end = None  # type: ignore[assignment]
    desk.start()
    desk.sync()
    desk.revoke()
    command: CommandId = desk.save("a0001")
    for _ in range(3):
        report = desk.sync(600)
    assert report.lamp.code == "device_revoked"
    assert desk.copy.queue_rows[command].state is RowState.QUEUED
