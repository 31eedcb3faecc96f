"""Makes the applications of the demo: content by kind, a legal history, papers, and what the register holds of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import Final

from medreg_core.domain.deadlines import china_date
from medreg_core.domain.forms import content_digest
from medreg_core.domain.ids import uuid7
from medreg_core.domain.records import (
    Application,
    ApplicationId,
    Material,
    PhysicianId,
    Qualification,
)
from medreg_core.domain.rules import material_list
from medreg_core.domain.states import OPEN
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import ChangePart, Kind, State
from medreg_server.services.demo.cases import Case
from medreg_server.services.demo.contents import Applicants, Content
from medreg_server.services.demo.flaws import Flaw, can_have, spoil
from medreg_server.services.demo.people import PracticeSerials
from medreg_server.services.demo.province import HOME, Hospital
from medreg_server.services.demo.register import Held, approved_on, held_now
from medreg_server.services.demo.timeline import Progress, happened, moves_to

_ASKED_ORIGIN: Final = frozenset({ChangePart.PLACE, ChangePart.MAIN_INSTITUTION})
_PAGES: Final = {"photo": 1, "employment_proof": 1, "leaving_proof": 1}


@dataclass(frozen=True, slots=True)
class Filed:
    """An application with what the register holds of its applicant besides."""

    application: Application
    digest: str  # of the content as the institution read it: an approval writes the new registration into it
    flaw: Flaw | None
    qualifications: tuple[Qualification, ...]
    held: tuple[Held, ...]  # as the register holds them today, after an approval


class Filings:
    """Makes applications to one hospital, each by a physician of its own."""

    def __init__(
        self, rng: Random, today: date, tables: Tables, serials: PracticeSerials, hospital: Hospital = HOME
    ) -> None:
        self._rng = rng
        self._today = today
        self._tables = tables
        self._serials = serials
        self._hospital = hospital
        self._applicants = Applicants(rng, today, serials, hospital)

    def filed(self, cases: Iterable[Case]) -> Iterator[Filed]:
        """Yield an application for each case."""
        return map(self._file, cases)

    def elsewhere(self, filed: Filed, other: Hospital) -> Filed:
        """Return one more application of the same physician, waiting at another hospital since the same moment."""
        here = filed.application
        first = here.history[0]
        institution = other.institution
        request = replace(here.request, institution_name=institution.name, institution_code=institution.code)
        application = replace(
            here,
            id=ApplicationId(uuid7(int(first.at.timestamp() * 1000), self._rng.randbytes(10))),
            institution_id=institution.id,
            kind=Kind.REGISTRATION if here.registration is None else Kind.MULTI_SITE_FILING,
            change_part=None,
            state=State.SUBMITTED,
            version=1,
            content_version=1,
            submitted_at=first.at,
            request=request,
            history=(first,),
        )
        return replace(filed, application=application, flaw=None)

    def _file(self, case: Case) -> Filed:
        progress = happened(self._rng, moves_to(self._rng, case.state), self._tables.calendar, self._today, case.age)
        content = self._content(case, progress)
        application = self._with_papers(self._application(case, progress, content))
        flaw = case.flaw or (self._any_flaw(application) if case.is_flawed else None)
        if flaw is not None:
            application = spoil(application, flaw)
        held = held_now(application, content, self._hospital, self._serials)
        digest = content_digest(application)
        if approved_on(application) is not None:
            application = replace(application, registered=held[0].registration)
        assert application.qualification is not None
        return Filed(application, digest, flaw, (application.qualification, *content.earlier), held)

    def _content(self, case: Case, progress: Progress) -> Content:
        assert progress.submitted_at is not None
        submitted_on = china_date(progress.submitted_at)
        return self._applicants.content(case.kind, case.part, submitted_on, case.cast)

    def _application(self, case: Case, progress: Progress, content: Content) -> Application:
        assert progress.submitted_at is not None
        first = int(progress.history[0].at.timestamp() * 1000)
        return Application(
            id=ApplicationId(uuid7(first, self._rng.randbytes(10))),
            institution_id=self._hospital.institution.id,
            physician_id=PhysicianId(uuid7(first, self._rng.randbytes(10))),
            kind=case.kind,
            state=progress.state,
            version=progress.version,
            content_version=progress.content_version,
            submitted_at=progress.submitted_at,
            person=content.person,
            qualification=content.qualification,
            registration=content.registration,
            request=content.request,
            statement=content.statement,
            change_part=case.part,
            history=progress.history,
            accepted_on=progress.accepted_on,
            opinion=progress.opinion,
            decided_by=progress.decided_by,
            decided_at=progress.decided_at,
            notes=progress.notes,
            other_pending=0 if progress.state in OPEN else None,
            origin_agrees=True if case.part in _ASKED_ORIGIN else None,
        )

    def _with_papers(self, application: Application) -> Application:
        """Return the application with every paper asked for, its original seen."""
        required = material_list(application, self._tables)
        papers = tuple(
            Material(line.code, _PAGES.get(line.code, 2), line.needs_original, line.copies)
            for line in required
            if not line.after_agreement
        )
        return replace(application, materials=papers)

    def _any_flaw(self, application: Application) -> Flaw | None:
        possible = [flaw for flaw in Flaw if can_have(application, flaw)]
        return self._rng.choice(possible) if possible else None
