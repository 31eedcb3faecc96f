from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from medreg_core.domain.records import Application, Material
from medreg_core.domain.rules import (
    MaterialState,
    check,
    material_list,
    material_state,
    may_agree,
    missing_materials,
)
from medreg_core.domain.tables import Tables, load_tables
from medreg_core.domain.vocabulary import ChangePart, Kind, State
from tests.core.builders import application, change, context, qualification, registration, request
from tests.core.conftest import read_packaged


def blockers(one: Application, tables: Tables, *, online: bool = True) -> list[tuple[str, str]]:
    found = may_agree(one, check(one, context(tables, online=online)), tables)
    return [(blocker.code, blocker.params.get("check") or blocker.params.get("material", "")) for blocker in found]


def without(one: Application, *codes: str) -> Application:
    return replace(one, materials=tuple(m for m in one.materials if m.code not in codes))


def test_a_sound_application_may_be_agreed_to(tables: Tables) -> None:
    assert blockers(application(), tables) == []


def test_offline_unknowns_do_not_block(tables: Tables) -> None:
    unsure = replace(change(ChangePart.MAIN_INSTITUTION), origin_agrees=None, other_pending=None)
    assert blockers(unsure, tables, online=False) == []


def test_the_blocked_picture(tables: Tables) -> None:
    """Training of three months and no certificate: one failed check, one missing material."""
    short = change(ChangePart.SCOPE)
    short = without(replace(short, statement=replace(short.statement, training_months=3)), "training_certificate")
    assert blockers(short, tables) == [
        ("check_failed", "training_for_change"),
        ("material_missing", "training_certificate"),
    ]


def test_blockers_carry_what_their_sentence_needs(tables: Tables) -> None:
    short = replace(change(ChangePart.SCOPE), statement=replace(change(ChangePart.SCOPE).statement, training_months=3))
    (blocker,) = may_agree(short, check(short, context(tables)), tables)
    assert blocker.params == {
        "check": "training_for_change",
        "reason": "too_short",
        "months": "3",
        "required": "6",
    }


@pytest.mark.parametrize("state", [state for state in State if state is not State.SUBMITTED])
def test_only_what_awaits_review_may_be_agreed_to(tables: Tables, state: State) -> None:
    assert blockers(application(state=state), tables) == [("state", "")]


def test_an_original_not_seen_blocks_unless_the_authority_says_otherwise(tables: Tables) -> None:
    uploaded = replace(application(), materials=tuple(replace(m, original_seen=False) for m in application().materials))
    assert {code for code, _ in blockers(uploaded, tables)} == {"original_unseen"}
    assert "photo" not in {name for _, name in blockers(uploaded, tables)}

    def read(name: str) -> str:
        return read_packaged(name).replace("originals_before_agreement = true", "originals_before_agreement = false")

    assert blockers(uploaded, load_tables(read)) == []


@pytest.mark.parametrize(
    ("material", "state"),
    [
        (Material("id_card", pages=2, original_seen=True, copies=1), MaterialState.COMPLETE),
        (Material("id_card", original_seen=True), MaterialState.COMPLETE),
        (Material("id_card", pages=2), MaterialState.ORIGINAL_UNSEEN),
        (Material("id_card", copies=1), MaterialState.ORIGINAL_UNSEEN),
        (Material("id_card"), MaterialState.MISSING),
        (Material("photo", pages=1), MaterialState.MISSING),
    ],
)
def test_how_a_line_stands(tables: Tables, material: Material, state: MaterialState) -> None:
    required = next(m for m in material_list(application(), tables) if m.code == "id_card")
    assert material_state(required, application(materials=(material,))) is state


def test_the_review_form_is_printed_later_and_never_missing(tables: Tables) -> None:
    bare = application(materials=())
    form = next(m for m in material_list(bare, tables) if m.code == "review_form")
    assert material_state(form, bare) is MaterialState.LATER
    assert [m.code for m in missing_materials(bare, tables)] == [
        "id_card",
        "qualification_certificate",
        "employment_proof",
        "photo",
    ]


def codes(one: Application, tables: Tables) -> set[str]:
    return {required.code for required in material_list(one, tables)}


def test_lists_follow_the_business(tables: Tables) -> None:
    assert "leaving_proof" in codes(change(ChangePart.MAIN_INSTITUTION), tables)
    assert "leaving_proof" not in codes(change(ChangePart.SCOPE), tables)
    assert "training_certificate" in codes(change(ChangePart.SCOPE), tables)
    assert "assistant_certificate" in codes(application(kind=Kind.ASSISTANT_UPGRADE), tables)
    assert codes(application(kind=Kind.DEPARTURE_FILING), tables) == {"departure_proof"}
    assert all(material_list(application(kind=kind), tables) for kind in Kind)


def test_two_years_without_practice_ask_for_the_training_certificate(tables: Tables) -> None:
    stopped = application(qualification=qualification(obtained_on=date(2024, 11, 3)))
    assert "training_certificate" in codes(stopped, tables)
    assert "training_certificate" not in codes(application(), tables)
    assert "training_certificate" not in codes(application(registration=registration()), tables)


def test_a_provinces_own_list(tables: Tables) -> None:
    here = next(m for m in material_list(application(), tables) if m.code == "diploma")
    assert here.optional
    assert "diploma" not in codes(application(request=request(place="37")), tables)

    own = """
[regions.37]
drop = ["photo"]
optional = ["employment_proof"]
"""

    def read(name: str) -> str:
        return read_packaged(name) + (own if name == "materials.toml" else "")

    shandong = material_list(application(request=request(place="37")), load_tables(read))
    assert "photo" not in {m.code for m in shandong}
    assert next(m for m in shandong if m.code == "employment_proof").optional


def test_an_optional_material_never_blocks(tables: Tables) -> None:
    assert ("material_missing", "diploma") not in blockers(without(application(), "diploma"), tables)
