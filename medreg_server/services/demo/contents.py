"""What an applicant of each kind writes: the person, what they hold, and what they ask of the institution.

Everything here is in order; :mod:`medreg_server.services.demo.flaws` spoils some of it afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Final, assert_never

from medreg_core.domain.codes.institution_code import make_institution_code
from medreg_core.domain.codes.practice_code import make_practice_code
from medreg_core.domain.records import Experience, Person, Qualification, Registration, Request, Statement
from medreg_core.domain.vocabulary import ChangePart, Kind, Level
from medreg_server.services.demo.cases import CastMember
from medreg_server.services.demo.people import (
    SETTLED,
    YOUNG,
    Candidate,
    PracticeSerials,
    candidates,
    employ,
    place,
    qualify,
)
from medreg_server.services.demo.province import COUNTY, HOME, NEIGHBOUR, Hospital, Ward

_ELSEWHERE: Final = (("37", "山东示例医院"), ("32", "江苏示例医院"), ("61", "陕西示例医院"), ("42", "湖北示例医院"))
_LEAVING_REASONS: Final = {
    Kind.CANCELLATION: ("退休，不再从事医师执业活动。", "本人申请注销注册。"),
    Kind.DEPARTURE_FILING: ("调离本院，办理离岗备案。", "退职，办理离岗备案。"),
    Kind.TRANSFER_TO_MILITARY: ("应征入伍，变更到军队医疗机构。",),
    Kind.MULTI_PLACE_WITHDRAWAL: ("不再多地点执业，保留本院注册。",),
}
_MILITARY_UNIT: Final = "军队示例医院"  # who receives a physician who goes to the army: not of the civil register
_TITLE_BEFORE: Final = {"主任医师": "副主任医师", "副主任医师": "主治医师", "主治医师": "住院医师"}
_ASSISTANT_SCHOOL: Final = ("31", "示例医学高等专科学校")


@dataclass(frozen=True, slots=True)
class Content:
    """The applicant's part of an application, and the hospital of the demo where they are registered now, if any."""

    person: Person
    qualification: Qualification
    registration: Registration | None
    request: Request
    statement: Statement
    registered_at: Hospital | None = None
    earlier: tuple[Qualification, ...] = ()  # held besides the one applied with


class Applicants:
    """Supplies applicants to one hospital, each a new person, with the content of the application they make."""

    def __init__(self, rng: Random, today: date, serials: PracticeSerials, hospital: Hospital = HOME) -> None:
        self._rng = rng
        self._today = today
        self._serials = serials
        self._hospital = hospital
        self._young = candidates(rng, today, YOUNG)
        self._settled = candidates(rng, today, SETTLED)

    def content(
        self, kind: Kind, part: ChangePart | None, submitted_on: date, cast: CastMember | None = None
    ) -> Content:
        """Return an application's content as it stood on ``submitted_on``, by a member of the cast or anybody."""
        if kind is Kind.CHANGE:
            assert part is not None
            return self._change(part, submitted_on, cast)
        if kind in _LEAVING_REASONS:
            return self._leaving(kind, submitted_on, cast)
        makers: dict[Kind, Callable[[date, CastMember | None], Content]] = {
            Kind.REGISTRATION: self._first_registration,
            Kind.ASSISTANT_UPGRADE: self._upgrade,
            Kind.MULTI_SITE_FILING: self._filing,
            Kind.MULTI_SITE_WITHDRAWAL: self._end_of_filing,
            Kind.TRANSFER_FROM_MILITARY: self._from_military,
        }
        return makers[kind](submitted_on, cast)

    def _first_registration(self, submitted_on: date, cast: CastMember | None) -> Content:
        """Newly qualified within the last two years, never registered (医师法 Art. 13)."""
        candidate = self._applicant(self._young, cast, keeps_level=True)
        obtained_on = submitted_on - timedelta(days=self._rng.randint(10, 500))
        assert candidate.person.graduated_on is not None
        graduated_on = min(candidate.person.graduated_on, date(obtained_on.year - 1, 6, 30))
        candidate = replace(candidate, person=replace(candidate.person, graduated_on=graduated_on))
        qualification = qualify(candidate.person, candidate.ward, candidate.level, obtained_on)
        return self._content(candidate, qualification, None, submitted_on)

    def _upgrade(self, submitted_on: date, cast: CastMember | None) -> Content:
        """An assistant of this hospital who passed the physicians' exam (domain.md §6.3)."""
        candidate = self._applicant(self._settled, cast)
        education, school = _ASSISTANT_SCHOOL
        person = replace(candidate.person, education=education, degree="", school=school, title="医士")
        assistant = replace(candidate, person=person, level=Level.ASSISTANT)
        held = employ(assistant, self._today, self._serials)
        obtained_on = submitted_on - timedelta(days=self._rng.randint(10, 300))
        qualification = qualify(person, candidate.ward, Level.PHYSICIAN, obtained_on)
        promoted = replace(assistant, level=Level.PHYSICIAN)
        content = self._content(promoted, qualification, held.registration, submitted_on, registered_at=self._hospital)
        return replace(content, earlier=(held.qualification,))

    def _change(self, part: ChangePart, submitted_on: date, cast: CastMember | None) -> Content:
        match part:
            case ChangePart.MAIN_INSTITUTION:
                return self._from_neighbour(submitted_on, cast, "调入本院工作，申请变更主要执业机构。")
            case ChangePart.PLACE:
                return self._from_other_province(submitted_on, cast)
            case ChangePart.SCOPE | ChangePart.CATEGORY:
                return self._retrained(part, submitted_on, cast)
            case _:
                assert_never(part)

    def _from_neighbour(self, submitted_on: date, cast: CastMember | None, reason: str) -> Content:
        candidate = self._applicant(self._settled, cast)
        others = [other for other in (NEIGHBOUR, HOME, COUNTY) if other is not self._hospital]
        origin = self._rng.choice([other for other in others if candidate.ward in other.wards])
        held = employ(replace(candidate, hospital=origin), self._today, self._serials)
        return self._content(
            candidate, held.qualification, held.registration, submitted_on, reason=reason, registered_at=origin
        )

    def _from_other_province(self, submitted_on: date, cast: CastMember | None) -> Content:
        """Registered in another province; its practice code names a region nobody has, so it is nobody's."""
        candidate = self._applicant(self._settled, cast)
        held = employ(candidate, self._today, self._serials)
        province, hospital = self._rng.choice(_ELSEWHERE)
        region, serial = f"{province}9900", candidate.number % 1_000_000
        registration = replace(
            held.registration,
            practice_code=make_practice_code(candidate.level, candidate.ward.exam_category, region, serial),
            place=province,
            institution_name=hospital,
            institution_code=make_institution_code("99000099", region, economy="11", kind="A100", management="1"),
        )
        reason = "随迁来本省工作，申请变更执业地点。"
        return self._content(candidate, held.qualification, registration, submitted_on, reason=reason)

    def _retrained(self, part: ChangePart, submitted_on: date, cast: CastMember | None) -> Content:
        """Practises another scope or category here, trained for six months and more (医师法 Art. 14)."""
        candidate = self._applicant(self._settled, cast)
        if not self._wards_before(part, candidate.ward):  # a category of one scope only
            candidate = replace(candidate, ward=self._hospital.wards[0])
        before = replace(candidate, ward=self._rng.choice(self._wards_before(part, candidate.ward)))
        held = employ(before, self._today, self._serials)
        obtained_on = held.qualification.obtained_on
        qualification = qualify(candidate.person, candidate.ward, candidate.level, obtained_on)
        content = self._content(
            candidate,
            qualification,
            held.registration,
            submitted_on,
            reason=f"轮转考核合格，调入{candidate.ward.department}。",
            registered_at=self._hospital,
        )
        months = self._rng.choice((6, 8, 12))
        training = f"在示例医科大学附属医院培训 {months} 个月，考核合格"
        statement = replace(content.statement, training=training, training_months=months)
        earlier = (held.qualification,) if held.qualification.code != qualification.code else ()
        return replace(content, statement=statement, earlier=earlier)

    def _wards_before(self, part: ChangePart, ward: Ward) -> list[Ward]:
        changes_category = part is ChangePart.CATEGORY
        return [
            other
            for other in self._hospital.wards
            if other.scope != ward.scope and (other.category is not ward.category) == changes_category
        ]

    def _filing(self, submitted_on: date, cast: CastMember | None) -> Content:
        content = self._from_neighbour(submitted_on, cast, "经主要执业机构同意，申请在本院多执业机构备案。")
        start = _next_month(submitted_on)
        end = start.replace(year=start.year + self._rng.randint(1, 3)) - timedelta(days=1)
        return replace(content, request=replace(content.request, start_on=start, end_on=end))

    def _end_of_filing(self, submitted_on: date, cast: CastMember | None) -> Content:
        content = self._from_neighbour(submitted_on, cast, "在本院的多执业机构备案不再需要，申请取消。")
        assert content.registration is not None
        return replace(content, registration=replace(content.registration, sites=(self._hospital.institution.name,)))

    def _from_military(self, submitted_on: date, cast: CastMember | None) -> Content:
        """Left the army, practised there until lately; the civil register holds no registration yet."""
        candidate = self._applicant(self._settled, cast)
        obtained_on = submitted_on - timedelta(days=self._rng.randint(60, 600))
        qualification = qualify(candidate.person, candidate.ward, candidate.level, obtained_on)
        reason = "由军队转业，申请军队变更入。"
        return self._content(candidate, qualification, None, submitted_on, reason=reason)

    def _leaving(self, kind: Kind, submitted_on: date, cast: CastMember | None) -> Content:
        candidate = self._applicant(self._settled, cast)
        held = employ(candidate, self._today, self._serials)
        registration = held.registration
        if kind in (Kind.CANCELLATION, Kind.DEPARTURE_FILING):  # reported within 30 days of the last day of practice
            last_day = submitted_on - timedelta(days=self._rng.randint(1, 9))
            registration = replace(registration, practising_until=last_day)
        reason = self._rng.choice(_LEAVING_REASONS[kind])
        content = self._content(
            candidate, held.qualification, registration, submitted_on, reason=reason, registered_at=self._hospital
        )
        if kind is not Kind.TRANSFER_TO_MILITARY:
            return content
        unit = replace(
            content.request,
            institution_name=_MILITARY_UNIT,
            institution_code="",
            institution_address="",
            institution_postcode="",
        )
        return replace(content, request=unit)

    def _applicant(
        self, stream: Iterator[Candidate], cast: CastMember | None, *, keeps_level: bool = False
    ) -> Candidate:
        """Return the next person of ``stream`` at this hospital, as a physician unless their level is kept."""
        candidate = next(stream)
        person, department = candidate.person, candidate.ward.department
        if cast is not None:
            candidate = next(other for other in stream if other.person.sex is cast.sex)
            person, department = replace(candidate.person, name=cast.name, nation="01"), cast.department
        level = candidate.level if keeps_level and cast is None else Level.PHYSICIAN
        if level is not candidate.level:
            person = replace(person, title="住院医师")
        ward = next((ward for ward in self._hospital.wards if ward.department == department), self._hospital.wards[0])
        return replace(candidate, person=person, level=level, ward=ward, hospital=self._hospital)

    def _content(
        self,
        candidate: Candidate,
        qualification: Qualification,
        registration: Registration | None,
        submitted_on: date,
        *,
        reason: str = "",
        registered_at: Hospital | None = None,
    ) -> Content:
        person = candidate.person
        if registration is not None and candidate.number % 3 == 0:
            registration = _outdated(registration)
        return Content(
            person=person,
            qualification=qualification,
            registration=registration,
            request=self._request(candidate, submitted_on, reason),
            statement=Statement(
                experience=_experience(person, registration),
                health="健康",
                punishments="无",
                other="无",
                no_refusal_ground=True,
            ),
            registered_at=registered_at,
        )

    def _request(self, candidate: Candidate, submitted_on: date, reason: str) -> Request:
        institution = self._hospital.institution
        return Request(
            place=place(candidate.level, self._hospital),
            institution_name=institution.name,
            institution_code=institution.code,
            institution_address=institution.address,
            institution_postcode=institution.postcode,
            department=candidate.ward.department,
            level=candidate.level,
            category=candidate.ward.category,
            scopes=(candidate.ward.scope,),
            start_on=_next_month(submitted_on),
            reason=reason,
        )


def _outdated(registration: Registration) -> Registration:
    """Return the registration as it was before the physician was promoted and took a further degree."""
    return replace(
        registration,
        title=_TITLE_BEFORE.get(registration.title, registration.title),
        education="21" if registration.education in ("11", "14") else registration.education,
    )


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=5)).replace(day=1)


def _experience(person: Person, registration: Registration | None) -> tuple[Experience, ...]:
    assert person.graduated_on is not None
    left = person.graduated_on
    studied = Experience(f"{left.year - 5}.09—{left.year}.06", person.school, "学生")
    if registration is None:
        return (studied,)
    worked = Experience(f"{left.year}.07—至今", registration.institution_name, person.title or "医师")
    return (studied, worked)
