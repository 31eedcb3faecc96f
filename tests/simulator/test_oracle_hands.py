"""The oracle sees what a program does by itself that only a person may do, or does not do that it said it had done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.cache.outbox import CORRECTING, OutboxState, Resolution
from medreg_desktop.services.cache.quarantine import HANDED_OVER
from simulator import apart, people
from simulator.crash import Crash
from simulator.oracle import Violation
from simulator.pc import Pc
from simulator.register import Answer, Register, Request
from simulator.streams import Random
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
