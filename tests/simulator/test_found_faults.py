"""Faults that the simulator found, each as the shortest story that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from medreg_core.domain.records import ApplicationId
from medreg_core.domain.vocabulary import CommandKind, HandOutWay, OutcomeKind, RevocationReason, State
from medreg_desktop.services.cache import synced
from medreg_desktop.services.cache.outbox import OutboxState, Resolution
from medreg_desktop.services.review.deciding import Decision
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.events import Wish
from medreg_desktop.services.sync.lamp import LampKind
from medreg_server.services.applicants import ApplicantDesk
from medreg_server.services.moves import Seen
from simulator import courier, people
from simulator.ages import Ages
from simulator.compare import every_row
from simulator.pc import Pc
from simulator.run import come_to_rest, small_pages
from simulator.streams import Random, Streams, entropy_from
from simulator.template import physician_id
from simulator.toxics import Toxic, Weather
from simulator.world import World


@pytest.fixture
def morning(tmp_path: Path) -> Iterator[World]:
    """Somebody sits at each computer, and none has spoken to the service yet."""
    with entropy_from(Streams(1).of("entropy")), small_pages():
        world = World(1, tmp_path)
        world.open_offices()
        yield world
        world.close()


@pytest.fixture
def world(morning: World) -> World:
    for pc in morning.pcs.values():
        morning.sync(pc)
    return morning


def _first(pc: Pc) -> ApplicationId:
    keys = pc.running.store.read(synced.keys)
    return ApplicationId(min(key for kind, key, _ in keys if kind == "application"))


def _decide(pc: Pc, application_id: ApplicationId, kind: CommandKind = CommandKind.AGREE) -> None:
    assert pc.running.reviews is not None
    sheet = pc.running.store.read(lambda conn: synced.find(conn, application_id))
    assert sheet is not None
    pc.running.reviews.decide(application_id, Decision(kind, sheet.content_version, "意见"))
    pc.tell(events.CommandSaved)


def _leaves(world: World, application_id: ApplicationId) -> None:
    """Let one application of the office go over to the other institution."""
    home, other = world.institutions["b"], world.institutions["c"]
    people.applications_leave(world.register, home, other, 1, Picks(application_id))


def _wrong(world: World) -> list[str]:
    come_to_rest(world)
    return list(world.oracle.judge(list(world.pcs.values()), world.institutions))


def test_a_decision_that_the_register_has_lost_is_never_under_a_green_lamp(world: World) -> None:
    pc = world.pcs["b"]
    world.register.back_up()
    _decide(pc, _first(pc))
    world.sync(pc)
    world.register.restore()
    world.time.pass_by(60)
    report = pc.sync()
    assert report is not None
    while report.lamp.kind is LampKind.SIGN_IN:
        pc.sign_in("bing")
        report = pc.sync()
        assert report is not None
    assert (report.lamp.kind, report.lamp.count) == (LampKind.NEEDS_YOU, 1)


def test_a_loss_shows_though_the_application_has_moved_on_to_the_same_version(world: World) -> None:
    pc = world.pcs["b"]
    world.register.back_up()
    application_id = _first(pc)
    _decide(pc, application_id)
    world.sync(pc)
    world.register.restore()
    found = pc.running.store.read(lambda conn: synced.find(conn, application_id))
    assert found is not None
    applicant = people.caller(people.Role.PHYSICIAN, found)
    ApplicantDesk(world.register.service.environment).withdraw(application_id, Seen(1), "", applicant)
    assert _wrong(world) == []
    (row,) = pc.running.store.read(every_row)
    assert (row.state, row.last_cause) == (OutboxState.NEEDS_YOU, "lost_by_server")


def test_a_print_that_the_register_has_lost_is_recorded_again(world: World) -> None:
    pc = world.pcs["b"]
    application_id = _first(pc)
    _decide(pc, application_id)
    world.sync(pc)
    world.register.back_up()
    assert pc.running.papers is not None
    pc.running.papers.record_print(pc.running.papers.form(application_id), 2, to_file=False)
    pc.tell(events.CommandSaved)
    world.sync(pc)
    world.register.restore()
    assert _wrong(world) == []
    assert [(row.state, row.resolution) for row in pc.running.store.read(every_row)] == [
        (OutboxState.DONE, Resolution.NONE)
    ] * 2
    assert {effect.action for (effect,) in world.oracle.effects().values()} == {"application.agree", "form.print"}


def test_a_decision_that_left_with_its_application_is_not_called_lost(world: World) -> None:
    pc = world.pcs["b"]
    application_id = _first(pc)
    _decide(pc, application_id)
    world.sync(pc)
    world.register.back_up()
    world.register.restore()
    _leaves(world, application_id)
    assert _wrong(world) == []
    (row,) = pc.running.store.read(every_row)
    assert (row.state, row.outcome and row.outcome.kind) == (OutboxState.DONE, OutcomeKind.ACCEPTED)


def test_a_decision_that_was_lost_before_its_application_left_is_refused_in_sight(world: World) -> None:
    pc = world.pcs["b"]
    application_id = _first(pc)
    world.register.back_up()
    _decide(pc, application_id)
    world.sync(pc)
    _leaves(world, application_id)
    world.sync(pc)
    world.register.restore()
    _leaves(world, application_id)
    assert _wrong(world) == []
    (row,) = pc.running.store.read(every_row)
    assert (row.state, row.last_cause) == (OutboxState.NEEDS_YOU, "application_unknown")


def test_a_decision_that_a_courier_brings_to_the_restored_register_again_is_not_called_lost(world: World) -> None:
    pc = world.pcs["b"]
    world.register.back_up()
    _decide(pc, _first(pc))
    courier.pack(world, pc, Random(0))
    world.sync(pc)  # the network is back before the courier is
    world.register.restore()
    world.time.pass_by(60)  # the step is made at another moment than the first time
    pc.sign_in("bing")  # the restore has ended his session
    courier.carry(world, pc, Random(0))
    assert _wrong(world) == []
    (row,) = pc.running.store.read(every_row)
    assert (row.state, row.outcome and row.outcome.kind) == (OutboxState.DONE, OutcomeKind.ACCEPTED)


def test_a_loss_is_taken_back_when_a_courier_brings_the_decision_after_it_was_told(world: World) -> None:
    pc = world.pcs["b"]
    world.register.back_up()
    _decide(pc, _first(pc))
    courier.pack(world, pc, Random(0))
    world.sync(pc)
    world.register.restore()
    world.time.pass_by(60)
    assert _wrong(world) == []
    (row,) = pc.running.store.read(every_row)
    assert (row.state, row.last_cause) == (OutboxState.NEEDS_YOU, "lost_by_server")
    courier.carry(world, pc, Random(0))
    assert _wrong(world) == []
    (row,) = pc.running.store.read(every_row)
    assert (row.state, row.outcome and row.outcome.kind) == (OutboxState.DONE, OutcomeKind.ACCEPTED)


def test_a_loss_shows_though_it_is_the_second_restore_that_makes_it(world: World) -> None:
    pc = world.pcs["b"]
    world.register.back_up()
    older = (world.register.folder / "backup.db").read_bytes()
    _decide(pc, _first(pc))
    world.sync(pc)
    world.register.back_up()
    world.register.restore()
    assert _wrong(world) == []
    (world.register.folder / "backup.db").write_bytes(older)
    world.register.restore()
    assert _wrong(world) == []
    (row,) = pc.running.store.read(every_row)
    assert (row.state, row.last_cause) == (OutboxState.NEEDS_YOU, "lost_by_server")


def test_what_a_restored_register_accepts_is_shown_before_the_copy_is_new(world: World) -> None:
    pc = world.pcs["b"]
    world.register.back_up()
    for _ in range(3):  # the copy's position is well beyond the numbers that the restored register will give
        people.applicant_acts(world.register, world.institutions["b"], world.streams.of("noise"))
        for application_id in people.held(pc)[3:6]:
            application = pc.running.store.read(partial(synced.find, application_id=application_id))
            if application is not None and application.state is State.SUBMITTED:
                _decide(pc, application_id, CommandKind.RETURN)
            world.sync(pc)
    world.register.restore()
    assert pc.sign_in("bing") == "in"  # a new epoch ends every session
    _decide(pc, _first(pc))
    pc.wire.meanwhile = lambda where: setattr(pc.wire, "weather", Weather.OFFLINE) if world.oracle.effects() else None
    pc.sync()
    world.oracle.watch(pc)
    pc.wire.weather = Weather.CLEAR
    assert _wrong(world) == []


def test_a_token_of_another_registrar_sends_nothing(world: World) -> None:
    pc = world.pcs["a"]
    application_id = _first(pc)
    pc.wire.weather = Weather.OFFLINE
    _decide(pc, application_id)
    pc.wire.weather = Weather.CLEAR
    pc.fate.disk_faults = ["disk_full"]  # the second registrar cannot come in, after the service has let him
    assert pc.sign_in("yi") == "disk_full"
    report = pc.sync()
    assert report is not None
    assert report.lamp.kind is LampKind.SIGN_IN
    assert world.oracle.effects() == {}
    pc.sign_in("jia")
    assert _wrong(world) == []
    (row,) = pc.running.store.read(every_row)
    assert (row.state, row.attempts) == (OutboxState.DONE, 1)


def test_many_removals_over_several_pages_come_to_an_end(world: World) -> None:
    home, other = world.institutions["b"], world.institutions["c"]
    people.applications_leave(world.register, home, other, 8, world.streams.of("leave"))
    assert _wrong(world) == []
    assert len(people.held(world.pcs["b"])) == len(people.held(world.pcs["a"])) == 8


def test_the_digest_is_not_asked_about_a_page_that_is_held_back(world: World) -> None:
    pc = world.pcs["c"]
    people.applications_leave(
        world.register, world.institutions["c"], world.institutions["b"], 4, world.streams.of("l")
    )
    world.register.stop()
    world.register.start()
    pc.sign_in("ding")  # hello asks for a digest: it would differ, and the repair would remove what is held back
    world.sync(pc)
    assert people.held(pc) == []
    assert _wrong(world) == []


def test_a_half_built_snapshot_does_not_take_the_copy_back(world: World) -> None:
    pc = world.pcs["b"]
    _build_anew(pc)
    pc.fate.point, pc.fate.passes = "snapshot.committed", 3  # over a block; nothing remembers why it was wanted
    assert world.alive(pc, lambda: world.sync(pc)).startswith("killed")
    colleague = world.pcs["a"]
    for application_id in people.held(colleague)[:3]:
        _decide(colleague, application_id)
    world.sync(colleague)
    world.sync(pc)
    world.oracle.watch(pc)
    _build_anew(pc)
    pc.wire.weather, pc.wire.chance = Weather.FLAKY, Once(Toxic.NONE)
    world.sync(pc)
    world.oracle.watch(pc)
    assert _wrong(world) == []


def test_a_computer_that_was_shut_out_sends_what_it_has_to_a_register_that_never_knew_it(morning: World) -> None:
    """It asks whether it must go, and nobody knew it: that is an answer."""
    pc = morning.pcs["b"]
    morning.register.back_up()
    morning.sync(pc)
    _decide(pc, _first(pc))
    morning.register.desks.devices.revoke_for_operator(pc.device_id, RevocationReason.RETIRED)
    pc.tell(events.DeviceRefused)
    morning.register.restore()
    assert _wrong(morning) == []
    (row,) = pc.running.store.read(every_row)
    assert (row.state, row.outcome and row.outcome.kind) == (OutboxState.DONE, OutcomeKind.ACCEPTED)


def test_a_snapshot_out_of_a_cache_does_not_take_the_copy_back(world: World) -> None:
    pc, colleague = world.pcs["b"], world.pcs["a"]
    _decide(colleague, people.held(colleague)[0])
    world.sync(colleague)
    world.sync(pc)
    world.oracle.watch(pc)
    _build_anew(pc)
    pc.wire.weather, pc.wire.chance = Weather.FLAKY, Once(Toxic.STALE)
    world.sync(pc)
    world.oracle.watch(pc)
    assert _wrong(world) == []


def test_a_decision_on_an_application_that_has_left_can_be_called_back(world: World) -> None:
    pc = world.pcs["b"]
    application_id = people.held(pc)[0]
    _decide(pc, application_id)
    (row,) = pc.running.store.read(every_row)
    pc.running.store.write(lambda conn: synced.remove(conn, [("application", application_id)]))
    assert pc.running.outbox is not None
    assert pc.running.outbox.cancel(row.command.id).shown_state is None
    (row,) = pc.running.store.read(every_row)
    assert row.resolution is Resolution.CANCELLED


class Once(Random):
    """Chance that draws one toxic for the first exchange, and no connection for all that follow."""

    def __init__(self, toxic: Toxic) -> None:
        super().__init__(0)
        self._toxics = [toxic]

    def choices(self, *_: Any, **__: Any) -> list[Any]:
        """Return the next toxic."""
        return [self._toxics.pop() if self._toxics else Toxic.NO_CONNECTION]


class Picks(Random):
    """Chance that always picks the same."""

    def __init__(self, wanted: ApplicationId) -> None:
        super().__init__(0)
        self._wanted = wanted

    def sample(self, *_: Any, **__: Any) -> list[Any]:
        """Return what is always picked."""
        return [self._wanted]


def _build_anew(pc: Pc) -> None:
    """Let the engine distrust the copy, as after three pages that did not fit."""
    driver = pc.running.driver
    driver._state = driver._state.with_receiving(resync="gap", caught_up=False)
    pc.wire.spent.breaks_off()


@pytest.fixture
def code_beyond_the_service(tmp_path: Path) -> Iterator[World]:
    """At b a hand-out waits that never left, and the service has gone back to what it was before codes were known."""
    with entropy_from(Streams(1).of("entropy")), small_pages():
        world = World(1, tmp_path, Ages(service=1))
        world.open_offices()
        pc = world.pcs["b"]
        world.sync(pc)
        world.register.back_up()
        world.register.bring_up_to_date()
        pc.tell(lambda at: events.Asked(at, Wish.NOW))
        world.sync(pc)
        pc.wire.weather = Weather.OFFLINE
        assert pc.running.codes is not None
        pc.running.codes.hand_out(physician_id("xin"), HandOutWay.SLIP)
        pc.tell(events.CommandSaved)
        world.sync(pc)
        world.register.restore()
        world.oracle.restored()
        pc.wire.weather = Weather.CLEAR
        pc.sign_in("bing")
        world.time.pass_by(600)
        yield world
        world.close()


def test_a_service_that_answers_is_not_called_away_over_what_it_does_not_know(code_beyond_the_service: World) -> None:
    world, pc = code_beyond_the_service, code_beyond_the_service.pcs["b"]
    for _ in range(3):
        world.sync(pc)
        world.time.pass_by(600)
    assert (pc.lamp, pc.running.driver.report.lamp.code) == (LampKind.SENDING, "server_too_old")


def test_what_waited_for_the_update_of_the_service_goes_soon_after_it(code_beyond_the_service: World) -> None:
    world, pc = code_beyond_the_service, code_beyond_the_service.pcs["b"]
    world.sync(pc)
    assert [row.state for row in people.own_rows(pc)] == [OutboxState.QUEUED]
    world.register.bring_up_to_date()
    assert _wrong(world) == []
    assert [row.state for row in people.own_rows(pc)] == [OutboxState.NEEDS_YOU]  # that code was lost with the register
