"""The outbox as the registrar works with it: what waits and why, retry, edit, withdraw; conflicts in both versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from medreg_core.contract.v1.commands import Outcome
from medreg_core.domain.comparison import Group, Shown, compare
from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import Application, ApplicationId, CommandId
from medreg_core.domain.states import moves_from
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import Kind, Role
from medreg_desktop.services.cache import applications, commands, drafts, outbox, outbox_moves, sync_state, synced
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.cache.outbox import OutboxCounts, OutboxRow, OutboxState, Resolution
from medreg_desktop.services.cache.synced import Judge, ServerRow
from medreg_desktop.services.faults import Problem
from medreg_desktop.services.review import deciding, sheet
from medreg_desktop.services.review.deciding import Decision, Receipt
from medreg_desktop.services.review.desk import Desk, Refused
from medreg_desktop.services.review.sheet import ReviewSheet, is_recallable


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One command with the words the list needs. Name and kind are empty when the application has left the scope."""

    row: OutboxRow
    applicant: str
    kind: Kind | None
    can_retry: bool
    can_edit: bool
    can_cancel: bool  # never sent: taking it back costs nothing
    can_drop: bool  # answered with no: may be given up
    foreseen: Outcome | None = None  # what a rehearsal says that would need the registrar


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that is no longer what the registrar had read."""

    group: str
    field: str
    read: Shown
    now: Shown


@dataclass(frozen=True, slots=True)
class Conflict:
    """My decision beside the register, for one command the server did not take."""

    row: OutboxRow
    read: Application | None  # as I had it before me; None if it is not kept any more
    current: Application | None  # as the register holds it; None if it has left the scope
    changes: tuple[FieldChange, ...]
    by: str  # a registrar's name, "applicant", "commission", or "" if the server did not say
    at: datetime | None
    code: str  # fault code of the answer
    can_review_again: bool
    can_take_back: bool = False  # never sent: taking it back costs nothing
    is_foreseen: bool = False  # rehearsed, not answered: nothing of it is kept
    params: Mapping[str, str] = field(default_factory=dict)  # of the fault code


class OutboxDesk:
    """Use cases of 同步中心. Only the registrar's own commands; of others the counts."""

    def __init__(self, desk: Desk, judge: Judge) -> None:
        self._desk = desk
        self._judge = judge

    def counts(self) -> OutboxCounts:
        """Return what waits, by state; another registrar's as one number."""
        return self._desk.store.read(lambda conn: outbox.counts(conn, self._desk.actor))

    def items(self, *, open_only: bool = True) -> list[OutboxItem]:
        """Return the commands in the order they were made; all of them newest first with ``open_only=False``."""

        def work(conn: Connection) -> list[OutboxItem]:
            return [_item(conn, row) for row in outbox.rows(conn, self._desk.actor, open_only=open_only)]

        return self._desk.store.read(work)

    def answered(self, limit: int) -> list[OutboxItem]:
        """Return the newest commands that are closed, the newest first."""

        def work(conn: Connection) -> list[OutboxItem]:
            return [_item(conn, row) for row in outbox.closed(conn, self._desk.actor, limit)]

        return self._desk.store.read(work)

    def retry(self, ids: Sequence[CommandId] = ()) -> None:
        """Make commands due at once, quarantined ones by name only; without ids all that wait for their moment."""

        def work(conn: Connection) -> None:
            rows = [deciding.own_row(self._desk, conn, command_id) for command_id in ids]
            outbox_moves.retry_now(conn, ids, actor=self._desk.actor)
            applications.refresh(conn, [row.command.application_id for row in rows])

        self._desk.store.write(work)

    def cancel(self, command_id: CommandId) -> Receipt:
        """Take back a decision that never left this device.

        Raises Refused ``already_sent``, ``settled_meanwhile``, ``not_yours``; ``cannot_be_undone`` for what tells of
        sheets and codes.
        """

        def work(conn: Connection) -> Receipt:
            return deciding.cancel(self._desk, conn, self._recallable(conn, command_id))

        return self._desk.store.write(work)

    def edit(self, command_id: CommandId, decision: Decision) -> Receipt:
        """Put another decision in the place of one that never left this device, in one transaction.

        Raises Refused as :meth:`ReviewService.decide`, and ``already_sent``: what the server may know is withdrawn
        first.
        """

        def work(conn: Connection) -> Receipt:
            row = self._recallable(conn, command_id)
            deciding.cancel(self._desk, conn, row)
            return deciding.decide(self._desk, conn, row.command.application_id, decision)

        return self._desk.store.write(work)

    def drop(self, command_id: CommandId) -> None:
        """Give up a command the server did not take, or one in quarantine.

        Raises Refused ``still_on_its_way``, ``settled_meanwhile``.
        """

        def work(conn: Connection) -> None:
            row = self._open_row(conn, command_id)
            if row.state not in {OutboxState.NEEDS_YOU, OutboxState.QUARANTINED}:
                raise Refused(Problem("still_on_its_way"))
            commands.close(conn, command_id, Resolution.DROPPED, self._desk.clock.now())

        self._desk.store.write(work)

    def conflict(self, command_id: CommandId, foreseen: Outcome | None = None) -> Conflict:
        """Return both versions of what a command was refused for, or by a rehearsal would be. Raises ``not_yours``."""
        return self._desk.store.read(lambda conn: self._conflict(conn, command_id, foreseen))

    def review_again(self, command_id: CommandId) -> ReviewSheet:
        """Open the application as it is now, with the words of the refused decision as the draft.

        The refused command stays in sight until the new decision takes its place, or it is dropped. One in quarantine
        shows no effect from here on: else the new decision would be built upon it.
        Raises Refused ``not_yours``, ``application_gone``.
        """

        def work(conn: Connection) -> ReviewSheet:
            row = deciding.own_row(self._desk, conn, command_id)
            self._take_current(conn, row)
            if row.state is OutboxState.QUARANTINED:
                outbox_moves.quarantine(conn, command_id, outbox.CORRECTING)
                applications.refresh(conn, [row.command.application_id])
            cached = self._desk.application(conn, row.command.application_id)
            self._keep_words(conn, row, cached.application)
            return sheet.build(self._desk, conn, cached)

        return self._desk.store.write(work)

    def _recallable(self, conn: Connection, command_id: CommandId) -> OutboxRow:
        row = self._open_row(conn, command_id)
        if not is_recallable(row):
            raise Refused(Problem("already_sent" if row.sent else "cannot_be_undone"))
        return row

    def _open_row(self, conn: Connection, command_id: CommandId) -> OutboxRow:
        """Return a command that still waits; the list may have been read before its answer came."""
        row = deciding.own_row(self._desk, conn, command_id)
        if not row.is_open:
            raise Refused(Problem("settled_meanwhile"))
        return row

    def _conflict(self, conn: Connection, command_id: CommandId, foreseen: Outcome | None) -> Conflict:
        row = deciding.own_row(self._desk, conn, command_id)
        outcome = row.outcome or foreseen
        told = foreseen.current if foreseen is not None and row.outcome is None else _told_with(conn, row)
        current = _newest(synced.find(conn, row.command.application_id), told)
        read = commands.basis_of(conn, command_id)
        changes = changed_fields(read, current, self._desk.tables) if read and current else ()
        return Conflict(
            row,
            read,
            current,
            changes,
            by=outcome.by if outcome else "",
            at=outcome.at if outcome else None,
            code=foreseen.code if foreseen is not None and row.outcome is None else row.last_cause,
            params=outcome.params if outcome else {},
            can_take_back=is_recallable(row),
            is_foreseen=row.outcome is None and foreseen is not None,
            can_review_again=current is not None
            and bool(moves_from(current.state, Role.REGISTRAR))
            and deciding.draft_of(row.command, row.kind) is not None,
        )

    def _take_current(self, conn: Connection, row: OutboxRow) -> None:
        """Show the register's row that came with the answer, if the feed has not brought it yet.

        One that has left since is not brought back: the feed has told all that it will ever tell of it.
        """
        current = _told_with(conn, row)
        if current is not None and synced.find(conn, current.id) is not None:
            body = synced.encode_application(current)
            row_of_wire = ServerRow("application", current.id, current.version, body)
            synced.put(conn, synced.judged([row_of_wire], self._judge, self._desk.institution(conn)))

    def _keep_words(self, conn: Connection, row: OutboxRow, application: Application) -> None:
        words = deciding.draft_as_read(conn, row)
        if words is None or drafts.find(conn, application.id, self._desk.actor) is not None:
            return
        draft = Draft(
            content_version=application.content_version,
            decision=words.decision,
            opinion=words.opinion,
            reason=words.reason,
            materials=words.materials if words.is_on(application) else (),  # else they were ticked on other papers
            digest=content_digest(application),
        )
        drafts.save(conn, application.id, self._desk.actor, draft, self._desk.clock.now())


def changed_fields(read: Application, current: Application, tables: Tables) -> tuple[FieldChange, ...]:
    """Return the fields of the sheet whose applied value is another one now, in the order of the sheet."""
    before = _applied(compare(read, tables))
    after = _applied(compare(current, tables))
    fields = list(dict.fromkeys([*before, *after]))
    return tuple(
        FieldChange(group, field, before.get((group, field)), after.get((group, field)))
        for group, field in fields
        if before.get((group, field)) != after.get((group, field))
    )


def _applied(groups: Sequence[Group]) -> dict[tuple[str, str], Shown]:
    return {(group.code, row.field): row.applied for group in groups for row in group.rows}


def _told_with(conn: Connection, row: OutboxRow) -> Application | None:
    """Return the register's row that came with the answer; one of before a restore may be lost, whatever its number."""
    is_of_this_epoch = row.epoch == sync_state.read(conn).epoch
    return row.outcome.current if row.outcome is not None and is_of_this_epoch else None


def _newest(cached: Application | None, told: Application | None) -> Application | None:
    """Return the newer row; None of an application that has left, whatever was told of it before."""
    return told if cached is not None and told is not None and told.version > cached.version else cached


def _item(conn: Connection, row: OutboxRow) -> OutboxItem:
    application = synced.find(conn, ApplicationId(row.command.application_id))
    recallable = is_recallable(row)
    return OutboxItem(
        row,
        applicant=application.person.name if application else "",
        kind=application.kind if application else None,
        can_retry=row.state in {OutboxState.QUEUED, OutboxState.DEFERRED, OutboxState.QUARANTINED},
        can_edit=recallable,
        can_cancel=recallable,
        can_drop=row.state in {OutboxState.NEEDS_YOU, OutboxState.QUARANTINED},
    )
