"""Whether what was decided, what was done and what its author was told are one and the same (I1, I2, I4, I8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from medreg_core.contract.v1.activation import HandOutCode, ReprintCode, VoidCode
from medreg_core.contract.v1.commands import (
    Agree,
    Command,
    Outcome,
    RecordPrint,
    RecordRecall,
    Refuse,
    Return,
    WithdrawConsent,
)
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import AccountId, Application, CommandId, HistoryEntry, InstitutionId
from medreg_core.domain.states import RULES
from medreg_core.domain.vocabulary import CommandKind, OutcomeKind, RescueState, Role
from medreg_desktop.services.cache.outbox import CORRECTING, LOST_BY_SERVER, OutboxRow, OutboxState, Resolution, kind_of
from medreg_desktop.services.cache.overlay import MOVES
from simulator.compare import Books, Effect

_ACTIONS = {
    **{kind: f"application.{move.value}" for kind, move in MOVES.items()},
    CommandKind.RECORD_PRINT: "form.print",
    CommandKind.RECORD_RECALL: "form.recall",
    CommandKind.HAND_OUT_CODE: "code.hand_out",
    CommandKind.VOID_CODE: "code.void",
    CommandKind.REPRINT_CODE: "code.reprint",
}
"""What the register's audit calls the carrying out of each command."""

_REFUSALS = frozenset({OutcomeKind.SUPERSEDED, OutcomeKind.CONFLICT, OutcomeKind.REJECTED, OutcomeKind.MISMATCH})
_ANSWERS = _REFUSALS | {OutcomeKind.ACCEPTED}
"""Answers that are for good; the others ask to wait."""

_NEEDS_SOMEBODY = frozenset({OutcomeKind.CONFLICT, OutcomeKind.REJECTED})
_GIVEN_UP = frozenset({Resolution.CANCELLED, Resolution.DROPPED})
_PARTIES = {Role.PHYSICIAN: "applicant", Role.COMMISSION: "commission"}
_NOWHERE: tuple[str, None] = ("", None)


@dataclass(frozen=True, slots=True)
class Kept:
    """A command as it was first seen on a disk: by whom, where, its bytes."""

    pc: str
    actor: AccountId
    content: str


def is_accepted(row: OutboxRow) -> bool:
    """Return whether its author is told that the register holds it."""
    return row.outcome is not None and row.outcome.kind is OutcomeKind.ACCEPTED and row.resolution is Resolution.NONE


def carried_out(books: Books, kept: Mapping[CommandId, Kept]) -> Iterator[str]:
    """Each command at most once, as what it asks for and where, for who made it (I1, I2, I8).

    What was rescued takes effect by a supervisor's word alone, and in his name.
    """
    for command, done in books.effects.items():
        found = kept.get(command)
        _, state = books.lane.get(command, _NOWHERE)
        if len(done) > 1:
            yield f"I2: command {command} took effect {len(done)} times: {[one.action for one in done]}"
        if state in {RescueState.WAITING, RescueState.SET_ASIDE}:
            yield f"I2: the rescued command {command} is {state.value}, and took effect"
        if found is None:
            yield f"I1: command {command} took effect, but no disk holds it"
            continue
        asked = msgspec.json.decode(found.content, type=Command)
        yield from _as_asked(asked, done[0])
        before = books.answers.get(asked.depends_on) if asked.depends_on is not None else None
        if before is not None and before.kind is not OutcomeKind.ACCEPTED:
            yield f"I2: command {command} took effect, and what it hangs on was answered {before.kind.value}"
        if state is RescueState.CONFIRMED:
            account = books.accounts.get(AccountId(done[0].actor))
            if account is None or account.role is not Role.SUPERVISOR:
                yield f"I8: the rescued command {command} was confirmed, and carried out for {done[0].actor}"
        elif found.actor != done[0].actor:
            yield f"I8: command {command} of {found.actor} was carried out for {done[0].actor}"


def _as_asked(command: Command, did: Effect) -> Iterator[str]:
    kind = kind_of(command)
    if (did.action, did.subject) != (_ACTIONS[kind], command.subject):
        yield f"I2: {kind.value} {command.id} on {command.subject} was carried out as {did.action} on {did.subject}"
    wrong = {name: did.detail.get(name) for name, said in _said(command).items() if did.detail.get(name) != said}
    if wrong:
        yield f"I2: {kind.value} {command.id} says {_said(command)}, and was carried out with {wrong}"


def _said(command: Command) -> Mapping[str, str]:
    """Return what the audit has to tell of a command besides its subject: which form or code, how many copies."""
    match command.body:
        case RecordPrint(form_number=form, copies=copies) | RecordRecall(form_number=form, copies=copies):
            return {"form": form, "copies": str(copies)}
        case HandOutCode(reference=code) | VoidCode(reference=code) | ReprintCode(reference=code):
            return {"code": code}
        case _:
            return {}


def told(books: Books, row: OutboxRow, rows: Sequence[OutboxRow], place: InstitutionId | None) -> Iterator[str]:
    """Yield what is wrong in what the author of a command was told; ``rows`` are all of its computer."""
    what = f"{row.kind.value} {row.command.id}"
    if row.command.id in books.effects:
        yield from _denied(what, row)
    yield from _closed(what, row, rows)
    if row.outcome is None or row.outcome.kind not in _ANSWERS:
        return
    outcome = row.outcome
    if outcome.current is not None and outcome.current.institution_id != place:
        yield f"I8: the answer to {what} shows a row of {outcome.current.institution_id}"
    if row.epoch == books.epoch:  # what a restored register has forgotten it cannot be asked about
        yield from _as_answered(what, outcome, books.answers.get(row.command.id))
        application = books.applications.get(row.command.application_id)
        if application is not None:
            yield from _without_cause(what, row.command, outcome, application, place)
    # What a supervisor has done anew since the restore that lost it stands there in his name, and at another moment.
    is_rescued = books.lane.get(row.command.id, _NOWHERE)[1] is RescueState.CONFIRMED
    if is_accepted(row) and row.command.id in books.effects and not is_rescued:
        yield from _in_history(what, row, outcome, books)


def _denied(what: str, row: OutboxRow) -> Iterator[str]:
    """A command that took effect is shown as accepted, or not answered yet; nor was it called back as never sent."""
    if row.outcome is not None and row.outcome.kind in _REFUSALS:
        yield f"I2: {what} took effect, and its author was told {row.outcome.kind.value} {row.outcome.code}"
    if row.resolution in {Resolution.CANCELLED, Resolution.STOPPED}:
        yield f"I2: {what} took effect, and was {row.resolution.value} here"
    if row.is_lost:
        yield f"I1: {what} took effect, and its author was told that the register has lost it"


def _closed(what: str, row: OutboxRow, rows: Sequence[OutboxRow]) -> Iterator[str]:
    """What the register did not take is closed by somebody, or because what it waited for was not taken (I1, I4)."""
    kind = row.outcome.kind if row.outcome is not None else None
    if kind in _NEEDS_SOMEBODY and row.state is OutboxState.DONE and row.resolution is Resolution.NONE:
        yield f"I4: {what} came to {kind} and was closed without anybody being asked"
    if row.resolution is Resolution.REPLACED and kind is None and row.last_cause != CORRECTING:
        yield f"I1: {what} was replaced before it was answered, and nobody was correcting it"
    if row.resolution is not Resolution.STOPPED:
        return
    root = _root(row, rows)
    if not _was_not_taken(root):
        yield f"I1: {what} was stopped, and what it waited for was not refused"
    is_superseded = root is not None and root.outcome is not None and root.outcome.kind is OutcomeKind.SUPERSEDED
    if is_superseded and row.kind in MOVES:
        yield f"I1: {what} was stopped behind what was superseded, and nobody was asked"


def _root(row: OutboxRow, rows: Sequence[OutboxRow]) -> OutboxRow | None:
    """Return the command that those which were stopped behind each other waited for."""
    by_id = {each.command.id: each for each in rows}
    found: OutboxRow | None = row
    while found is not None and found.resolution is Resolution.STOPPED:
        found = by_id.get(found.command.depends_on or CommandId(""))
    return found


def _was_not_taken(root: OutboxRow | None) -> bool:
    if root is None:
        return False
    is_refused = root.outcome is not None and root.outcome.kind in _REFUSALS
    is_lost = root.last_cause == LOST_BY_SERVER  # also where its author has decided anew since
    return is_refused or is_lost or root.resolution in _GIVEN_UP or root.last_cause == CORRECTING


def _as_answered(what: str, outcome: Outcome, answer: Outcome | None) -> Iterator[str]:
    """What stands on his screen is what the register has answered, word for word (I2)."""
    if answer is None:
        yield f"I2: {what} was told {outcome.kind.value}, and never answered"
    elif (answer.kind, answer.code, answer.version) != (outcome.kind, outcome.code, outcome.version):
        yield (
            f"I2: {what} was told {outcome.kind.value} {outcome.code} {outcome.version},"
            f" and answered {answer.kind.value} {answer.code} {answer.version}"
        )


def _without_cause(
    what: str, command: Command, outcome: Outcome, application: Application, place: InstitutionId | None
) -> Iterator[str]:
    """A refusal has a reason in the register (I2): the step it names, or something else than what he saw."""
    move = MOVES.get(kind_of(command))
    since = [entry for entry in application.history if _is_since(entry, command)]
    as_seen = not since and application.version == command.base_version
    if outcome.kind is OutcomeKind.SUPERSEDED and (move, outcome.by) not in {(one.move, one.actor) for one in since}:
        yield f"I2: {what} was called superseded, and {outcome.by} has not made the same decision"
    met = {("", None), *((_who(one), one.at) for one in since)}
    if outcome.kind is OutcomeKind.CONFLICT and (outcome.by, outcome.at) not in met:
        yield f"I2: {what} came to a conflict with {outcome.by}, who has done nothing at {outcome.at}"
    if outcome.kind is OutcomeKind.CONFLICT and as_seen and move and application.state in RULES[move].sources:
        yield f"I2: {what} came to a conflict, and nothing has happened since"
    is_there = application.institution_id == place and as_seen
    if outcome.code == FaultCode.APPLICATION_UNKNOWN and is_there:
        yield f"I2: {what} was refused as unknown, and stands there as its author saw it"


def _is_since(entry: HistoryEntry, command: Command) -> bool:
    """Return whether a step was made behind the author's back, perhaps under a number given twice after a restore."""
    return entry.version > command.base_version or (command.seen_at is not None and entry.at > command.seen_at)


def _who(entry: HistoryEntry) -> str:
    """Return by what name an answer tells of whoever made a step."""
    return _PARTIES.get(entry.role, entry.actor)


def _in_history(what: str, row: OutboxRow, outcome: Outcome, books: Books) -> Iterator[str]:
    """The application's history tells what its author decided, under his name, in his words (I2)."""
    move, application = MOVES.get(row.kind), books.applications.get(row.command.application_id)
    if move is None or application is None:
        return
    account = books.accounts.get(row.actor)
    told_of = [entry for entry in application.history if entry.version == outcome.version]
    wanted = (move, account.name if account is not None else "", _words(row.command))
    if [(entry.move, entry.actor, entry.reason) for entry in told_of] != [wanted]:
        yield f"I2: of {what} the history tells {[(one.move.value, one.actor, one.reason) for one in told_of]}"
    if told_of and told_of[-1] is application.history[-1] and application.state is not RULES[move].target:
        yield f"I2: after {what} the application is {application.state.value}"


def _words(command: Command) -> str:
    match command.body:
        case Agree(opinion=words) | Return(opinion=words) | Refuse(opinion=words) | WithdrawConsent(reason=words):
            return words
        case _:
            return ""
