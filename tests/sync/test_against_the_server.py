"""The client's real cache and engine against the real service over real sockets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from medreg_core.domain.records import Application
from medreg_core.domain.vocabulary import Move, OutcomeKind, Role, State
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.sync.lamp import LampKind
from medreg_server.db.scope import WHOLE_REGISTER
from tests.helpers.fault_proxy import FaultProxy, cut_after, http_answer, swallow_answer
from tests.helpers.server import Hospital, ServerHandle, seed_applications, seed_hospital
from tests.sync.conftest import OpenPc
from tests.sync.office import Pc


def register_row(server: ServerHandle, application: Application) -> Application:
    with server.service.environment.database.read() as transaction:
        found = transaction.applications.get(application.id, WHOLE_REGISTER)
    assert found is not None
    return found


def moves(server: ServerHandle, application: Application) -> list[Move]:
    return [entry.move for entry in register_row(server, application).history]


# ---- the copy -------------------------------------------------------------------------------------------------------


def test_the_first_snapshot_brings_everything(server: ServerHandle, hospital: Hospital, pc: Pc) -> None:
    other = seed_hospital(server.service)
    seed_applications(server.service, other.institution, 3)
    made = seed_applications(server.service, hospital.institution, 600)
    report = pc.until_quiet()
    assert report.lamp.kind is LampKind.SYNCED
    assert pc.applications() == {**{a.id: 1 for a in made}, hospital.institution.id: 1}
    assert report.anomalies == 0


def test_a_cut_snapshot_is_resumed_at_its_last_mark(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy
) -> None:
    made = seed_applications(server.service, hospital.institution, 1500)
    proxy.rule("/sync/snapshot", cut_after(60_000), times=2)
    report = pc.sync()
    assert report.lamp.kind is LampKind.OFFLINE
    kept = pc.position().snapshot_rows
    assert kept >= 250
    assert kept % 250 == 0
    assert report.copy_usable
    report = pc.until_quiet()
    assert pc.applications() == {**{a.id: 1 for a in made}, hospital.institution.id: 1}
    asked = [line for line in proxy.delivered if "/sync/snapshot" in line]
    assert asked[0].endswith("after= HTTP/1.1")
    assert all(not line.endswith("after= HTTP/1.1") for line in asked[1:])
    assert report.anomalies == 0


def test_a_program_killed_in_the_snapshot_goes_on_where_it_was(
    server: ServerHandle, hospital: Hospital, open_pc: OpenPc, proxy: FaultProxy
) -> None:
    made = seed_applications(server.service, hospital.institution, 900)
    proxy.rule("/sync/snapshot", cut_after(30_000))
    first = open_pc("pc", hospital.logins[Role.REGISTRAR])
    first.sync()
    assert 250 <= first.position().snapshot_rows < len(made), "the line breaks in the middle"
    first.close()
    again = open_pc("pc", hospital.logins[Role.REGISTRAR])
    report = again.until_quiet()
    assert report.anomalies == 0
    assert len(again.applications()) == len(made) + 1
    resumed = [line for line in proxy.delivered if "/sync/snapshot" in line][-1]
    assert not resumed.endswith("after= HTTP/1.1")


def test_a_dead_cursor_builds_a_new_copy_beside_the_old_one(server: ServerHandle, hospital: Hospital, pc: Pc) -> None:
    made = seed_applications(server.service, hospital.institution, 40)
    pc.until_quiet()
    pc.agree(made[0].id)
    pc.until_quiet()
    before = pc.position().epoch
    server.service.registry.begin_epoch("restored from a backup")
    pc.sign_in(hospital.logins[Role.REGISTRAR])
    later = seed_applications(server.service, hospital.institution, 5)
    report = pc.until_quiet()
    assert pc.position().epoch != before
    assert report.lamp.kind is LampKind.SYNCED
    assert set(pc.applications()) == {a.id for a in (*made, *later)} | {hospital.institution.id}
    assert [row.state for row in pc.rows()] == [OutboxState.DONE]


def test_a_damaged_copy_heals_by_buckets(server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy) -> None:
    made = seed_applications(server.service, hospital.institution, 60)
    pc.until_quiet()
    pc.store.write(lambda conn: conn.execute("DELETE FROM application WHERE id = ?", (made[3].id,)))
    pc.store.write(lambda conn: conn.execute("UPDATE application SET version = 7 WHERE id = ?", (made[9].id,)))
    before = len(proxy.delivered)
    report = pc.later(4000)
    assert report.lamp.kind is LampKind.SYNCED
    assert pc.applications() == {**{a.id: 1 for a in made}, hospital.institution.id: 1}
    assert report.repaired_buckets in {1, 2}
    assert not [line for line in proxy.delivered[before:] if "/sync/snapshot" in line]


# ---- a decision -----------------------------------------------------------------------------------------------------


def test_a_decision_reaches_the_register_and_comes_back(server: ServerHandle, hospital: Hospital, pc: Pc) -> None:
    (application,) = seed_applications(server.service, hospital.institution)
    pc.until_quiet()
    pc.agree(application.id)
    report = pc.until_quiet()
    (row,) = pc.rows()
    assert (row.state, row.outcome and row.outcome.kind) == (OutboxState.DONE, OutcomeKind.ACCEPTED)
    assert pc.find(application.id).state is State.AGREED
    assert report.lamp.kind is LampKind.SYNCED


def test_offline_decisions_drain_when_the_network_is_back(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy
) -> None:
    made = seed_applications(server.service, hospital.institution, 25)
    pc.until_quiet()
    proxy.cut_all()
    pc.agree_to_all(made[:20])
    report = pc.sync()
    assert report.lamp.kind is LampKind.OFFLINE
    assert report.unsent == 20
    report = pc.later()
    assert report.lamp.kind is LampKind.OFFLINE
    proxy.restore()
    report = pc.until_quiet()
    assert report.lamp.kind is LampKind.SYNCED
    assert {row.outcome.kind for row in pc.rows() if row.outcome} == {OutcomeKind.ACCEPTED}
    assert [register_row(server, a).state for a in made] == [State.AGREED] * 20 + [State.SUBMITTED] * 5


def test_an_answer_lost_on_the_way_changes_nothing(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy
) -> None:
    made = seed_applications(server.service, hospital.institution, 3)
    pc.until_quiet()
    proxy.rule("/sync/commands", swallow_answer, times=3)
    pc.agree_to_all(made)
    pc.until_quiet()
    assert len([line for line in proxy.delivered if "/sync/commands" in line]) == 4
    assert [row.outcome and row.outcome.kind for row in pc.rows()] == [OutcomeKind.ACCEPTED] * 3
    assert [moves(server, a).count(Move.AGREE) for a in made] == [1, 1, 1]


def test_a_program_killed_while_sending_sends_the_same_command_again(
    server: ServerHandle, hospital: Hospital, open_pc: OpenPc, proxy: FaultProxy
) -> None:
    (application,) = seed_applications(server.service, hospital.institution)
    first = open_pc("pc", hospital.logins[Role.REGISTRAR])
    first.until_quiet()
    proxy.rule("/sync/commands", swallow_answer)
    command = first.agree(application.id)
    # Killed after the request left and before anything was written about it.
    first.driver._worker._copy.settle = lambda *_: pytest.fail("killed before")  # type: ignore[attr-defined, method-assign]
    with pytest.raises(pytest.fail.Exception):
        first.sync()
    first.close()
    again = open_pc("pc", hospital.logins[Role.REGISTRAR])
    again.until_quiet()
    (row,) = again.rows()
    assert (row.command.id, row.state) == (command, OutboxState.DONE)
    assert moves(server, application).count(Move.AGREE) == 1


def test_a_colleague_who_decided_otherwise_is_a_conflict(
    server: ServerHandle, hospital: Hospital, open_pc: OpenPc, proxy: FaultProxy
) -> None:
    (application,) = seed_applications(server.service, hospital.institution)
    mine = open_pc("mine", hospital.logins[Role.REGISTRAR])
    theirs = open_pc("theirs", hospital.logins[Role.SUPERVISOR])
    mine.until_quiet()
    theirs.until_quiet()
    mine.agree(application.id)
    theirs.refuse(application.id)
    theirs.until_quiet()
    report = mine.sync()
    (row,) = mine.rows()
    assert row.state is OutboxState.NEEDS_YOU
    assert row.outcome is not None
    assert row.outcome.kind is OutcomeKind.CONFLICT
    assert row.outcome.by
    assert (report.lamp.kind, report.lamp.count) == (LampKind.NEEDS_YOU, 1)
    assert register_row(server, application).state is State.REFUSED
    assert mine.find(application.id).state is State.REFUSED


def test_a_colleague_who_decided_the_same_supersedes(server: ServerHandle, hospital: Hospital, open_pc: OpenPc) -> None:
    (application,) = seed_applications(server.service, hospital.institution)
    mine = open_pc("mine", hospital.logins[Role.REGISTRAR])
    theirs = open_pc("theirs", hospital.logins[Role.SUPERVISOR])
    mine.until_quiet()
    theirs.until_quiet()
    mine.send_back(application.id)
    theirs.send_back(application.id)
    theirs.until_quiet()
    report = mine.until_quiet()
    (row,) = mine.rows()
    assert (row.state, row.outcome and row.outcome.kind) == (OutboxState.DONE, OutcomeKind.SUPERSEDED)
    assert report.lamp.kind is LampKind.SYNCED


def test_two_registrars_on_one_pc_never_send_each_others_work(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy
) -> None:
    made = seed_applications(server.service, hospital.institution, 2)
    pc.until_quiet()
    proxy.cut_all()
    pc.agree(made[0].id)
    first = pc.actor
    assert pc.sync().unsent == 1
    proxy.restore()
    pc.sign_in(hospital.logins[Role.SUPERVISOR])
    report = pc.until_quiet()
    assert (report.unsent, report.lamp.kind) == (0, LampKind.SYNCED)
    assert register_row(server, made[0]).state is State.SUBMITTED
    pc.send_back(made[1].id)
    pc.until_quiet()
    assert register_row(server, made[1]).state is State.RETURNED
    pc.sign_in(hospital.logins[Role.REGISTRAR])
    assert pc.actor == first
    pc.until_quiet()
    assert register_row(server, made[0]).state is State.AGREED


def test_after_an_offline_unlock_work_waits_for_a_sign_in(server: ServerHandle, hospital: Hospital, pc: Pc) -> None:
    (application,) = seed_applications(server.service, hospital.institution)
    pc.until_quiet()
    pc.unlock_offline(pc.actor)
    pc.agree(application.id)
    report = pc.sync()
    assert report.lamp.kind is LampKind.SIGN_IN
    assert report.unsent == 1
    pc.sign_in(hospital.logins[Role.REGISTRAR])
    assert pc.until_quiet().lamp.kind is LampKind.SYNCED
    assert register_row(server, application).state is State.AGREED


def test_an_ended_session_keeps_everything_and_counts_no_attempt(
    server: ServerHandle, hospital: Hospital, pc: Pc
) -> None:
    (application,) = seed_applications(server.service, hospital.institution)
    pc.until_quiet()
    pc.transport.sign_out()  # the server forgets the token; the client does not know
    pc.agree(application.id)
    report = pc.sync()
    assert report.lamp.kind is LampKind.SIGN_IN
    (row,) = pc.rows()
    assert (row.state, row.attempts) == (OutboxState.QUEUED, 0)
    assert pc.later().lamp.kind is LampKind.SIGN_IN
    pc.sign_in(hospital.logins[Role.REGISTRAR])
    assert pc.until_quiet().lamp.kind is LampKind.SYNCED


def test_a_poison_command_is_set_apart_and_the_others_flow(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy
) -> None:
    made = seed_applications(server.service, hospital.institution, 12)
    pc.until_quiet()
    proxy.cut_all()
    ids = [pc.agree(a.id) for a in made]
    pc.sync()
    proxy.restore()
    proxy.answer_at_once(ids[7], http_answer(500, server_id=pc.transport.link.server_id), times=99)
    report = pc.later()
    for _ in range(12):
        report = pc.later()
    states = {row.command.id: row.state for row in pc.rows()}
    assert states.pop(ids[7]) is OutboxState.QUARANTINED
    assert set(states.values()) == {OutboxState.DONE}
    assert report.lamp.kind is LampKind.NEEDS_YOU
    assert report.quarantined == 1


# ---- the world between ----------------------------------------------------------------------------------------------


def test_a_portal_is_named_and_nothing_is_parsed(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy
) -> None:
    (application,) = seed_applications(server.service, hospital.institution)
    pc.until_quiet()
    pc.agree(application.id)
    proxy.answer_at_once("HTTP/1.1", http_answer(302, Location="http://portal.example/"), times=99)
    report = pc.sync()
    assert (report.lamp.kind, report.lamp.code) == (LampKind.NETWORK_SIGN_IN, "captive_portal")
    proxy.clear()
    assert pc.later(31).lamp.kind is LampKind.SYNCED


def test_a_program_too_old_reads_on_and_keeps_its_work(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy
) -> None:
    made = seed_applications(server.service, hospital.institution, 2)
    pc.until_quiet()
    proxy.answer_at_once("/sync/commands", http_answer(426, server_id=pc.transport.link.server_id), times=99)
    pc.agree(made[0].id)
    later = seed_applications(server.service, hospital.institution)
    report = pc.sync()
    assert (report.lamp.kind, report.lamp.code) == (LampKind.NEEDS_YOU, "client_too_old")
    assert later[0].id in pc.applications()
    assert pc.rows()[0].state is OutboxState.QUEUED


@pytest.mark.parametrize(("days", "minutes"), [(1, 1440), (-1, -1440)])
def test_a_wrong_clock_is_told_and_decides_nothing(
    server: ServerHandle, hospital: Hospital, pc: Pc, days: int, minutes: int
) -> None:
    (application,) = seed_applications(server.service, hospital.institution)
    pc.clock.skew = timedelta(days=days)
    pc.sync()
    pc.agree(application.id)
    report = pc.sync()
    assert (report.lamp.kind, report.lamp.minutes_fast) == (LampKind.CLOCK, minutes)
    assert report.unsent == 0
    assert register_row(server, application).state is State.AGREED


def test_an_absurd_retry_after_is_obeyed_for_an_hour_at_most(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy
) -> None:
    (application,) = seed_applications(server.service, hospital.institution)
    pc.until_quiet()
    pc.agree(application.id)
    proxy.answer_at_once("/sync/commands", http_answer(429, Retry_After="31536000"))
    report = pc.sync()
    assert (report.lamp.kind, report.lamp.code) == (LampKind.SERVER_SILENT, "server_busy")
    assert pc.later(3000).unsent == 1
    assert pc.later(700).unsent == 0
