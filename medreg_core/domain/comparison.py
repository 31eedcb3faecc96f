"""What is applied for beside what is registered now, field by field, for the review sheet (``look.md`` §3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from medreg_core.domain.codes.id_number import to_18
from medreg_core.domain.records import Application, Registration
from medreg_core.domain.registrations import ends_filings
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import ChangePart, Kind

Shown = str | date | None
"""What to show: text, a day, a member of a closed list (a StrEnum; its word is the client's), None for nothing."""


class Mark(StrEnum):
    """How a row differs."""

    CHANGED = "changed"  # 改
    ADDED = "added"  # 增
    REMOVED = "removed"  # 减
    SAME = "same"  # 同
    NONE = ""  # the register holds nothing to compare with


class GroupCode(StrEnum):
    """The groups of the sheet, in their order."""

    REQUEST = "request"  # 申请事项
    PERSON = "person"  # 个人信息
    QUALIFICATION = "qualification"  # 医师资格
    REGISTRATION = "registration"  # 执业注册


@dataclass(frozen=True, slots=True)
class Row:
    """One field; ``field`` is its name in the records, whose label is the client's."""

    field: str
    applied: Shown
    registered: Shown
    mark: Mark

    @property
    def differs(self) -> bool:
        """Return whether the row is marked 改, 增 or 减."""
        return self.mark in (Mark.CHANGED, Mark.ADDED, Mark.REMOVED)


@dataclass(frozen=True, slots=True)
class Group:
    """One group of rows."""

    code: GroupCode
    rows: tuple[Row, ...]


_PLACE_FIELDS = ("institution_name", "institution_code", "place", "category", "scopes", "department", "start_on")
_REQUEST_FIELDS: dict[Kind, tuple[str, ...]] = {
    Kind.REGISTRATION: _PLACE_FIELDS,
    Kind.ASSISTANT_UPGRADE: ("level", *_PLACE_FIELDS),
    Kind.MULTI_SITE_FILING: ("institution_name", "institution_code", "scopes", "department", "start_on", "end_on"),
    Kind.MULTI_SITE_WITHDRAWAL: ("institution_name", "reason"),
    Kind.MULTI_PLACE_WITHDRAWAL: ("place", "institution_name", "reason"),
    Kind.TRANSFER_FROM_MILITARY: _PLACE_FIELDS,
    Kind.TRANSFER_TO_MILITARY: ("institution_name", "start_on", "reason"),
    Kind.CANCELLATION: ("reason",),
    Kind.DEPARTURE_FILING: ("start_on", "reason"),
}
_CHANGE_FIELDS: dict[ChangePart, tuple[str, ...]] = {
    ChangePart.PLACE: ("place", "institution_name", "institution_code", "department", "start_on", "reason"),
    ChangePart.MAIN_INSTITUTION: ("institution_name", "institution_code", "department", "start_on", "reason"),
    ChangePart.CATEGORY: ("category", "scopes", "department", "reason"),
    ChangePart.SCOPE: ("scopes", "department", "reason"),
}
_REGISTRATION_FIELDS = ("place", "institution_name", "category", "scopes")
_ONLY_HERE = frozenset({Kind.MULTI_SITE_FILING, Kind.MULTI_SITE_WITHDRAWAL})
"""Kinds that stand beside the registration: what they ask for replaces nothing, so it is compared with nothing."""


def compare(application: Application, tables: Tables) -> tuple[Group, ...]:
    """Return the groups of the sheet: first what is asked, then person, qualification and registration.

    The registration is what the register holds: after the approval, what came of it.
    Nothing of a first registration is marked but its identity: there is nothing else it could differ from.
    """
    if application.registered is not None:
        application = replace(application, registration=application.registered)
    asked = asked_fields(application)
    pairs = _request_pairs(application, tables)
    beside = application.registration is None or application.kind in _ONLY_HERE
    request = tuple(_alone(field, pairs[field][0]) if beside else _row(field, *pairs[field]) for field in asked)
    groups = [
        Group(
            GroupCode.REQUEST, tuple(row for row in request if row.applied is not None or row.registered is not None)
        ),
        Group(GroupCode.PERSON, _person_rows(application, tables)),
        Group(GroupCode.QUALIFICATION, _qualification_rows(application, tables)),
    ]
    if application.registration is not None:
        rows = _registration_rows(application, application.registration, pairs, asked)
        groups.append(Group(GroupCode.REGISTRATION, rows))
    return tuple(group for group in groups if group.rows)


def differences(groups: Iterable[Group]) -> int:
    """Return how many rows differ (n 处不同)."""
    return sum(row.differs for group in groups for row in group.rows)


def asked_fields(application: Application) -> tuple[str, ...]:
    """Return the fields of the request that mean something for the application's kind: the others are not reviewed."""
    if application.kind is not Kind.CHANGE:
        return _REQUEST_FIELDS[application.kind]
    return _CHANGE_FIELDS[application.change_part or ChangePart.PLACE]


def _request_pairs(application: Application, tables: Tables) -> dict[str, tuple[Shown, Shown]]:
    request, registration = application.request, application.registration

    def held(value: Shown) -> Shown:
        return value if registration is not None else None

    return {
        "level": (request.level, registration.level if registration else None),
        "place": (_place(request.place, tables), held(_place(registration.place if registration else "", tables))),
        "institution_name": (request.institution_name or None, registration.institution_name if registration else None),
        "institution_code": (request.institution_code or None, registration.institution_code if registration else None),
        "category": (request.category, registration.category if registration else None),
        "scopes": (_scopes(request.scopes, tables), _scopes(registration.scopes if registration else (), tables)),
        "department": (request.department or None, (registration.department or None) if registration else None),
        "start_on": (request.start_on, None),
        "end_on": (request.end_on, None),
        "reason": (request.reason or None, None),
    }


def _person_rows(application: Application, tables: Tables) -> tuple[Row, ...]:
    person, qualification, registration = application.person, application.qualification, application.registration
    name, id_number = (qualification.name, qualification.id_number) if qualification else (None, None)
    same_id = id_number is not None and to_18(id_number) == to_18(person.id_number)
    education = registration.education if registration else ""
    return (
        _held("name", person.name, name),
        # A 15-digit number upstream is the same person's: what differs is only how it was written.
        _held("id_number", person.id_number, person.id_number if same_id else id_number),
        _held(
            "education",
            tables.educations.short_name(person.education),
            tables.educations.short_name(education) if education else None,
        ),
        _held("title", person.title or None, (registration.title or None) if registration else None),
        _held("phone", person.phone or None, (registration.phone or None) if registration else None),
    )


def _qualification_rows(application: Application, tables: Tables) -> tuple[Row, ...]:
    qualification = application.qualification
    if qualification is None:
        return ()
    category = tables.exam_categories.name(qualification.exam_category)
    return (
        _row("qualification_level", qualification.level, qualification.level),
        _row("qualification_category", category, category),
        _row("qualification_code", qualification.code, qualification.code),
    )


def _registration_rows(
    application: Application,
    registration: Registration,
    pairs: dict[str, tuple[Shown, Shown]],
    asked: tuple[str, ...],
) -> tuple[Row, ...]:
    beside = application.kind in _ONLY_HERE or application.kind in (Kind.CANCELLATION, Kind.DEPARTURE_FILING)
    rows = [
        _row(field, pairs[field][1] if beside else pairs[field][0], pairs[field][1])
        for field in _REGISTRATION_FIELDS
        if field not in asked
    ]
    code, sites = registration.practice_code or None, "、".join(registration.sites) or None
    assessment = registration.assessment or None
    return (
        *rows,
        _row("practice_code", code, code),
        _row("sites", None if ends_filings(application) else sites, sites),
        _row("assessment", assessment, assessment),
    )


def _row(field: str, applied: Shown, registered: Shown) -> Row:
    if applied == registered:
        return Row(field, applied, registered, Mark.SAME)
    if registered is None:
        return Row(field, applied, None, Mark.ADDED)
    return Row(field, applied, registered, Mark.REMOVED if applied is None else Mark.CHANGED)


def _held(field: str, applied: Shown, registered: Shown) -> Row:
    """Return a row of a field that the register may simply not hold."""
    return _alone(field, applied) if registered is None else _row(field, applied, registered)


def _alone(field: str, applied: Shown) -> Row:
    return Row(field, applied, None, Mark.NONE)


def _place(code: str, tables: Tables) -> Shown:
    return tables.regions.full_name(code) if code else None


def _scopes(codes: tuple[str, ...], tables: Tables) -> Shown:
    return "、".join(tables.scopes.name(code) for code in codes) or None
