"""Bugs of words: what is carried out, answered or shown is not what was decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from medreg_core.contract.v1.commands import Outcome, Refuse
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.vocabulary import Move, OutcomeKind
from medreg_desktop.services.cache import commands
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.review import deciding
from medreg_desktop.services.review.service import ReviewService
from medreg_desktop.services.search import index
from medreg_desktop.services.sync import sending
from medreg_desktop.services.sync.effects import Settle
from medreg_desktop.services.sync.outbox_view import RowState, Settlement
from medreg_server.db.scope import WHOLE_REGISTER
from medreg_server.services import answers, decisions
from medreg_server.services.answers import Stopped, rejected, stale
from medreg_server.services.commands import CommandDesk
from simulator.mutants.patching import Mutant

_state_after = commands._state_after  # noqa: SLF001 - mutants are made of the insides
_problems = deciding._problems  # noqa: SLF001 - as above
_envelope = sending._envelope  # noqa: SLF001 - as above
_write_rows = index.write_rows
_stop_dependents = commands._stop_dependents  # noqa: SLF001 - as above
_told = answers._told  # noqa: SLF001 - as above


def _knows_no_application(_: CommandDesk, __: Any, sent: Any) -> Any:
    raise rejected(sent.command, FaultCode.APPLICATION_UNKNOWN)


def _looks_everywhere(_: CommandDesk, transaction: Any, sent: Any) -> Any:
    application = transaction.applications.lock(sent.command.application_id, WHOLE_REGISTER)
    if application is None:
        raise rejected(sent.command, FaultCode.APPLICATION_UNKNOWN)
    return application


def _any_decision_is_the_same(command: Any, move: Move, application: Any) -> Stopped:
    outcome = stale(command, move, application).outcome
    if outcome.code == FaultCode.ALREADY_DECIDED:
        outcome = msgspec.structs.replace(outcome, kind=OutcomeKind.SUPERSEDED, current=None)
    return Stopped(outcome)


def _conflict_is_done(kind: OutcomeKind) -> OutboxState:
    return OutboxState.DONE if kind is OutcomeKind.CONFLICT else _state_after(kind)


def _only_new_rows_listed(conn: Connection, rows: Any) -> None:
    listed = {key for (key,) in conn.execute("SELECT id FROM worklist")}
    _write_rows(conn, [row for row in rows if row.person[0] not in listed])


def _all_set_apart(state: Any, ids: Any, back: Any, event: Any) -> Any:
    alone, _ = _envelope(state, ids[:1], back[:1], event)
    return alone, (Settle(tuple(Settlement(each, RowState.QUARANTINED, event.trouble.code) for each in ids)),)


def _whatever_was_read(desk: Any, conn: Connection, cached: Any, decision: Any) -> Any:
    read = replace(decision, content_version=cached.application.content_version, digest="")
    return _problems(desk, conn, cached, read)


def _whatever_was_ticked(self: ReviewService, application_id: Any, opinion: str, version: Any) -> Any:
    del version
    return _agree_one(self, application_id, opinion, None)


_agree_one = ReviewService._agree_one  # noqa: SLF001 - as above


def _stopped_unseen(conn: Connection, command_id: Any, now: Any, *, goes_on: Any = None) -> None:
    del goes_on  # behind a colleague's same decision the author's own goes on to the register
    _stop_dependents(conn, command_id, now)


def _hangs_on_nothing(*_: object) -> None:
    return


def _always_the_applicant(*said: Any) -> Outcome:
    outcome = _told(*said)
    return msgspec.structs.replace(outcome, by="applicant") if outcome.kind is OutcomeKind.CONFLICT else outcome


MUTANTS: tuple[Mutant, ...] = (
    Mutant("no application is known", "any wrong filter", ((CommandDesk, "_application", _knows_no_application),)),
    Mutant("commands look everywhere", "any missing filter", ((CommandDesk, "_application", _looks_everywhere),)),
    Mutant(
        "the opposite is called the same", "our own, thought up", ((decisions, "stale", _any_decision_is_the_same),)
    ),
    Mutant(
        "refusal carried out as return",
        "any table of names",
        ((decisions, "_MOVES", {**decisions._MOVES, Refuse: Move.RETURN}),),  # noqa: SLF001 - as above
    ),
    Mutant("conflict closed as done", "OpenCRVS#9651", ((commands, "_state_after", _conflict_is_done),)),
    Mutant("list not written anew", "any second table", ((index, "write_rows", _only_new_rows_listed),)),
    Mutant("a whole batch set apart", "our own, thought up", ((sending, "_envelope", _all_set_apart),)),
    Mutant(
        "decided on what is no longer there",
        "any dialog left open",
        ((deciding, "_problems", _whatever_was_read),),
    ),
    Mutant(
        "agreed to what has moved on since it was ticked",
        "any list left open",
        ((ReviewService, "_agree_one", _whatever_was_ticked),),
    ),
    Mutant("stopped unseen", "our own, found here", ((commands, "_stop_dependents", _stopped_unseen),)),
    Mutant(
        "carried out though it hangs on what was refused",
        "our own, thought up",
        ((CommandDesk, "_check_dependency", _hangs_on_nothing),),
    ),
    Mutant("a conflict with somebody else", "our own, thought up", ((answers, "_told", _always_the_applicant),)),
)
