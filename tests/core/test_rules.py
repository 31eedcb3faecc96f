"""Each case of each rule: what is spoiled, and what the rule says then. One test checks that no case is left out."""

from __future__ import annotations

from datetime import date

import pytest

from medreg_core.domain.records import Application
from medreg_core.domain.rules import Check, check, rules_for
from medreg_core.domain.rules.practice import years_later
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import (
    ChangePart,
    Kind,
)
from tests.core import physician_cases, practice_cases
from tests.core.builders import (
    application,
    change,
    context,
    registration,
)
from tests.core.rule_case import (
    PASS,
    Case,
    ending,
    filing,
    upgrade,
    withdrawal,
)
from tests.core.rule_reasons import all_answers

CASES = [*physician_cases.CASES, *practice_cases.CASES]


def answer(one: Case, tables: Tables) -> Check:
    (found,) = [c for c in check(one.given, one.around(context(tables))) if c.code == one.code]
    return found


@pytest.mark.parametrize("one", CASES, ids=str)
def test_the_rule_answers(one: Case, tables: Tables) -> None:
    found = answer(one, tables)
    assert (found.result, found.reason) == (one.result, one.reason)
    assert dict(one.params).items() <= found.params.items()


def test_no_answer_of_any_rule_is_left_untested() -> None:
    assert all_answers() - {(one.code, one.result, one.reason) for one in CASES} == set()


SOUND = [
    application(),
    upgrade(),
    *map(change, ChangePart),
    filing(),
    withdrawal(),
    application(kind=Kind.MULTI_PLACE_WITHDRAWAL, registration=registration()),
    application(kind=Kind.TRANSFER_FROM_MILITARY),
    application(kind=Kind.TRANSFER_TO_MILITARY, registration=registration()),
    ending(Kind.CANCELLATION),
    ending(Kind.DEPARTURE_FILING),
]


@pytest.mark.parametrize("sound", SOUND, ids=lambda a: f"{a.kind}-{a.change_part or ''}")
def test_a_sound_application_of_every_kind_passes_everything(sound: Application, tables: Tables) -> None:
    assert [c for c in check(sound, context(tables)) if c.result is not PASS] == []


def test_every_kind_has_a_sound_example() -> None:
    assert {sound.kind for sound in SOUND} == set(Kind)


@pytest.mark.parametrize("sound", SOUND, ids=lambda a: f"{a.kind}-{a.change_part or ''}")
def test_every_answer_cites_its_basis(sound: Application, tables: Tables) -> None:
    for one in check(sound, context(tables)):
        law, _, article = one.article.partition(":")
        assert article.isdigit() if law == "physicians_law" else law, one
        assert one.configurable or law != "configurable"
        assert all(isinstance(value, str) for value in one.params.values())


def test_a_change_shows_about_twelve_checks(tables: Tables) -> None:
    counts = {sound.kind: len(check(sound, context(tables))) for sound in SOUND}
    assert counts[Kind.REGISTRATION] == 12
    assert all(count >= 3 for count in counts.values())
    for sound in SOUND:
        codes = [one.code for one in check(sound, context(tables))]
        assert len(codes) == len(set(codes))


def test_the_year_end_is_mentioned_from_november_only(tables: Tables) -> None:
    def codes(today: date) -> list[str]:
        return [rule.__name__ for rule in rules_for(application(), context(tables, today=today))]

    assert "year_end" not in codes(date(2026, 10, 31))
    assert "year_end" in codes(date(2026, 11, 1))


@pytest.mark.parametrize(
    ("day", "years", "later"),
    [("2024-02-29", 2, "2026-03-01"), ("2024-02-29", 4, "2028-02-29"), ("2024-11-03", 2, "2026-11-03")],
)
def test_a_term_from_leap_day_is_never_short(day: str, years: int, later: str) -> None:
    assert years_later(date.fromisoformat(day), years) == date.fromisoformat(later)
