"""The review sheet: everything the registrar sees of one application before he decides (``look.md`` §3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from medreg_core.domain.access import may_command
from medreg_core.domain.calendar import NotPublished
from medreg_core.domain.comparison import Group, compare
from medreg_core.domain.records import Application, Institution, Material
from medreg_core.domain.rules import Blocker, Check, MaterialState, material_list, material_state
from medreg_core.domain.states import rule_for
from medreg_core.domain.tables import RequiredMaterial
from medreg_core.domain.vocabulary import CommandKind, State
from medreg_desktop.services.cache import drafts, papers
from medreg_desktop.services.cache.applications import CachedApplication
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState
from medreg_desktop.services.cache.overlay import MOVES
from medreg_desktop.services.cache.papers import PrintRecord
from medreg_desktop.services.review.desk import Desk, on_the_desk
from medreg_desktop.services.search.conditions import RowSync

_TAKEN_BACK = frozenset({CommandKind.AGREE, CommandKind.RETURN, CommandKind.REFUSE})


@dataclass(frozen=True, slots=True)
class MaterialLine:
    """One line of the checklist with what is there."""

    required: RequiredMaterial
    material: Material
    state: MaterialState


@dataclass(frozen=True, slots=True)
class ReviewSheet:
    """One application on the desk. ``application`` is the server's row; all the rest is as it lies on the desk."""

    application: Application
    institution: Institution
    shown_state: State
    row_sync: RowSync
    comparison: tuple[Group, ...]
    checks: tuple[Check, ...]
    materials: tuple[MaterialLine, ...]
    blockers: tuple[Blocker, ...]  # of agreeing
    moves: frozenset[CommandKind]
    deadline: date | NotPublished | None
    draft: Draft | None
    draft_is_stale: bool  # written on an older content of the application
    decision: OutboxRow | None  # the own command whose effect is shown
    open_commands: tuple[OutboxRow, ...]
    prints: tuple[PrintRecord, ...]
    others_pending: int  # undecided commands of other registrars on this PC

    @property
    def conflict(self) -> OutboxRow | None:
        """The own command on this application that needs the registrar, newest first."""
        waiting = [row for row in self.open_commands if row.state is OutboxState.NEEDS_YOU]
        return waiting[-1] if waiting else None

    @property
    def may_agree(self) -> bool:
        """Whether 同意 is to be offered."""
        return CommandKind.AGREE in self.moves and not self.blockers


def build(desk: Desk, conn: Connection, cached: CachedApplication) -> ReviewSheet:
    """Return the sheet of an application with this registrar's draft laid over it."""
    application = cached.application
    institution = desk.institution(conn)
    draft = drafts.find(conn, application.id, desk.actor)
    draft_is_stale = draft is not None and not draft.is_on(application)
    ticked = draft.materials if draft is not None and not draft_is_stale else ()  # stale ticks are of other papers
    shown = on_the_desk(cached, ticked)
    verdict = desk.verdict(shown, institution)
    return ReviewSheet(
        application=application,
        institution=institution,
        shown_state=cached.shown_state,
        row_sync=cached.row_sync,
        comparison=compare(application, desk.tables),
        checks=verdict.checks,
        materials=tuple(_lines(shown, material_list(shown, desk.tables))),
        blockers=verdict.blockers,
        moves=moves_open(desk, cached),
        deadline=verdict.deadline,
        draft=draft,
        draft_is_stale=draft_is_stale,
        decision=cached.decision,
        open_commands=tuple(row for row in cached.commands if row.is_open),
        prints=tuple(papers.prints_of(conn, application.id, desk.actor)),
        others_pending=cached.others_pending,
    )


def moves_open(desk: Desk, cached: CachedApplication) -> frozenset[CommandKind]:
    """Return what this registrar may do to the application as it is shown."""
    return frozenset(
        kind
        for kind, move in MOVES.items()
        if may_command(desk.account.role, kind) and (rule_for(cached.shown_state, move) or _can_undo(kind, cached))
    )


def _can_undo(kind: CommandKind, cached: CachedApplication) -> bool:
    """Whether an own return or refusal can still be taken back: only while it has never left this device."""
    decision = cached.decision
    return kind is CommandKind.WITHDRAW_CONSENT and decision is not None and is_recallable(decision)


def is_recallable(decision: OutboxRow) -> bool:
    """Whether it is a decision that has certainly not reached the server, so that it can be cancelled here alone.

    What tells the register of sheets and codes is never taken back: they are about, whatever is said of them here.
    """
    waits = decision.state in {OutboxState.QUEUED, OutboxState.QUARANTINED}
    return waits and not decision.sent and decision.kind in _TAKEN_BACK


def _lines(application: Application, required: Iterable[RequiredMaterial]) -> Iterable[MaterialLine]:
    there = {material.code: material for material in application.materials}
    for line in required:
        yield MaterialLine(line, there.get(line.code, Material(line.code)), material_state(line, application))
