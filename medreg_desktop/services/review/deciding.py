"""Decides and takes back inside one transaction: command, number, audit line, draft and overlay stand together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from medreg_core.contract.v1.commands import Agree, Command, CommandBody, Refuse, Return, WithdrawConsent
from medreg_core.domain.access import may_command
from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import Application, ApplicationId, CommandId, Material
from medreg_core.domain.states import RULES, rule_for
from medreg_core.domain.vocabulary import CommandKind, State
from medreg_desktop.services.cache import applications, commands, drafts, leases, outbox, papers, sync_state
from medreg_desktop.services.cache.applications import CachedApplication
from medreg_desktop.services.cache.audit import AuditLine
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState, Resolution
from medreg_desktop.services.cache.overlay import MOVES
from medreg_desktop.services.cache.papers import IssuedForm
from medreg_desktop.services.faults import Problem
from medreg_desktop.services.review.desk import Desk, Refused, on_the_desk
from medreg_desktop.services.review.sheet import is_recallable

LONGEST_OPINION: Final = 150
"""Characters of an opinion that every form holds whole, in a size that can be read; a longer one would be cut."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the registrar has decided, and on which content of the application."""

    kind: CommandKind  # agree, return or refuse
    content_version: int
    opinion: str = ""
    materials: tuple[Material, ...] = ()
    digest: str = ""  # of what he read: after a restore another content may bear its number; "" for none in particular

    def is_on(self, application: Application) -> bool:
        """Return whether the application still is what the registrar has read."""
        if self.content_version != application.content_version:
            return False
        return not self.digest or self.digest == content_digest(application)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of a saved act: the line of the local audit and its hash (``sync.md`` §3, decision receipt)."""

    application_id: ApplicationId
    command_id: CommandId | None  # None: the act needed no command, a decision never sent was taken back
    shown_state: State | None  # None: the application has left the institution meanwhile
    form_number: str
    audit_line: int
    audit_hash: str
    saved_at: datetime


def decide(desk: Desk, conn: Connection, application_id: ApplicationId, decision: Decision) -> Receipt:
    """Save a decision. Raises Refused with every reason that stands in the way, KnownFault ``form_numbers_used_up``."""
    cached = desk.application(conn, application_id)
    problems = _problems(desk, conn, cached, decision)
    if problems:
        raise Refused(*problems)
    command_id = desk.new_command_id()
    body = _body(desk, conn, cached, decision, command_id)
    line = _save(desk, conn, cached, command_id, body)
    _replace_answered(desk, conn, cached)
    drafts.discard(conn, application_id, desk.actor)
    number = body.form_number if isinstance(body, Agree) else ""
    return _receipt(desk, conn, application_id, command_id, number, line)


def withdraw(desk: Desk, conn: Connection, application_id: ApplicationId, reason: str) -> Receipt:
    """Take back the shown decision: by cancelling what never left this device, else by 撤回同意.

    Raises Refused ``state`` if there is nothing to take back, ``cannot_be_undone`` for a return or refusal already
    sent.
    """
    cached = desk.application(conn, application_id)
    decision = cached.decision
    if not may_command(desk.account.role, CommandKind.WITHDRAW_CONSENT):
        raise Refused(Problem("not_allowed"))
    if decision is not None and is_recallable(decision):
        return cancel(desk, conn, decision)
    if cached.shown_state in {State.RETURNED, State.REFUSED} and decision is not None:
        raise Refused(Problem("cannot_be_undone"))
    if rule_for(cached.shown_state, MOVES[CommandKind.WITHDRAW_CONSENT]) is None:
        raise Refused(Problem("state", params={"state": cached.shown_state}))
    command_id = desk.new_command_id()
    line = _save(desk, conn, cached, command_id, WithdrawConsent(reason=reason))
    return _receipt(desk, conn, application_id, command_id, "", line)


def cancel(desk: Desk, conn: Connection, decision: OutboxRow) -> Receipt:
    """Cancel a decision that never left this device; what was written in it becomes the draft again."""
    command, now = decision.command, desk.clock.now()
    line = commands.close(conn, command.id, Resolution.CANCELLED, now)
    draft = draft_as_read(conn, decision)
    if draft is not None:
        drafts.save(conn, command.application_id, desk.actor, draft, now)
    return _receipt(desk, conn, command.application_id, None, "", line)


def draft_as_read(conn: Connection, decision: OutboxRow) -> Draft | None:
    """Return a decision as :func:`draft_of`; a return or refusal does not say itself which content it was made on."""
    draft, read = draft_of(decision.command, decision.kind), commands.basis_of(conn, decision.command.id)
    if draft is None or read is None:
        return draft
    return msgspec.structs.replace(draft, content_version=read.content_version, digest=content_digest(read))


def draft_of(command: Command, kind: CommandKind) -> Draft | None:
    """Return a decision as the draft it came from; None for commands that decide nothing."""
    match command.body:
        case Agree(content_version=version, opinion=opinion, materials=materials, digest=digest):
            return Draft(content_version=version, decision=kind, opinion=opinion, materials=materials, digest=digest)
        case Return(opinion=reason, materials=materials):
            return Draft(content_version=0, decision=kind, reason=reason, materials=materials)
        case Refuse(opinion=reason):
            return Draft(content_version=0, decision=kind, reason=reason)
        case _:
            return None


def _problems(desk: Desk, conn: Connection, cached: CachedApplication, decision: Decision) -> list[Problem]:
    rule = RULES[MOVES[decision.kind]]
    if not may_command(desk.account.role, decision.kind):
        return [Problem("not_allowed")]
    if not decision.is_on(cached.application):
        return [Problem("content_changed")]
    if cached.shown_state not in rule.sources:
        return [Problem("state", params={"state": cached.shown_state})]
    problems = []
    if rule.needs_reason and not decision.opinion.strip():
        problems.append(Problem("reason_missing", field="reason"))
    if decision.kind is CommandKind.AGREE:
        if len(decision.opinion) > LONGEST_OPINION:
            params = {"length": str(len(decision.opinion)), "most": str(LONGEST_OPINION)}
            problems.append(Problem("opinion_too_long", field="opinion", params=params))
        shown = on_the_desk(cached, decision.materials)
        blockers = desk.verdict(shown, desk.institution(conn)).blockers
        problems += [Problem(blocker.code, params=blocker.params) for blocker in blockers]
    return problems


def _body(
    desk: Desk, conn: Connection, cached: CachedApplication, decision: Decision, command_id: CommandId
) -> CommandBody:
    match decision.kind:
        case CommandKind.AGREE:
            return _consent(desk, conn, cached, decision, command_id)
        case CommandKind.RETURN:
            return Return(opinion=decision.opinion, materials=decision.materials)
        case CommandKind.REFUSE:
            return Refuse(opinion=decision.opinion)
        case _:
            raise ValueError(decision.kind)


def _consent(
    desk: Desk, conn: Connection, cached: CachedApplication, decision: Decision, command_id: CommandId
) -> Agree:
    application = cached.application
    number = leases.take(conn, desk.today().year, sync_state.server_time(conn, desk.clock.now()))
    digest = content_digest(application)
    papers.issue(
        conn,
        IssuedForm(
            number,
            application.id,
            command_id,
            desk.actor,
            digest,
            application.content_version,
            desk.clock.now(),
        ),
    )
    return Agree(
        content_version=application.content_version,
        opinion=decision.opinion,
        materials=decision.materials or application.materials,
        form_number=number,
        digest=digest,
    )


def _save(
    desk: Desk, conn: Connection, cached: CachedApplication, command_id: CommandId, body: CommandBody
) -> AuditLine:
    now = desk.clock.now()
    before = cached.decision
    waits_for = before.command.id if before is not None and before.is_open else None
    command = Command(
        id=command_id,
        application_id=cached.application.id,
        base_version=cached.next_base_version,
        seen_at=cached.seen_at,
        made_at=now,
        body=body,
        depends_on=waits_for,
    )
    return commands.save(conn, command, desk.actor, now, basis=cached.application)


def _replace_answered(desk: Desk, conn: Connection, cached: CachedApplication) -> None:
    """Close earlier decisions the server refused, or never took: the new one takes their place."""
    for row in cached.commands:
        if (row.state is OutboxState.NEEDS_YOU or row.is_corrected) and row.kind in MOVES:
            commands.close(conn, row.command.id, Resolution.REPLACED, desk.clock.now())


def _receipt(
    desk: Desk,
    conn: Connection,
    application_id: ApplicationId,
    command_id: CommandId | None,
    number: str,
    line: AuditLine,
) -> Receipt:
    shown = applications.get(conn, application_id, desk.actor)
    state = shown.shown_state if shown is not None else None
    at = datetime.fromisoformat(line.at)
    return Receipt(application_id, command_id, state, number, line.n, line.hash, at)


def own_row(desk: Desk, conn: Connection, command_id: CommandId) -> OutboxRow:
    """Return one of the registrar's own commands. Raises Refused ``not_yours``; another's are not even shown."""
    row = outbox.find(conn, command_id)
    if row is None or row.actor != desk.actor:
        raise Refused(Problem("not_yours"))
    return row
