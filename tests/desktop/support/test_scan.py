"""The last look: what it must find, in whatever surroundings, and what it must not take for a person."""

from __future__ import annotations

import json
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_core.domain.codes.id_number import make_id_number
from medreg_core.domain.codes.qualification_code import make_qualification_code
from medreg_core.domain.vocabulary import Level
from medreg_desktop.services.support.scan import Kind, Known, found_in

ID = make_id_number("990100", date(1986, 5, 17), 123)
QUALIFICATION = make_qualification_code(2018, "99", Level.PHYSICIAN, "1", ID)
PHONE = "13912345678"
NOTHING = Known()
LONGEST_S = 1e9  # 31 years: no span or difference of clocks that is told of is longer

around = st.text(st.sampled_from(' \n\t",:{}[]=/\\-_.;()|&?#%'), min_size=1, max_size=6)


@given(around, around)
def test_an_id_number_or_telephone_is_found_between_any_marks(before: str, after: str) -> None:
    assert Kind.ID_NUMBER in found_in(f"{before}{ID}{after}", NOTHING)
    assert Kind.ID_NUMBER in found_in(f"{before}{ID.lower()}{after}", NOTHING)
    assert Kind.PHONE in found_in(f"{before}{PHONE}{after}", NOTHING)
    assert Kind.PHONE in found_in(f"{before}+86{PHONE}{after}", NOTHING)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"x{ID}y", Kind.ID_NUMBER),
        (QUALIFICATION, Kind.ID_NUMBER),
        (f"00{ID}", Kind.ID_NUMBER),
        ("990100860517123", Kind.ID_NUMBER),
        (json.dumps({"a": {"b": [ID]}}), Kind.ID_NUMBER),
        ("欧阳鹮蓼", Kind.TEXT),
        ("naïve", Kind.TEXT),
    ],
)
def test_what_has_a_form_is_found_without_the_copy(text: str, kind: Kind) -> None:
    assert kind in found_in(text, NOTHING)


def test_what_only_the_copy_knows_is_found() -> None:
    known = Known(
        lambda candidates: set(candidates) & {"13912345678", "110990100000123"},
        frozenset({"John O'Neill", "wang.registrar"}),
        frozenset({"tok.en/=="}),
        lambda text: "K7QF-02MD" in text,
    )
    assert Kind.NUMBER in found_in("id13912345678id", known)
    assert Kind.NUMBER in found_in("110990100000123", known)
    assert Kind.NAME in found_in("signed by JOHN O'NEILL today", known)
    assert Kind.NAME in found_in('{"login": "wang.registrar"}', known)
    assert Kind.SECRET in found_in("code=K7QF-02MD-9XWA;", known)
    assert Kind.SECRET in found_in("Bearer tok.en/==", known)
    assert found_in("wang.registrars johnny", known) == set()


@given(st.uuids(), st.datetimes(), st.integers(0, 1 << 31), st.floats(-LONGEST_S, LONGEST_S))
def test_ids_moments_and_counts_are_nobody(uuid: UUID, at: object, count: int, seconds: float) -> None:
    text = json.dumps({"id": str(uuid), "at": str(at), "n": count, "s": round(seconds, 1)})
    assert found_in(text, NOTHING) == set()


@pytest.mark.parametrize(
    ("number", "kind"), [(13912345678.0, Kind.PHONE), (-17969174528.0, Kind.PHONE), (990100860517123.0, Kind.ID_NUMBER)]
)
def test_a_figure_that_could_be_somebodys_number_is_held_back(number: float, kind: Kind) -> None:
    """Nothing measured here is that great, and letting a person's number through would be worse."""
    assert found_in(json.dumps({"s": number}), NOTHING) == {kind}


def test_numbers_are_asked_for_once_with_every_stretch() -> None:
    asked: list[set[str]] = []

    def numbers(candidates: object) -> set[str]:
        asked.append(set(candidates))  # type: ignore[call-overload]  # any iterable
        return set()

    found_in(f"{QUALIFICATION} {PHONE}", Known(numbers))
    assert len(asked) == 1
    assert {ID, PHONE, QUALIFICATION[:24]} <= asked[0]
