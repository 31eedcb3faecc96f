"""One institution's applications in any number, for benchmarks of the desktop's search and cache.

Names, numbers and wards are drawn for every row; what the list does not sort or search by (history, statement, papers)
is shared by the rows of one pattern, because making it anew for a million rows would take minutes and prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import chain, islice
from random import Random
from typing import Final

from medreg_core.domain.records import (
    Application,
    ApplicationId,
    PhysicianId,
    Qualification,
    Registration,
)
from medreg_core.domain.tables import Tables
from medreg_server.services.demo.applications import Filings
from medreg_server.services.demo.cases import live_cases, past_cases
from medreg_server.services.demo.people import SETTLED, Candidate, PracticeSerials, candidates, qualify

_PATTERNS: Final = 3_000
_LIVE_SHARE: Final = 900  # of the patterns: the rest are finished applications


def worklist_applications(count: int, seed: int, *, tables: Tables, today: date) -> Iterator[Application]:
    """Yield ``count`` applications to the home hospital, each by another physician; the same for the same arguments."""
    rng = Random(seed)  # noqa: S311 - invented data must be repeatable, not secret
    serials = PracticeSerials()
    patterns = _patterns(rng, tables, today)
    people = (person for person in candidates(rng, today, SETTLED) if person.ward.department in patterns)
    for candidate in islice(people, count):
        pattern = rng.choice(patterns[candidate.ward.department])
        yield _like(pattern, candidate, serials)


def _patterns(rng: Random, tables: Tables, today: date) -> dict[str, list[Application]]:
    live = chain.from_iterable(live_cases(rng) for _ in range(_LIVE_SHARE // 300))
    cases = chain(live, islice(past_cases(rng), _PATTERNS - _LIVE_SHARE))
    patterns: dict[str, list[Application]] = {}
    for filed in Filings(rng, today, tables, PracticeSerials()).filed(cases):
        patterns.setdefault(filed.application.request.department, []).append(filed.application)
    return patterns


def _like(pattern: Application, candidate: Candidate, serials: PracticeSerials) -> Application:
    """Return an application of ``candidate`` that otherwise is as ``pattern``, spelt out: ``replace`` is slow."""
    prefix = pattern.id[:16]  # the moment and the version of a UUIDv7; the rest numbers the row
    return Application(
        id=ApplicationId(f"{prefix}8{candidate.number:015x}"),
        institution_id=pattern.institution_id,
        physician_id=PhysicianId(f"{prefix}9{candidate.number:015x}"),
        kind=pattern.kind,
        state=pattern.state,
        version=pattern.version,
        content_version=pattern.content_version,
        submitted_at=pattern.submitted_at,
        person=candidate.person,
        qualification=_qualification(pattern, candidate),
        registration=_registration(pattern, candidate, serials),
        request=pattern.request,
        statement=pattern.statement,
        change_part=pattern.change_part,
        materials=pattern.materials,
        history=pattern.history,
        accepted_on=pattern.accepted_on,
        opinion=pattern.opinion,
        decided_by=pattern.decided_by,
        decided_at=pattern.decided_at,
        notes=pattern.notes,
        other_pending=pattern.other_pending,
        origin_agrees=pattern.origin_agrees,
    )


def _qualification(pattern: Application, candidate: Candidate) -> Qualification:
    held = pattern.qualification
    assert held is not None
    return qualify(candidate.person, candidate.ward, held.level, held.obtained_on)


def _registration(pattern: Application, candidate: Candidate, serials: PracticeSerials) -> Registration | None:
    held = pattern.registration
    if held is None:
        return None
    return Registration(
        practice_code=serials.next_code(held.level, candidate.ward.exam_category),
        state=held.state,
        level=held.level,
        category=held.category,
        scopes=held.scopes,
        place=held.place,
        institution_name=held.institution_name,
        institution_code=held.institution_code,
        department=held.department,
        registered_on=held.registered_on,
        practising_until=held.practising_until,
        assessment=held.assessment,
        assessment_passed=held.assessment_passed,
        sites=held.sites,
        education=held.education,
        title=held.title,
        phone=candidate.person.phone,
    )
