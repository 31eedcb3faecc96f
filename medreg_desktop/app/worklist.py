"""The search engine, the batches and the claims in the words of the screens that use them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from medreg_core.domain.tables import Tables
from medreg_desktop.services.faults import Problem
from medreg_desktop.services.review.service import ReviewService
from medreg_desktop.services.search.conditions import Query, Tab
from medreg_desktop.services.search.engine import Page, SearchEngine, SearchInterrupted, tab_counts
from medreg_desktop.services.search.router import Cursor
from medreg_desktop.services.texts.checks import refusal_sentence
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.views.applications.state import BatchDone, Ticked, Total


class EngineWorklist:
    """Implements the work list's ``Worklist``; asked on the search thread only, interrupted from any."""

    def __init__(self, engine: SearchEngine, reading: Callable[[], AbstractContextManager[None]]) -> None:
        """``reading`` guards each question: it raises KnownFault for what the database raises, and notes damage."""
        self._engine, self._reading = engine, reading

    def page(self, query: Query, after: object | None = None, limit: int = 100) -> Page:
        """Return the next rows."""
        assert after is None or isinstance(after, Cursor)
        with self._reading():
            return self._engine.page(query, after, limit)

    def count(self, query: Query) -> Total:
        """Return the capped count."""
        with self._reading():
            count = self._engine.capped_count(query)
        return Total(count.n, count.capped)

    def exact(self, query: Query) -> Total | None:
        """Return the exact count; None when it was interrupted."""
        try:
            with self._reading():
                return Total(self._engine.exact_count(query))
        except SearchInterrupted:
            return None

    def tabs(self, query: Query) -> Mapping[Tab, int]:
        """Return the number on each tab under the other conditions."""
        with self._reading():
            return tab_counts(self._engine.state_counts(replace(query, tab=None)))

    def interrupt(self) -> None:
        """Drop the question being answered."""
        self._engine.interrupt()


class ReviewBatches:
    """Implements the work list's ``Batches`` over the review service."""

    def __init__(self, reviews: ReviewService, tables: Tables, on_saved: Callable[[], None]) -> None:
        self._reviews, self._tables, self._on_saved = reviews, tables, on_saved

    def agree(
        self, ticked: Sequence[Ticked], progress: Callable[[int, int], None], cancelled: Callable[[], bool]
    ) -> BatchDone:
        """Agree one by one. What was done is told from what was ticked: the copy may be unreadable by then."""
        versions = {one.id: one.version for one in ticked}
        report = self._reviews.batch_agree(tuple(versions), progress, cancelled, versions=versions)
        if report.done:
            self._on_saved()
        names = {one.id: one.name for one in ticked}
        left = tuple((names[item.application_id], self._words(item.reasons)) for item in report.refused)
        return BatchDone(len(report.done), left, report.cancelled)

    def _words(self, reasons: Sequence[Problem]) -> str:
        return tr(", ").join(refusal_sentence(reason, self._tables).rstrip("。.") for reason in reasons)


class Telling:
    """The review service, telling after each act that was saved; called on the writer thread."""

    def __init__(self, reviews: ReviewService, on_saved: Callable[[], None]) -> None:
        self._reviews, self._on_saved = reviews, on_saved
        self.open = reviews.open
        self.save_draft = reviews.save_draft

    def decide(self, *arguments: Any) -> Any:
        """Decide, then tell."""
        receipt = self._reviews.decide(*arguments)
        self._on_saved()
        return receipt

    def withdraw(self, *arguments: Any) -> Any:
        """Take back, then tell."""
        receipt = self._reviews.withdraw(*arguments)
        self._on_saved()
        return receipt
