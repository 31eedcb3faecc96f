"""The review of applications: open, write, decide, take back, agree to many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from medreg_core.domain.records import Application, ApplicationId
from medreg_core.domain.vocabulary import CommandKind
from medreg_desktop.services.cache import drafts
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.faults import KnownFault, Problem
from medreg_desktop.services.review import deciding, sheet
from medreg_desktop.services.review.deciding import Decision, Receipt
from medreg_desktop.services.review.desk import Desk, Refused
from medreg_desktop.services.review.sheet import ReviewSheet


@dataclass(frozen=True, slots=True)
class NotDone:
    """An application of a batch that was left as it was, and why."""

    application_id: ApplicationId
    reasons: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What a batch did. Nothing is ever half done; what is not listed in ``done`` was not touched."""

    done: tuple[Receipt, ...]
    refused: tuple[NotDone, ...]
    cancelled: bool = False


_STOPS_A_BATCH = frozenset({"disk_full", "disk_trouble", "cache_damaged", "cache_read_only", "cache_locked"})
"""Faults after which trying the next application would only fail again."""


class ReviewService:
    """Use cases of the registrar's main job. Methods block for a few milliseconds: call them off the event loop."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def open(self, application_id: ApplicationId) -> ReviewSheet:
        """Return the sheet. Raises Refused ``application_gone``."""
        desk = self._desk
        return desk.store.read(lambda conn: sheet.build(desk, conn, desk.application(conn, application_id)))

    def save_draft(self, application_id: ApplicationId, draft: Draft) -> None:
        """Keep what has been typed so far; durable when this returns."""
        desk = self._desk
        desk.store.write(lambda conn: drafts.save(conn, application_id, desk.actor, draft, desk.clock.now()))

    def discard_draft(self, application_id: ApplicationId) -> None:
        """Forget what was typed."""
        self._desk.store.write(lambda conn: drafts.discard(conn, application_id, self._desk.actor))

    def decide(self, application_id: ApplicationId, decision: Decision) -> Receipt:
        """Save a decision; durable when this returns.

        Raises:
            Refused: with every reason; codes ``not_allowed``, ``content_changed``, ``state``, ``reason_missing``,
                ``check_failed``, ``material_missing``, ``original_unseen``, ``opinion_too_long``, ``application_gone``.
            KnownFault: ``form_numbers_used_up`` or from the store; nothing was saved.
        """
        return self._desk.store.write(lambda conn: deciding.decide(self._desk, conn, application_id, decision))

    def withdraw(self, application_id: ApplicationId, reason: str = "") -> Receipt:
        """Take back the own decision shown, or the institution's consent.

        Raises Refused ``state``, ``cannot_be_undone``, ``not_allowed``, ``application_gone``.
        """
        return self._desk.store.write(lambda conn: deciding.withdraw(self._desk, conn, application_id, reason))

    def batch_agree(
        self,
        ids: Sequence[ApplicationId],
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
        opinion: str = "",
        versions: Mapping[ApplicationId, int] | None = None,
    ) -> BatchReport:
        """Check each application and agree where nothing stands in the way, each in a transaction of its own.

        ``opinion`` "" takes the house's first phrase for the kind. ``versions``: in which the registrar has seen each;
        what has moved on since, even while the batch ran, is left to him. ``progress(done, total)`` is called on this
        thread.
        """
        seen = versions or {}
        done: list[Receipt] = []
        refused: list[NotDone] = []
        for position, application_id in enumerate(ids):
            if cancelled():
                return BatchReport(tuple(done), tuple(refused), cancelled=True)
            try:
                done.append(self._agree_one(application_id, opinion, seen.get(application_id)))
            except Refused as refusal:
                refused.append(NotDone(application_id, refusal.reasons))
            except KnownFault as fault:
                problem = Problem(fault.code, params=fault.params)
                if fault.code in _STOPS_A_BATCH:
                    refused += [NotDone(left, (problem,)) for left in ids[position:]]
                    return BatchReport(tuple(done), tuple(refused))
                refused.append(NotDone(application_id, (problem,)))
            progress(position + 1, len(ids))
        return BatchReport(tuple(done), tuple(refused))

    def _agree_one(self, application_id: ApplicationId, opinion: str, version: int | None) -> Receipt:
        def agree(conn: Connection) -> Receipt:
            application = self._desk.application(conn, application_id).application
            if version not in (None, application.version):
                raise Refused(Problem("changed_since_ticked"))
            draft = drafts.find(conn, application_id, self._desk.actor)
            ticked = draft.materials if draft and draft.is_on(application) else ()
            words = opinion or self._usual_opinion(application)
            decision = Decision(CommandKind.AGREE, application.content_version, words, ticked)
            return deciding.decide(self._desk, conn, application_id, decision)

        return self._desk.store.write(agree)

    def _usual_opinion(self, application: Application) -> str:
        """Return the first phrase of the house for the kind that needs nothing filled in."""
        phrases = self._desk.tables.phrases.for_agreeing(application.kind, application.change_part)
        return next((phrase for phrase in phrases if "{" not in phrase), "")
