"""What a case of a rule is, and the applications that the cases spoil."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from medreg_core.domain.records import Application, Statement
from medreg_core.domain.rules import ReviewContext
from medreg_core.domain.vocabulary import (
    ChangePart,
    CheckResult,
    Kind,
    Level,
)
from tests.core.builders import (
    ID_NUMBER,
    application,
    change,
    institution,
    qualification,
    registration,
    request,
)

PASS, FAIL, UNKNOWN = CheckResult.PASS, CheckResult.FAIL, CheckResult.UNKNOWN
OLD_ID = ID_NUMBER[:6] + ID_NUMBER[8:17]


@dataclass(frozen=True)
class Case:
    """For ``given``, in the context changed by ``around``, the rule ``code`` answers ``result`` for ``reason``."""

    code: str
    result: CheckResult
    reason: str
    given: Application
    around: Callable[[ReviewContext], ReviewContext] = lambda context: context
    params: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.code}-{self.result}-{self.reason}"


def case(code: str, result: CheckResult, reason: str, given: Application, **params: str) -> Case:
    return Case(code, result, reason, given, params=tuple(params.items()))


def with_context(one: Case, **changes: Any) -> Case:
    return replace(one, around=lambda context: replace(context, **changes))


def upgrade(**changes: Any) -> Application:
    held = registration(level=Level.ASSISTANT, place="990102")
    return application(kind=Kind.ASSISTANT_UPGRADE, registration=held, **changes)


def filing(**changes: Any) -> Application:
    elsewhere = registration(institution_name="示例县人民医院")
    term = {"start_on": date(2026, 12, 1), "end_on": date(2028, 11, 30)}
    sound = application(kind=Kind.MULTI_SITE_FILING, registration=elsewhere, request=request(**term))
    return replace(sound, **changes)


def withdrawal(**changes: Any) -> Application:
    """A sound withdrawal of the filing here, of a physician who is filed at one more institution."""
    held = registration(institution_name="他院", sites=(institution().name, "乙医院"))
    return replace(application(kind=Kind.MULTI_SITE_WITHDRAWAL, registration=held), **changes)


def ending(kind: Kind = Kind.CANCELLATION, **changes: Any) -> Application:
    held = registration(practising_until=date(2026, 11, 10))
    sound = application(kind=kind, registration=held, request=request(reason="2026-11-10 退休"))
    return replace(sound, **changes)


def statement(**changes: Any) -> Statement:
    return Statement(**{"no_refusal_ground": True, **changes})


SCOPE = change(ChangePart.SCOPE)
PLACE = change(ChangePart.PLACE)
MAIN = change(ChangePart.MAIN_INSTITUTION)
UNQUALIFIED = application(qualification=None)
LONG_AGO = qualification(obtained_on=date(2024, 11, 3))  # two years before the submission in China, to the day
