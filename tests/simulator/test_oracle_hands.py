"""The oracle sees what a program does by itself that only a person may do, or does not do that it said it had done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from medreg_core.contract.v1.activation import HandOutCode, VoidCode
from medreg_core.contract.v1.commands import Command, CommandBody, RecordRecall
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import CommandKind, OutcomeKind
from medreg_desktop.services.cache import commands
from medreg_desktop.services.cache.outbox import CORRECTING, OutboxState, Resolution
from medreg_desktop.services.cache.quarantine import HANDED_OVER
from medreg_desktop.services.review.paper_desk import PaperDesk
from medreg_desktop.services.sync import events
from simulator import apart, codes, paper, people, screen
from simulator.compare import Effect, every_row
from simulator.crash import Crash
from simulator.forms import counted
from simulator.oracle import Violation
from simulator.pc import Pc
from simulator.register import Answer, Register, Request
from simulator.said import MISTAKE
from simulator.streams import WIDER_FROM, Random
from simulator.told import Kept, carried_out
from simulator.wire import Leak
from tests.helpers.oracle_day import Day, decide, nth, one

# ---- what is closed -------------------------------------------------------------------------------------------------


def _cancel(pc: Pc, _: Random, *, command: CommandId) -> str:
    assert pc.running.outbox is not None
    pc.running.outbox.cancel(command)
    return command


@pytest.mark.parametrize("resolution", [Resolution.DROPPED, Resolution.CANCELLED, Resolution.REPLACED])
def test_nothing_is_closed_by_itself(day: Day, resolution: Resolution) -> None:
    waits = decide(day.pc, nth(day.pc, 1))
    day.tampered("UPDATE outbox SET state = 'done', resolution = ? WHERE id = ?", resolution.value, waits)
    one(day.judged(), f"I1: agree {waits} was {resolution.value}, and nobody has done that on b")
    with pytest.raises(Violation, match="and nobody has done that on b"):
        day.world.oracle.see_off(day.pc)  # also where the copy is about to be destroyed


def test_a_refusal_is_not_given_up_by_itself(day: Day) -> None:
    refused = decide(day.pc, nth(day.pc, 1))
    day.tampered(
        "UPDATE outbox SET state = 'done', resolution = 'dropped', outcome_kind = ?, last_cause = 'content_changed'"
        " WHERE id = ?",
        OutcomeKind.CONFLICT.value,
        refused,
    )
    one(day.judged(), "was dropped, and nobody has done that on b")


def test_what_somebody_calls_back_is_his_doing_even_if_the_program_is_killed_over_it(day: Day) -> None:
    first, second = (decide(day.pc, nth(day.pc, number)) for number in (1, 2))
    people.done(day.pc, partial(_cancel, command=first), Random(1))
    day.pc.fate.point = "write.committed"
    with pytest.raises(Crash):
        people.done(day.pc, partial(_cancel, command=second), Random(1))
    assert day.pc.by_hand == {(first, "cancelled"), (second, "cancelled")}
    assert not [line for line in day.judged() if "nobody" in line]


# ---- what is set apart ----------------------------------------------------------------------------------------------


def _apart(day: Day, cause: str, **otherwise: Any) -> str:
    row = replace(day.row, state=OutboxState.QUARANTINED, last_cause=cause, outcome=None, **otherwise)
    return apart.wrongly(day.pc, row)


def test_only_what_happened_to_a_command_sets_it_apart(day: Day) -> None:
    assert apart.wrongly(day.pc, day.row) == ""
    for cause in ("server_unreachable", "response_cut", "server_error", "", "body_mismatch"):
        assert _apart(day, cause) == f"was set apart for {cause}"
    assert _apart(day, "poison") == "was set apart as poison and is none"
    day.pc.wire.poison.add(f'"id":"{day.row.command.id}"')
    assert _apart(day, "poison") == ""
    mismatch = replace(day.answered(kind=OutcomeKind.MISMATCH), state=OutboxState.QUARANTINED)
    assert apart.wrongly(day.pc, mismatch) == ""


def test_what_was_put_off_for_a_day_is_set_apart_and_no_sooner(day: Day) -> None:
    now = day.pc.clock.now()
    assert _apart(day, apart.DEFERRED) == "was set apart for deferred_too_long"
    assert _apart(day, apart.DEFERRED, deferred_since=now - timedelta(hours=23)) != ""
    assert _apart(day, apart.DEFERRED, deferred_since=now - timedelta(hours=24)) == ""
    day.pc.set_clock_wrong(timedelta(hours=2))
    assert _apart(day, apart.DEFERRED, deferred_since=now) == ""  # the clock may have been anything meanwhile


@pytest.mark.parametrize("cause", [HANDED_OVER, CORRECTING])
def test_nothing_is_handed_over_or_corrected_by_itself(day: Day, cause: str) -> None:
    waits = decide(day.pc, nth(day.pc, 1))
    day.tampered("UPDATE outbox SET state = 'quarantined', last_cause = ? WHERE id = ?", cause, waits)
    one(day.judged(), f"I7: agree {waits} is {cause}, and nobody has done that on b")
    day.pc.by_hand.add((waits, cause))
    assert not [line for line in day.judged() if "nobody" in line]


def test_nobody_touches_what_is_set_apart_without_a_cause(day: Day) -> None:
    decide(day.pc, nth(day.pc, 1))
    day.tampered("UPDATE outbox SET state = 'quarantined', last_cause = 'server_silent' WHERE state = 'queued'")
    assert people.done(day.pc, people.tend_outbox, Random(1)) == "tend_outbox left"
    assert people.done(day.pc, people.settle_apart, Random(1)) == "settle_apart left"
    assert people.done(day.pc, people.review_again, Random(1)) == "review_again nothing"


def test_nothing_waits_longer_than_its_author_may_be_kept_waiting(day: Day) -> None:
    waits = decide(day.pc, nth(day.pc, 1))
    with pytest.raises(Violation, match=f"I4: agree {waits} still is queued"):
        day.world.oracle.check_patience(day.pc)


# ---- what is shown --------------------------------------------------------------------------------------------------


def test_no_answer_shows_a_row_of_another_institution_even_if_nothing_keeps_it(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    (other,) = day.pc.wire.foreign
    assert other == day.world.institutions["c"]
    handle = Register.handle

    def leaks(self: Register, asked: Request, **how: Any) -> Answer:
        answer = handle(self, asked, **how)
        return replace(answer, body=answer.body.replace(day.place.encode(), other.encode()))

    monkeypatch.setattr(Register, "handle", leaks)
    decide(day.pc, nth(day.pc, 1))
    with pytest.raises(Leak, match=f"an answer to b, .*, shows something of {other}"):
        day.world.sync(day.pc)


# ---- what is said to be saved ---------------------------------------------------------------------------------------


def test_what_was_said_of_codes_and_copies_is_saved_as_often_as_it_was_said(day: Day) -> None:
    pc, recall = day.pc, RecordRecall(form_number="1", copies=1)
    pc.said.append(recall)
    with pytest.raises(Violation, match=r"I1: .*record_recall.* was said to be saved on b 1 times, and is 0"):
        day.world.oracle.watch(pc)
    _save(pc, recall)
    day.world.oracle.watch(pc)
    pc.said.append(recall)
    with pytest.raises(Violation, match="said to be saved on b 2 times, and is 1"):
        day.world.oracle.watch(pc)


def test_a_void_is_saved_or_calls_the_hand_out_back(day: Day) -> None:
    pc, world = day.pc, day.world
    said = people.done(pc, partial(codes.hand_out, world), Random(1))
    assert "refused" not in said
    assert pc.said[0] == HandOutCode(reference=world.slips[0].slip.reference, way=pc.said[0].way)
    world.oracle.watch(pc)
    people.done(pc, partial(codes.void, world), Random(1))
    assert isinstance(pc.said[0], VoidCode)
    world.oracle.watch(pc)  # it had not been sent
    pc.said.append(VoidCode(reference="another", reason=MISTAKE))
    with pytest.raises(Violation, match=r"I1: .*another.* was said to be saved"):
        world.oracle.watch(pc)


def test_a_print_and_a_withdrawal_are_promised(day: Day) -> None:
    pc, papers = day.pc, day.pc.running.papers
    assert papers is not None
    people.print_sheets(pc, papers.form(day.row.command.application_id), 1)
    people.done(pc, paper.take_back, Random(1))
    kinds = {row.command.id: row.kind for row in pc.running.store.read(every_row)}
    assert [kinds[command] for command in pc.promised] == [CommandKind.RECORD_PRINT, CommandKind.WITHDRAW_CONSENT]


def test_the_register_counts_the_copies_that_its_audit_tells_of(day: Day) -> None:
    pc, papers, environment = day.pc, day.pc.running.papers, day.world.register.service.environment
    assert papers is not None
    form = papers.form(day.row.command.application_id)
    people.print_sheets(pc, form, 2)
    pc.tell(events.CommandSaved)
    day.world.sync(pc)
    assert list(counted(environment.database)) == []
    with environment.database.write() as transaction:
        transaction.forms.count_printed(form.number, -1)
    one(day.judged(), f"I12: 1 and 0 copies of {form.number} are counted, and {{'form.print': 2}} told of")


def test_a_command_is_carried_out_with_what_it_says(day: Day) -> None:
    command = msgspec.structs.replace(day.row.command, body=RecordRecall(form_number="7", copies=2))
    kept = {command.id: Kept("b", day.row.actor, msgspec.json.encode(command).decode())}
    did = Effect("form.recall", day.row.actor, command.subject, {"form": "7", "copies": "2"})
    assert list(carried_out(replace(day.books, effects={command.id: [did]}), kept)) == []
    (wrong,) = carried_out(
        replace(day.books, effects={command.id: [replace(did, detail={**did.detail, "copies": "1"})]}), kept
    )
    assert wrong.endswith("and was carried out with {'copies': '1'}")


def _save(pc: Pc, body: CommandBody) -> None:
    command = Command(id=pc.ids.new_id(), application_id=nth(pc, 0), base_version=0, made_at=pc.clock.now(), body=body)
    pc.running.store.write(lambda conn: commands.save(conn, command, pc.actor, pc.clock.now()))


# ---- what has lain open ---------------------------------------------------------------------------------------------


def test_an_old_preview_does_not_leave_the_printer(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    pc, papers = day.pc, day.pc.running.papers
    assert papers is not None
    monkeypatch.setattr(pc, "seed", WIDER_FROM)
    monkeypatch.setattr(screen, "LEFT_OPEN", 1.0)
    old = papers.form(day.row.command.application_id)
    pc.running.previews[old.application.id] = old
    people.print_sheets(pc, old, 1)  # what is printed next is no first print
    assert people.done(pc, paper.print_agreed, Random(1)) == "print_agreed refused:form_moved_on"
    assert pc.running.previews == {}
    day.world.oracle.watch(pc)
    monkeypatch.setattr(PaperDesk, "_stand", lambda *_: True)
    people.print_sheets(pc, old, 1)
    with pytest.raises(Violation, match=r"I12: a form was printed on b as .* which by then was"):
        day.world.oracle.watch(pc)


def test_what_is_agreed_to_in_one_go_is_as_it_was_when_it_was_ticked(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    pc = day.pc
    assert pc.running.reviews is not None
    assert screen.ticked(pc, people.held(pc), Random(1)) == {}  # before the border
    monkeypatch.setattr(pc, "seed", WIDER_FROM)
    monkeypatch.setattr(screen, "LEFT_OPEN", 1.0)
    people.done(pc, people.agree_to_many, Random(1))
    assert pc.ticked.keys() == pc.promised.keys() != set()
    command = next(iter(pc.ticked))
    day.world.oracle.watch(pc)
    assert pc.ticked == {}
    pc.promised[command], pc.ticked[command] = None, 7
    with pytest.raises(Violation, match=r"I2: .* was saved on version \[1\]; it was ticked in 7"):
        day.world.oracle.watch(pc)
