"""A physician of the register who applies through the real desk, and what the register holds of him."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from medreg_core.domain.codes.qualification_code import make_qualification_code
from medreg_core.domain.records import Application, ApplicationId, Institution, Qualification, Registration
from medreg_core.domain.vocabulary import Category, ChangePart, Kind, Level, OutcomeKind, RegistrationState
from medreg_server.db.physicians import Registered
from medreg_server.services.applicants import ApplicantDesk, Content, Submission
from medreg_server.services.service import Service
from tests.helpers.server import CLINICAL_SCOPES, full_materials, make_application
from tests.server.clients import Office, new_id
from tests.server.neighbours import physician


def registration_at(institution: Institution, **changes: object) -> Registration:
    """Return a physician's valid registration at an institution; every check of a change passes on it."""
    sound = Registration(
        practice_code="110990100900001",
        state=RegistrationState.VALID,
        level=Level.PHYSICIAN,
        category=Category.CLINICAL,
        scopes=CLINICAL_SCOPES[:1],
        place=institution.region[:2],
        institution_name=institution.name,
        institution_code=institution.code,
        department="内科",
        registered_on=date(2020, 1, 1),
        assessment="2024 合格",
        assessment_passed=True,
    )
    return replace(sound, **changes)  # type: ignore[arg-type] # names of fields, checked by replace


class Applicant:
    """A physician in the register, with an account; ``held`` is registered at ``institution``."""

    def __init__(
        self,
        service: Service,
        institution: Institution,
        *held: Registration,
        level: Level = Level.PHYSICIAN,
        qualified: bool = True,
    ) -> None:
        self._service = service
        self.base = make_application(institution)
        with service.environment.database.write() as transaction:
            transaction.physicians.add([(self.base.physician_id, self.base.person)])
            transaction.physicians.add_registrations(
                Registered(self.base.physician_id, institution.id, registration) for registration in held
            )
        if qualified:
            self.qualify(level=level)
        self.caller = physician(service, self.base)
        self.desk = ApplicantDesk(service.environment)

    def qualify(self, exam_category: str = "10", **changes: object) -> Qualification:
        """Have the exam centre publish one more qualification."""
        assert self.base.qualification is not None
        new = replace(self.base.qualification, exam_category=exam_category, **changes)  # type: ignore[arg-type] # fields
        code = make_qualification_code(new.obtained_on.year, "11", new.level, exam_category, new.id_number)
        new = replace(new, code=code)
        with self._service.environment.database.write() as transaction:
            transaction.physicians.add_qualifications([(self.base.physician_id, new)])
        return new

    def content(
        self, institution: Institution, kind: Kind, part: ChangePart | None = None, **request: object
    ) -> Content:
        """Return what he writes in an application to ``institution``: in order, but for what ``request`` changes."""
        own = make_application(institution).request
        wanted = replace(own, reason="个人原因", **request)  # type: ignore[arg-type] # names of fields, checked by replace
        asked = replace(
            self.base, kind=kind, change_part=part, request=wanted, registration=next(iter(self.held()), None)
        )
        statement = replace(self.base.statement, training="合格", training_months=6)
        return Content(wanted, statement, materials=full_materials(asked))

    def applies(
        self, institution: Institution, kind: Kind, part: ChangePart | None = None, **request: object
    ) -> Application:
        """Submit an application that is in order, but for what ``request`` changes."""
        content = self.content(institution, kind, part, **request)
        submission = Submission(ApplicationId(new_id()), institution.id, kind, content, part)
        return self.desk.submit(submission, self.caller)

    def entries(self) -> list[Registered]:
        """Return his registrations, each with the institution in the register."""
        with self._service.environment.database.read() as transaction:
            return transaction.physicians.registrations_of(self.base.physician_id)

    def held(self) -> list[Registration]:
        """Return his registrations, valid ones first."""
        return [entry.registration for entry in self.entries()]

    def valid(self) -> list[Registration]:
        """Return his registrations that count today."""
        return [registration for registration in self.held() if registration.state is RegistrationState.VALID]


def consented(office: Office, application: Application) -> Application:
    """Have the institution agree, every original seen."""
    outcome = office.send_one(office.agree(office.now(application), materials=full_materials(application)))
    assert outcome.kind is OutcomeKind.ACCEPTED, outcome
    return office.now(application)


def failing_check(office: Office, application: Application) -> str:
    """Return which check the service holds against the consent, "" for none."""
    sent = office.agree(office.now(application), materials=full_materials(application))
    return office.send_one(sent, dry_run=True).params.get("check", "")
