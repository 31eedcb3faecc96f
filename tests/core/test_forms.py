from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_core.domain.forms import FormNumber, check_form_number, content_digest, make_form_number, read_form_number
from medreg_core.domain.records import Application, Claim, Experience, Material, ReviewForm, Statement
from medreg_core.domain.vocabulary import ChangePart, Kind, State
from tests.core.builders import application, change, person, registration

NUMBERS = st.builds(
    make_form_number, st.from_regex(r"[0-9]{6}", fullmatch=True), st.integers(2000, 2100), st.integers(0, 999_999)
)


def test_the_number_of_the_picture() -> None:
    assert make_form_number("990100", 2026, 371) == "990100-2026-000371-B"


@pytest.mark.parametrize(
    "typed", ["990100-2026-000371-B", "9901002026000371b", "９９０１００ 2026 000371 Ｂ", "990100—2026—000371—B"]
)
def test_read_however_it_was_typed(typed: str) -> None:
    number = read_form_number(typed)
    assert number == FormNumber("990100", 2026, 371)
    assert str(number) == "990100-2026-000371-B"


@pytest.mark.parametrize("typed", ["", "990100-2026-000371", "990100-2026-000371-C", "99010A-2026-000371-B", "B" * 17])
def test_what_is_no_number(typed: str) -> None:
    assert not check_form_number(typed)


@pytest.mark.parametrize(
    ("region", "year", "serial"), [("9901", 2026, 1), ("990100", 2026, 1_000_000), ("99010X", 1, 1)]
)
def test_parts_that_do_not_fit(region: str, year: int, serial: int) -> None:
    with pytest.raises(ValueError, match="region of 6"):
        make_form_number(region, year, serial)


@given(NUMBERS)
def test_numbers_read_back(number: str) -> None:
    assert str(read_form_number(number)) == number


@given(NUMBERS, st.integers(0, 15), st.sampled_from("0123456789"))
def test_every_single_wrong_digit_is_found(number: str, place: int, digit: str) -> None:
    code = number.replace("-", "")
    if code[place] != digit:
        assert not check_form_number(code[:place] + digit + code[place + 1 :])


DIGESTED = {
    "id",
    "content_version",
    "kind",
    "change_part",
    "person",
    "qualification",
    "registration",
    "request",
    "statement",
}


def spoiled(field: str) -> Application:
    """The same application with another value in ``field``."""
    other = {
        "id": "0198c0ffee007000800000000000ffff",
        "institution_id": "i-2",
        "physician_id": "p-2",
        "kind": Kind.CANCELLATION,
        "state": State.AGREED,
        "version": 9,
        "content_version": 2,
        "submitted_at": datetime(2026, 1, 1, tzinfo=UTC),
        "person": person(name="欧阳以安"),
        "qualification": None,
        "registration": registration(),
        "request": replace(application().request, department="儿科"),
        "statement": Statement(health="良好"),
        "change_part": ChangePart.PLACE,
        "materials": (Material("photo"),),
        "history": (),
        "accepted_on": date(2026, 12, 3),
        "opinion": "同意",
        "decided_by": "查若溪",
        "decided_at": datetime(2026, 1, 1, tzinfo=UTC),
        "notes": ("补正",),
        "other_pending": 3,
        "form": ReviewForm("990100-2026-000371-B", "", ""),
        "claim": Claim("a", "查若溪", datetime(2026, 1, 1, tzinfo=UTC)),  # type: ignore[arg-type] - any id will do
        "origin_agrees": False,
        "registered": registration(),
    }
    return replace(application(), **{field: other[field]})  # type: ignore[arg-type] - one value per field


@pytest.mark.parametrize("field", [field.name for field in fields(Application)])
def test_the_digest_covers_the_applicants_content_and_nothing_else(field: str) -> None:
    assert (content_digest(spoiled(field)) != content_digest(application())) == (field in DIGESTED)


def test_the_digest_is_32_hex_and_survives_the_wire() -> None:
    sound = change(ChangePart.SCOPE)
    sound = replace(
        sound,
        statement=replace(sound.statement, experience=(Experience("2024.07—至今", "示例医院", "医师"),)),
        person=person(graduated_on=date(2024, 6, 30), name="𠮷田·艾力"),
    )
    digest = content_digest(sound)
    assert len(bytes.fromhex(digest)) == 16
    assert content_digest(msgspec.json.decode(msgspec.json.encode(sound), type=Application)) == digest


def test_empty_fields_do_not_count_so_that_new_ones_change_no_paper() -> None:
    assert content_digest(application(statement=Statement(no_refusal_ground=True, other=""))) == content_digest(
        application()
    )
    # False and 0 are answers, not absence.
    silent, denied = Statement(), Statement(no_refusal_ground=False)
    assert content_digest(application(statement=silent)) != content_digest(application(statement=denied))
    assert content_digest(application(statement=replace(silent, training_months=0))) != content_digest(
        application(statement=silent)
    )


def test_the_digest_never_changes_between_versions_of_the_program() -> None:
    # Printed on paper: if this value moves, every form in circulation reads 已变更.
    assert content_digest(application()) == "a93d853e47acc0a40eb1ec6fcf0d9c00"
