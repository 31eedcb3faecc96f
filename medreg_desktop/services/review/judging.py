"""Counts what the rules say of an application for the work list; runs when a row arrives, not when it is drawn."""

from __future__ import annotations

from collections import Counter
from datetime import date

from medreg_core.domain.calendar import NotPublished
from medreg_core.domain.deadlines import china_date, review_deadline
from medreg_core.domain.records import Application, Institution
from medreg_core.domain.rules import MaterialState, ReviewContext, check, material_list, material_state
from medreg_core.domain.states import OPEN
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import CheckResult
from medreg_desktop.services.cache.synced import ReviewFacts
from medreg_desktop.services.ports import Clock


class Judging:
    """The ``Judge`` of the real program; used on the cache's writer thread."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock
        # What keeps from agreeing is what the list counts as not there: the batch bar must not promise it.
        unseen = {MaterialState.ORIGINAL_UNSEEN} if tables.rules.originals_before_agreement else set()
        self._blocking = {MaterialState.MISSING, *unseen}

    def __call__(self, application: Application, institution: Institution | None) -> ReviewFacts:
        """Return the counts. An application that is done is not judged any more: its deadline and gaps bind nobody."""
        if application.state not in OPEN:
            return ReviewFacts()
        deadline = review_deadline(application, self._tables.calendar, self._tables)
        results = self._results(application, institution)
        states = [
            material_state(required, application)
            for required in material_list(application, self._tables)
            if not required.optional and not required.after_agreement
        ]
        return ReviewFacts(
            passed=results[CheckResult.PASS],
            failed=results[CheckResult.FAIL],
            unknown=results[CheckResult.UNKNOWN],
            have=sum(state not in self._blocking for state in states),
            need=len(states),
            deadline=deadline if isinstance(deadline, date) else None,
            deadline_unpublished=isinstance(deadline, NotPublished),
        )

    def _results(self, application: Application, institution: Institution | None) -> Counter[CheckResult]:
        if institution is None:
            return Counter()
        today = china_date(self._clock.now())
        context = ReviewContext(today, self._tables, self._tables.calendar, institution, online=False)
        return Counter(answer.result for answer in check(application, context))
