"""Records to the JSON kept in ``body`` columns and back; the same JSON travels on the wire untouched."""

from __future__ import annotations

from typing import Final

import msgspec

from medreg_core.contract.v1.commands import Outcome
from medreg_core.domain.records import Application, Institution, Person, Qualification, Registration

Record = Application | Institution | Person | Qualification | Registration | Outcome

_ENCODER: Final = msgspec.json.Encoder()
_APPLICATION: Final = msgspec.json.Decoder(Application)
_INSTITUTION: Final = msgspec.json.Decoder(Institution)
_PERSON: Final = msgspec.json.Decoder(Person)
_QUALIFICATION: Final = msgspec.json.Decoder(Qualification)
_REGISTRATION: Final = msgspec.json.Decoder(Registration)
_OUTCOME: Final = msgspec.json.Decoder(Outcome)


def to_body(record: Record) -> str:
    """Return the JSON text of ``record``."""
    return _ENCODER.encode(record).decode()


def to_application(body: str) -> Application:
    """Read an application's body."""
    return _APPLICATION.decode(body)


def to_institution(body: str) -> Institution:
    """Read an institution's body."""
    return _INSTITUTION.decode(body)


def to_person(body: str) -> Person:
    """Read a physician's body."""
    return _PERSON.decode(body)


def to_qualification(body: str) -> Qualification:
    """Read a qualification's body."""
    return _QUALIFICATION.decode(body)


def to_registration(body: str) -> Registration:
    """Read a practice registration's body."""
    return _REGISTRATION.decode(body)


def to_outcome(body: str) -> Outcome:
    """Read the stored answer to a command."""
    return _OUTCOME.decode(body)
