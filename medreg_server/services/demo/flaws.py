"""What may be wrong with an application: each flaw spoils one thing, so one check fails or one paper is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from medreg_core.domain.records import Application, Material
from medreg_core.domain.vocabulary import ChangePart, Kind

_MAIN_KINDS: Final = frozenset({Kind.REGISTRATION, Kind.ASSISTANT_UPGRADE, Kind.CHANGE, Kind.TRANSFER_FROM_MILITARY})


class Flaw(StrEnum):
    """The ways in which demo applications are not in order."""

    TRAINING_SHORT = "training_short"  # three months of training for a new scope, without certificate
    NAME_DIFFERS = "name_differs"  # written with another character than the qualification
    ASSESSMENT_FAILED = "assessment_failed"
    SCOPE_NOT_COVERED = "scope_not_covered"  # the hospital's licence lacks the subject
    TWO_SCOPES = "two_scopes"
    NO_PHOTO = "no_photo"
    OTHER_PENDING = "other_pending"
    STOPPED = "stopped"  # three years without practice, no training
    MATERIAL_MISSING = "material_missing"
    ORIGINAL_UNSEEN = "original_unseen"
    NOT_DECLARED = "not_declared"  # 不予注册情形 not declared: unknown
    PENDING_UNKNOWN = "pending_unknown"  # other business not known: unknown
    ORIGIN_SILENT = "origin_silent"  # the former institution has not answered: unknown


def spoil(application: Application, flaw: Flaw) -> Application:
    """Return the application with that flaw."""
    return _SPOILERS[flaw](application)


def can_have(application: Application, flaw: Flaw) -> bool:
    """Return whether the flaw makes sense for an application of this kind."""
    applies = _APPLIES.get(flaw)
    return application.kind in _MAIN_KINDS if applies is None else applies(application)


def _training_short(application: Application) -> Application:
    statement = replace(application.statement, training="培训 3 个月", training_months=3)
    return _without(replace(application, statement=statement), "training_certificate")


def _name_differs(application: Application) -> Application:
    """The commonest slip: another way of writing the last character (珍 for 真, and the like)."""
    assert application.qualification is not None
    name = application.qualification.name
    written = name[:-1] + _LOOK_ALIKE.get(name[-1], "亦")
    return replace(application, qualification=replace(application.qualification, name=written))


def _assessment_failed(application: Application) -> Application:
    assert application.registration is not None
    period = application.registration.assessment.replace("合格", "不合格")
    return replace(
        application, registration=replace(application.registration, assessment=period, assessment_passed=False)
    )


def _scope_not_covered(application: Application) -> Application:
    scopes = {"clinical": "occupational_disease", "dental": "dental_other", "public_health": "public_health_other"}
    scope = scopes.get(application.request.category.value, "tibetan_medicine")
    return replace(application, request=replace(application.request, scopes=(scope,)))


def _two_scopes(application: Application) -> Application:
    first = application.request.scopes[0]
    other = "general_practice" if first != "general_practice" else "internal_medicine"
    return replace(application, request=replace(application.request, scopes=(first, other)))


def _stopped(application: Application) -> Application:
    assert application.registration is not None
    until = (application.submitted_at - timedelta(days=3 * 366)).date()
    return replace(application, registration=replace(application.registration, practising_until=until))


def _material_missing(application: Application) -> Application:
    codes = [material.code for material in application.materials]
    return _without(application, "employment_proof" if "employment_proof" in codes else codes[-1])


def _original_unseen(application: Application) -> Application:
    first, *rest = application.materials
    return replace(application, materials=(replace(first, original_seen=False), *rest))


def _not_declared(application: Application) -> Application:
    return replace(application, statement=replace(application.statement, no_refusal_ground=None))


def _without(application: Application, code: str) -> Application:
    kept: tuple[Material, ...] = tuple(material for material in application.materials if material.code != code)
    return replace(application, materials=kept)


_APPLIES: Final[Mapping[Flaw, Callable[[Application], bool]]] = {
    Flaw.TRAINING_SHORT: lambda entry: entry.change_part in (ChangePart.SCOPE, ChangePart.CATEGORY),
    Flaw.ORIGIN_SILENT: lambda entry: entry.change_part in (ChangePart.PLACE, ChangePart.MAIN_INSTITUTION),
    Flaw.ASSESSMENT_FAILED: lambda entry: (
        entry.registration is not None and entry.kind in (*_MAIN_KINDS, Kind.MULTI_SITE_FILING)
    ),
    Flaw.STOPPED: lambda entry: entry.registration is not None and entry.kind in _MAIN_KINDS,
    Flaw.SCOPE_NOT_COVERED: lambda entry: entry.kind in _MAIN_KINDS - {Kind.CHANGE},
    Flaw.TWO_SCOPES: lambda entry: entry.kind in _MAIN_KINDS - {Kind.CHANGE},
    Flaw.NAME_DIFFERS: lambda entry: bool(entry.materials),
    Flaw.MATERIAL_MISSING: lambda entry: bool(entry.materials),
    Flaw.ORIGINAL_UNSEEN: lambda entry: bool(entry.materials),
    Flaw.OTHER_PENDING: lambda entry: entry.kind not in (Kind.CANCELLATION, Kind.DEPARTURE_FILING),
    Flaw.PENDING_UNKNOWN: lambda entry: entry.kind not in (Kind.CANCELLATION, Kind.DEPARTURE_FILING),
}
"""What an application must have for a flaw, where it is not simply a kind that leads to a registration."""

_LOOK_ALIKE: Final = {
    "明": "朙",
    "帆": "颿",
    "行": "衍",
    "安": "桉",
    "朗": "郎",
    "成": "诚",
    "真": "珍",
    "华": "骅",
    "亦": "弈",
}

_SPOILERS: Final[Mapping[Flaw, Callable[[Application], Application]]] = {
    Flaw.TRAINING_SHORT: _training_short,
    Flaw.NAME_DIFFERS: _name_differs,
    Flaw.ASSESSMENT_FAILED: _assessment_failed,
    Flaw.SCOPE_NOT_COVERED: _scope_not_covered,
    Flaw.TWO_SCOPES: _two_scopes,
    Flaw.NO_PHOTO: lambda application: _without(application, "photo"),
    Flaw.OTHER_PENDING: lambda application: replace(application, other_pending=1),
    Flaw.STOPPED: _stopped,
    Flaw.MATERIAL_MISSING: _material_missing,
    Flaw.ORIGINAL_UNSEEN: _original_unseen,
    Flaw.NOT_DECLARED: _not_declared,
    Flaw.PENDING_UNKNOWN: lambda application: replace(application, other_pending=None),
    Flaw.ORIGIN_SILENT: lambda application: replace(application, origin_agrees=None),
}
