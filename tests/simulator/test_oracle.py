"""The oracle itself: each thing that must never happen is seen once it does, and an honest day shows none of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import pytest

from medreg_core.contract.v1.commands import Outcome
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import AccountId, ApplicationId, CommandId, InstitutionId
from medreg_core.domain.vocabulary import Kind, OutcomeKind, RescueState, State
from medreg_desktop.services.cache import papers, sync_state, synced
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import LOST_BY_SERVER, OutboxState, Resolution
from medreg_desktop.services.sync import events
from simulator import people, screen
from simulator.compare import every_row
from simulator.oracle import Violation
from simulator.pc import Pc
from simulator.register import Request
from simulator.streams import Random
from simulator.told import Kept, carried_out
from simulator.verdict import ended
from simulator.wire import Deviation
from simulator.world import World
from tests.helpers.oracle_day import Day, decide, nth, one


def test_an_honest_day_shows_nothing(day: Day) -> None:
    assert day.told(day.row) == []
    assert day.judged() == []


# ---- decided, done, told --------------------------------------------------------------------------------------------


def _kept(day: Day) -> dict[CommandId, Kept]:
    content = msgspec.json.encode(day.row.command).decode()
    return {day.row.command.id: Kept("b", day.row.actor, content)}


def test_what_is_carried_out_is_what_was_decided(day: Day) -> None:
    assert list(carried_out(day.books, _kept(day))) == []
    ((command, (did,)),) = day.books.effects.items()
    for other in (replace(did, action="application.return"), replace(did, subject="another")):
        (wrong,) = carried_out(replace(day.books, effects={command: [other]}), _kept(day))
        assert f"was carried out as {other.action} on {other.subject}" in wrong


def test_what_was_rescued_is_carried_out_for_a_supervisor_alone(day: Day) -> None:
    confirmed = {day.row.command.id: (day.pc.device_id, RescueState.CONFIRMED)}
    (wrong,) = carried_out(replace(day.books, lane=confirmed), _kept(day))
    assert "was confirmed, and carried out for" in wrong


@pytest.mark.parametrize("kind", [OutcomeKind.SUPERSEDED, OutcomeKind.CONFLICT, OutcomeKind.MISMATCH])
def test_what_took_effect_was_told_accepted(day: Day, kind: OutcomeKind) -> None:
    one(day.told(day.answered(kind=kind)), f"took effect, and its author was told {kind.value}")


@pytest.mark.parametrize("otherwise", [{"version": 9}, {"code": "busy"}, {"kind": OutcomeKind.REJECTED}])
def test_the_author_is_told_what_was_answered(day: Day, otherwise: dict[str, Any]) -> None:
    one(day.told(day.answered(**otherwise)), ", and answered accepted  2")
    one(day.told(day.row, answers={}), "was told accepted, and never answered")


def test_of_what_a_restored_register_has_forgotten_nothing_is_asked(day: Day) -> None:
    assert day.told(day.row, epoch="another", answers={}) == []


def test_superseded_names_somebody_who_has_decided_the_same(day: Day) -> None:
    superseded = day.answered(kind=OutcomeKind.SUPERSEDED, by="经办人bing")
    assert not [line for line in day.told(superseded) if "called superseded" in line]
    one(day.told(day.answered(kind=OutcomeKind.SUPERSEDED, by="经办人yi")), "经办人yi has not made the same decision")
    one(day.told(superseded, **day.undone()), "was called superseded")


def test_a_conflict_and_an_unknown_application_have_a_cause(day: Day) -> None:
    conflict, unknown = day.answered(kind=OutcomeKind.CONFLICT), day.answered(code=FaultCode.APPLICATION_UNKNOWN)
    for row, words in ((conflict, "nothing has happened since"), (unknown, "stands there as its author saw it")):
        assert not [line for line in day.told(row) if words in line]
        one(day.told(row, **day.undone()), words)


def test_the_history_tells_what_was_decided_by_whom_in_his_words(day: Day) -> None:
    application = day.books.applications[day.row.command.application_id]
    made = application.history[-1]
    for other in (replace(made, actor="经办人yi"), replace(made, reason=""), replace(made, version=9)):
        forged = replace(application, history=(*application.history[:-1], other))
        one(day.told(day.row, applications={application.id: forged}), "the history tells")
    elsewhere = replace(application, state=State.RETURNED)
    one(day.told(day.row, applications={application.id: elsewhere}), "the application is returned")


def test_no_answer_shows_a_row_of_another_institution(day: Day) -> None:
    current = replace(day.books.applications[day.row.command.application_id], institution_id=InstitutionId("another"))
    one(day.told(day.answered(current=current)), "I8: the answer to agree")


def test_nothing_is_closed_without_somebody(day: Day) -> None:
    refused = day.answered(kind=OutcomeKind.CONFLICT)
    one(day.told(refused, effects={}), "closed without anybody being asked")
    open_ = replace(refused, state=OutboxState.NEEDS_YOU)
    assert not [line for line in day.told(open_, effects={}) if "closed" in line]
    replaced = replace(day.row, outcome=None, resolution=Resolution.REPLACED)
    one(day.told(replaced, effects={}), "was replaced before it was answered")


def test_what_is_stopped_had_waited_for_something_that_was_not_taken(day: Day) -> None:
    root = day.row
    behind = msgspec.structs.replace(root.command, id=CommandId("behind"), depends_on=root.command.id)
    stopped = replace(root, command=behind, outcome=None, resolution=Resolution.STOPPED)
    last = msgspec.structs.replace(behind, id=CommandId("last"), depends_on=behind.id)
    stopped_too = replace(stopped, command=last)
    assert "was stopped" in day.told(stopped_too, stopped, root, effects={})[0]
    lost = replace(root, state=OutboxState.NEEDS_YOU, last_cause=LOST_BY_SERVER)
    for cause in (lost, replace(root, resolution=Resolution.CANCELLED), day.answered(kind=OutcomeKind.REJECTED)):
        assert day.told(stopped_too, stopped, cause, effects={}) == []


# ---- at each step ---------------------------------------------------------------------------------------------------


def test_a_promise_is_kept_on_the_disk(world: World) -> None:
    pc = world.pcs["b"]
    world.oracle.watch(pc)
    pc.promised[CommandId("said")] = None
    with pytest.raises(Violation, match="I1: said was said to be saved on b"):
        world.oracle.watch(pc)


def test_a_decision_is_saved_on_the_content_that_its_author_saw(world: World) -> None:
    pc = world.pcs["b"]
    pc.promised[decide(pc, nth(pc, 0))] = 7
    with pytest.raises(Violation, match=r"I2: .* was saved on content \[1\]; its author saw 7"):
        world.oracle.watch(pc)


def test_a_registrar_decides_on_a_sheet_that_has_lain_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pc = world.pcs["b"]
    monkeypatch.setattr(screen, "LEFT_OPEN", 1.0)
    first = nth(pc, 0)
    seen = pc.running.store.read(lambda conn: synced.find(conn, first))
    assert seen is not None
    pc.running.sheets[seen.id] = replace(
        seen, version=0, content_version=0
    )  # as it was before the applicant's last word
    assert people.done(pc, people.decide, Random(1)) == "decide refused:content_changed"
    assert seen.id not in pc.running.sheets
    assert pc.sign_in("bing") == "in"
    assert len(pc.running.sheets) == len(people.held(pc)) - 1
    pc.sign_out()
    assert pc.running.sheets == {}


def test_what_is_shown_as_accepted_is_accepted_in_the_register(day: Day) -> None:
    decide(day.pc, nth(day.pc, 1))
    assert day.row.outcome is not None
    day.tampered(
        "UPDATE outbox SET state = 'done', outcome_kind = 'accepted', epoch = ?, outcome = ? WHERE state = 'queued'",
        day.books.epoch,
        msgspec.json.encode(Outcome(id=CommandId("none"), kind=OutcomeKind.ACCEPTED)).decode(),
    )
    with pytest.raises(Violation, match=r"I1: .* is shown as accepted on b"):
        day.world.oracle.watch(day.pc)


def test_what_was_accepted_is_shown_as_what_it_is(day: Day) -> None:
    day.tampered("UPDATE application SET version = 1, body = json_set(body, '$.version', 1, '$.state', 'submitted')")
    with pytest.raises(Violation, match="I6: the accepted command"):
        day.world.oracle.watch(day.pc)


# ---- paper ----------------------------------------------------------------------------------------------------------


def _print(pc: Pc, application_id: ApplicationId) -> str:
    papers = pc.running.papers
    assert papers is not None
    return papers.record_print(papers.form(application_id), 1, to_file=False).form_number


def test_no_form_number_stands_on_two_decisions(day: Day) -> None:
    number = _print(day.pc, day.row.command.application_id)
    day.world.oracle.watch(day.pc)
    colleague = day.world.pcs["a"]
    decide(colleague, nth(colleague, 1))
    colleague.running.store.write(lambda conn: conn.execute("UPDATE form SET number = ?", (number,)))
    with pytest.raises(Violation, match="I12: the form number"):
        day.world.oracle.watch(colleague)


def test_a_clean_print_has_an_accepted_consent(day: Day) -> None:
    _print(day.pc, day.row.command.application_id)
    day.world.oracle.watch(day.pc)
    decide(day.pc, nth(day.pc, 1))
    number = _print(day.pc, nth(day.pc, 1))
    day.tampered("UPDATE print_record SET form_state = 'agreed' WHERE form_number = ?", number)
    with pytest.raises(Violation, match=f"I12: the form {number} was printed clean on b"):
        day.world.oracle.watch(day.pc)


def test_sheets_that_have_left_the_printer_are_known(day: Day) -> None:
    pc, application_id = day.pc, day.row.command.application_id
    assert pc.running.papers is not None
    people.print_sheets(pc, pc.running.papers.form(application_id), 2)
    day.world.oracle.watch(pc)
    day.tampered("UPDATE print_record SET copies = 1")
    with pytest.raises(Violation, match=r"I12: 2 copies of .* have left the printer of b, which knows of 1"):
        day.world.oracle.watch(pc)


def test_a_sheet_says_what_was_agreed_to(day: Day) -> None:
    pc, application_id = day.pc, day.row.command.application_id
    assert pc.running.papers is not None
    form = pc.running.papers.form(application_id)
    people.print_sheets(
        pc, replace(form, application=replace(form.application, registration=None, kind=Kind.CHANGE)), 1
    )
    with pytest.raises(Violation, match=f"I12: the form {form.number} printed on b says otherwise than the consent"):
        day.world.oracle.watch(pc)


def test_no_copy_that_is_about_is_forgotten(day: Day) -> None:
    pc, application_id = day.pc, day.row.command.application_id
    assert pc.running.papers is not None
    people.print_sheets(pc, pc.running.papers.form(application_id), 2)
    pc.running.papers.record_print(pc.running.papers.form(application_id), 1, to_file=True)
    day.tampered("UPDATE application SET form_voided = 1")
    assert not [line for line in day.judged() if "copies of" in line]
    day.tampered(
        "INSERT INTO recall SELECT 9, 'r', form_number, actor, printed_at, 2 FROM print_record WHERE copies = 2"
    )
    one(day.judged(), "are about, 1 noted and not back, and")


def test_a_form_is_asked_back_when_its_consent_has_ended_and_only_then(day: Day) -> None:
    application_id, environment = day.row.command.application_id, day.world.register.service.environment
    number = _print(day.pc, application_id)
    assert _print(day.world.pcs["a"], application_id) == number
    assert not [line for line in day.judged() if "I12" in line]
    with environment.database.write() as transaction:
        transaction.forms.void(number, environment.now())
    wrong = [line for line in day.judged() if f"I12: the consent of the form {number} has ended badly" in line]
    assert [line[-4:] for line in wrong] == ["on a", "on b"]  # who had it printed, and who gave it the number


def test_a_form_that_stands_is_not_asked_back(day: Day) -> None:
    number = _print(day.pc, day.row.command.application_id)
    day.tampered("UPDATE application SET form_voided = 1")
    one(
        day.judged(),
        f"I12: the form {number} stands in the register, and {day.row.actor} is to ask it back: voided",
    )


def test_who_takes_his_consent_back_asks_for_the_sheets_before_the_register_knows(day: Day) -> None:
    """Found by seed 201438: the withdrawal waited behind what somebody has to look at, and its author asked already."""
    number, pc = _print(day.pc, day.row.command.application_id), day.pc
    assert pc.running.reviews is not None
    pc.running.reviews.withdraw(day.row.command.application_id, "误操作")
    pc.tell(events.CommandSaved)
    assert [paper.form_number for paper in pc.running.store.read(partial(_asked_back, actor=day.row.actor))] == [number]
    assert not [line for line in day.judged() if "I12" in line]
    day.tampered("UPDATE outbox SET state = 'done', outcome_kind = 'accepted' WHERE kind = 'withdraw_consent'")
    one(
        day.judged(),
        f"I12: the form {number} stands in the register, and {day.row.actor} is to ask it back: withdrawn",
    )


def _asked_back(conn: Connection, actor: AccountId) -> list[papers.PaperToRecall]:
    return papers.to_recall(conn, replace(sync_state.viewer(conn), actor=actor))


# ---- the list, what is set apart, a spoilt copy ---------------------------------------------------------------------


def test_the_list_says_what_the_sheets_say(day: Day) -> None:
    application_id = day.row.command.application_id
    day.tampered("UPDATE worklist SET state = state + 1 WHERE id = ?", application_id)
    one(day.judged(), f"I3: the list says otherwise than the sheet of {application_id}")
    day.tampered("DELETE FROM application WHERE id = ?", application_id)
    one(day.judged(), "I3: the list still has")


def test_what_is_set_apart_for_its_envelope_was_refused_alone(day: Day) -> None:
    apart = replace(day.row, state=OutboxState.QUARANTINED, last_cause="too_large")
    (wrong,) = ended(day.pc, apart, [apart], ())
    assert "and was never refused alone" in wrong
    first, second = (decide(day.pc, nth(day.pc, number)) for number in (1, 2))
    for ids in ((first, second), (first,)):
        rows = [row for row in day.pc.running.store.read(every_row) if row.command.id in ids]
        batch = b'{"magic":"","device_id":"","commands":%s}' % msgspec.json.encode([row.command for row in rows])
        day.pc.wire._note_refused(Request("POST", "/api/v1/sync/commands", "", batch), 413)
    assert day.pc.wire.refused_alone == {first}


def test_a_spoilt_copy_may_differ_until_a_digest_finds_it_whole(day: Day) -> None:
    wire, asked = day.pc.wire, Request("POST", "/api/v1/sync/digest", "", b"")
    differs, whole, too_early = (
        b'{"settled":true,"differing":[3]}',
        b'{"settled":true,"differing":[]}',
        b'{"settled":false,"differing":[]}',
    )
    wire.damages += 1
    for answer in (differs, too_early, differs, whole):
        wire._check_digest(asked, answer)
    with pytest.raises(Deviation):
        wire._check_digest(asked, differs)
