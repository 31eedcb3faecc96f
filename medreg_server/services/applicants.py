"""What a physician does: submit an application, withdraw it, submit it again after a return."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.access import Action
from medreg_core.domain.records import (
    Application,
    ApplicationId,
    Institution,
    InstitutionId,
    Material,
    Person,
    Request,
    Statement,
)
from medreg_core.domain.registrations import concerned, concerned_qualification
from medreg_core.domain.states import RULES
from medreg_core.domain.vocabulary import ChangePart, Kind, Move, State
from medreg_server.db.scope import WHOLE_REGISTER
from medreg_server.db.transaction import ReadTransaction, WriteTransaction
from medreg_server.services.callers import Caller
from medreg_server.services.environment import Environment
from medreg_server.services.faults import ServiceFault
from medreg_server.services.ids import is_id
from medreg_server.services.moves import Seen, Step, allowed, find, moved, store
from medreg_server.services.throttle import Limit, count, throttle_key

CONTENT_BYTES: Final = 64 * 1024
"""Most that an applicant writes. A hundred conflicts, each with its row, must fit into what a computer accepts as one
answer: it would ask for the same answer for ever."""

_LONGEST_REASON: Final = 2_000
_MOST_NEW: Final = 20
"""New applications of one account within a pause: all of them come to every computer of the office they name."""


_NAMES_ANOTHER: Final = frozenset({Kind.TRANSFER_TO_MILITARY, Kind.MULTI_PLACE_WITHDRAWAL})
"""Kinds whose request names the unit that receives him, or the place he gives up; the register takes neither over."""

_OF_THE_INSTITUTION: Final = ("institution_name", "institution_code", "institution_address", "institution_postcode")
"""Fields of a request that the service fills in for all other kinds."""


@dataclass(frozen=True, slots=True)
class Contact:
    """The personal data a physician may state anew with each application; the rest is the register's."""

    phone: str = ""
    address: str = ""
    postcode: str = ""
    education: str = ""
    degree: str = ""
    school: str = ""
    major: str = ""
    title: str = ""


_UNCHANGED: Final = Contact()


@dataclass(frozen=True, slots=True)
class Content:
    """What the applicant writes."""

    request: Request
    statement: Statement
    contact: Contact = _UNCHANGED
    materials: tuple[Material, ...] = ()


@dataclass(frozen=True, slots=True)
class Submission:
    """A new application. The applicant's program mints ``id``, so that sending it twice makes one application."""

    id: ApplicationId
    institution_id: InstitutionId
    kind: Kind
    content: Content
    change_part: ChangePart | None = None


class ApplicantDesk:
    """The physician's own operations."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def submit(self, submission: Submission, caller: Caller) -> Application:
        """Store a new application, submitted.

        Sent again unchanged it is answered with the application as it stands.
        Raises ServiceFault NOT_FOUND, BAD_REQUEST, TOO_LARGE, TOO_MANY_ATTEMPTS, VERSION_CONFLICT (under this id the
        service holds other content: it names the version).
        """
        caller.require(Action.APPLY)
        _check_size(submission.content)
        for where in ("id", "institution_id"):
            if not is_id(getattr(submission, where)):
                raise ServiceFault(FaultCode.BAD_REQUEST, where=where)
        count(self._environment, [Limit(throttle_key("application", caller.account.id), _MOST_NEW)])
        with self._environment.database.write() as transaction:
            known = transaction.applications.get(submission.id, WHOLE_REGISTER)
            if known is not None:
                return _repeated(known, submission, caller)
            if transaction.institutions.get(submission.institution_id) is None:
                raise ServiceFault(FaultCode.NOT_FOUND)
            if (submission.kind is Kind.CHANGE) != (submission.change_part is not None):
                raise ServiceFault(FaultCode.BAD_REQUEST, where="change_part")
            step = Step(Move.SUBMIT, caller, self._environment.now())
            application = moved(self._drafted(transaction, submission, step), RULES[Move.SUBMIT], step)
            transaction.applications.add([application])
            transaction.record(caller.event("application.submit", application.id, chain=application.institution_id))
        return application

    def _drafted(self, transaction: ReadTransaction, submission: Submission, step: Step) -> Application:
        content = submission.content
        draft = Application(
            id=submission.id,
            institution_id=submission.institution_id,
            physician_id=step.caller.physician_id,
            kind=submission.kind,
            state=State.DRAFT,
            version=0,
            content_version=1,
            submitted_at=step.at,
            person=_person(transaction, step.caller, content.contact),
            qualification=None,
            registration=None,
            request=content.request,
            statement=content.statement,
            change_part=submission.change_part,
            materials=_uploaded(content.materials),
        )
        return _beside_the_register(transaction, draft)

    def withdraw(self, application_id: ApplicationId, seen: Seen, reason: str, caller: Caller) -> Application:
        """Withdraw an application that the institution has not agreed to. Raises ServiceFault."""
        caller.require(Action.APPLY)
        if len(reason) > _LONGEST_REASON:
            raise ServiceFault(FaultCode.TOO_LARGE)
        with self._environment.database.write() as transaction:
            application = find(transaction, application_id, caller, seen)
            step = Step(Move.WITHDRAW, caller, self._environment.now(), reason)
            withdrawn = moved(application, allowed(application, step), step)
            store(transaction, withdrawn, step)
        return withdrawn

    def resubmit(self, application_id: ApplicationId, seen: Seen, content: Content, caller: Caller) -> Application:
        """Submit a returned application with new content; its content version rises. Raises ServiceFault."""
        caller.require(Action.APPLY)
        _check_size(content)
        with self._environment.database.write() as transaction:
            application = find(transaction, application_id, caller, seen)
            step = Step(Move.RESUBMIT, caller, self._environment.now())
            again = moved(application, allowed(application, step), step)
            again = self._rewritten(transaction, again, content, step)
            store(transaction, again, step, content_version=str(again.content_version))
        return again

    def _rewritten(
        self, transaction: WriteTransaction, application: Application, content: Content, step: Step
    ) -> Application:
        """Return the application with new content; a form that stood for the old content is void."""
        form = application.form
        if form is not None and not form.voided:
            transaction.forms.void(form.number, step.at)
            form = replace(form, voided=True)
        again = replace(
            application,
            submitted_at=step.at,
            person=_person(transaction, step.caller, content.contact),
            request=content.request,
            statement=content.statement,
            materials=_uploaded(content.materials),
            opinion="",
            decided_by="",
            decided_at=None,
            form=form,
        )
        return _beside_the_register(transaction, again)


def _repeated(known: Application, submission: Submission, caller: Caller) -> Application:
    """Return the application that a submission made when it was sent before.

    Raises ServiceFault BAD_REQUEST for another physician's, VERSION_CONFLICT when he has written something else since:
    answered as done, his correction would be lost.
    """
    if known.physician_id != caller.physician_id:
        raise ServiceFault(FaultCode.BAD_REQUEST, where="id")
    if known.content_version == 1 and not _is_first_content(known, submission):
        raise ServiceFault(FaultCode.VERSION_CONFLICT, version=str(known.version))
    return known


def _is_first_content(known: Application, submission: Submission) -> bool:
    """Return whether ``known``, never submitted anew, is made of what he sent; what the register put in aside."""
    content, sent = submission.content, submission.content.request
    if known.kind not in _NAMES_ANOTHER:
        sent = replace(sent, **{field: getattr(known.request, field) for field in _OF_THE_INSTITUTION})
    return (
        (submission.kind, submission.change_part) == (known.kind, known.change_part)
        and submission.institution_id == known.institution_id
        and (sent, content.statement) == (known.request, known.statement)
        and replace(known.person, **_stated(content.contact)) == known.person
        # Once the office has had it before it, the papers are what it has seen of them.
        and (known.version > 1 or _uploaded(content.materials) == known.materials)
    )


def _beside_the_register(transaction: ReadTransaction, application: Application) -> Application:
    """Return the application with what the register holds now of the applicant and of the institution applied to."""
    institution = transaction.institutions.get(application.institution_id)
    if institution is None:
        raise LookupError("an application without its institution")
    physician_id, request = application.physician_id, application.request
    if application.kind not in _NAMES_ANOTHER:
        request = _named(request, institution)
    held = transaction.physicians.registrations_of(physician_id)
    return replace(
        application,
        qualification=concerned_qualification(request, transaction.physicians.qualifications_of(physician_id)),
        registration=concerned(application, institution, (entry.registration for entry in held)),
        request=request,
        other_pending=transaction.applications.in_progress_of(physician_id, application.id),
    )


def _check_size(content: Content) -> None:
    """Raise ServiceFault TOO_LARGE for more than anybody writes: it goes to every computer of an office."""
    if len(msgspec.json.encode(content)) > CONTENT_BYTES:
        raise ServiceFault(FaultCode.TOO_LARGE)


def _person(transaction: ReadTransaction, caller: Caller, contact: Contact) -> Person:
    person = transaction.physicians.get(caller.physician_id)
    if person is None:
        raise LookupError("an account of a physician who is not in the register")
    return replace(person, **_stated(contact))


def _stated(contact: Contact) -> dict[str, Any]:
    return {name: text for name in Contact.__slots__ if (text := getattr(contact, name))}


def _named(request: Request, institution: Institution) -> Request:
    """Return the request naming the institution applied to as the register does: it is that one that agrees.

    Whatever else the applicant wrote would be printed, and registered, with nobody's consent.
    """
    return replace(
        request,
        institution_name=institution.name,
        institution_code=institution.code,
        institution_address=institution.address,
        institution_postcode=institution.postcode,
    )


def _uploaded(materials: tuple[Material, ...]) -> tuple[Material, ...]:
    """Return what the applicant uploaded; whether originals were seen is the institution's to say."""
    return tuple(Material(material.code, material.pages) for material in materials)
