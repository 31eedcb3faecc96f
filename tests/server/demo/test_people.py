from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date
from itertools import islice
from random import Random

import msgspec
import pytest

from medreg_core.domain.codes.credit_code import check_credit_code
from medreg_core.domain.codes.id_number import check_id_matches, check_id_number
from medreg_core.domain.codes.institution_code import check_institution_code
from medreg_core.domain.codes.practice_code import check_practice_code
from medreg_core.domain.codes.qualification_code import check_qualification_code, parse_qualification_code
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import Level
from medreg_server.services.demo.names import COMPOUND_SURNAMES, POLYPHONIC_SURNAMES, RARE_GIVEN, RARE_SURNAMES
from medreg_server.services.demo.people import (
    PASSING,
    SETTLED,
    YOUNG,
    Physician,
    PracticeSerials,
    candidates,
    physicians,
)
from medreg_server.services.demo.province import HOSPITALS
from tests.server.demo.conftest import TODAY


def test_every_code_passes_every_check_without_a_hint(staff: list[Physician], tables: Tables) -> None:
    for physician in staff:
        person, qualification, registration = physician.person, physician.qualification, physician.registration
        assert not check_id_number(person.id_number, TODAY, tables.regions)
        assert not check_id_matches(person.id_number, person.birth_date, person.sex)
        findings = check_qualification_code(qualification.code, TODAY, id_number=person.id_number, tables=tables)
        assert [finding.code for finding in findings] in ([], ["id_old_form"])
        assert not check_practice_code(registration.practice_code, tables)


def test_id_numbers_agree_with_an_oracle_of_our_own(staff: list[Physician]) -> None:
    for physician in staff[:500]:
        number = physician.person.id_number
        values = [10 if sign == "X" else int(sign) for sign in number]
        # ISO 7064 MOD 11-2: the weighted sum over all 18 characters, check included, is 1 modulo 11.
        assert sum(value * pow(2, 17 - place, 11) for place, value in enumerate(values)) % 11 == 1


def test_codes_say_what_the_records_say(staff: list[Physician]) -> None:
    for physician in staff:
        qualification, registration = physician.qualification, physician.registration
        parsed = parse_qualification_code(qualification.code)
        assert parsed is not None
        assert (parsed.year, parsed.province) == (qualification.obtained_on.year, "99")
        assert (parsed.level, parsed.exam_category) == (qualification.level.value, qualification.exam_category)
        assert registration.practice_code[:3] == qualification.level.value + qualification.exam_category
        assert registration.level is qualification.level
        assert registration.scopes[0] in physician.hospital.institution.subjects
        assert registration.department in physician.hospital.institution.departments
        assert registration.institution_name == physician.hospital.institution.name


def test_lives_go_in_order(staff: list[Physician]) -> None:
    for physician in staff:
        person, qualification = physician.person, physician.qualification
        assert person.graduated_on is not None
        assert person.birth_date < person.graduated_on < qualification.obtained_on
        assert qualification.obtained_on < physician.registration.registered_on < TODAY
        assert person.title_since is None or person.graduated_on < person.title_since < TODAY


def test_nobody_shares_an_id_a_phone_or_a_code(staff: list[Physician]) -> None:
    for values in (
        [physician.person.id_number for physician in staff],
        [physician.person.phone for physician in staff],
        [physician.qualification.code for physician in staff],
        [physician.registration.practice_code for physician in staff],
    ):
        assert len(set(values)) == len(staff)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_generations_never_meet(seed: int) -> None:
    streams = [candidates(Random(seed), TODAY, generation) for generation in (YOUNG, SETTLED, PASSING)]
    people = [candidate.person for stream in streams for candidate in islice(stream, 3_000)]
    assert len({person.id_number for person in people}) == len({person.phone for person in people}) == 9_000


def test_shares_of_names_are_those_of_a_province(staff: list[Physician]) -> None:
    names = [physician.person.name for physician in staff]
    rare = set(RARE_GIVEN) | set(RARE_SURNAMES)
    assert 0.016 < sum("·" in name for name in names) / len(names) < 0.024
    assert 0.006 < sum(bool(rare & set(name)) for name in names) / len(names) < 0.016
    assert 0.006 < sum(name.startswith(COMPOUND_SURNAMES) for name in names) / len(names) < 0.018
    assert 0.02 < sum(name[0] in POLYPHONIC_SURNAMES for name in names) / len(names) < 0.12


def test_rare_characters_reach_beyond_the_basic_plane(staff: list[Physician]) -> None:
    characters = {character for physician in staff for character in physician.person.name}
    assert any(ord(character) > 0xFFFF for character in characters)
    assert any(0x3400 <= ord(character) < 0x4DC0 for character in characters)


def test_homonyms_occur_and_the_commonest_names_crowd(staff: list[Physician]) -> None:
    counts = Counter(physician.person.name for physician in staff)
    namesakes = sum(count for count in counts.values() if count > 1)
    assert namesakes / len(staff) > 0.1
    assert counts.most_common(1)[0][1] >= 8


def test_minority_names_belong_to_minorities(staff: list[Physician]) -> None:
    assert all(physician.person.nation != "01" for physician in staff if "·" in physician.person.name)


def test_old_certificates_embed_the_short_id(staff: list[Physician]) -> None:
    lengths = Counter(len(physician.qualification.code) for physician in staff)
    assert set(lengths) == {24, 27}
    assert 0.1 < lengths[24] / len(staff) < 0.6
    for physician in staff:
        short = len(physician.qualification.code) == 24
        assert short == (physician.qualification.obtained_on.year <= 2000)


def test_every_row_renders_in_the_tables(staff: list[Physician], tables: Tables) -> None:
    for physician in staff:
        person, registration = physician.person, physician.registration
        assert person.nation in tables.nations
        assert person.education in tables.educations
        assert not person.degree or person.degree in tables.degrees
        assert not person.title or person.title in set(tables.titles.names.values())
        assert physician.qualification.exam_category in tables.exam_categories
        assert all(tables.scopes.category(scope) is registration.category for scope in registration.scopes)
        assert registration.place in tables.regions
        assert person.id_number[:6] in tables.regions


@pytest.mark.parametrize("hospital", HOSPITALS, ids=lambda hospital: hospital.institution.name)
def test_institutions_have_valid_codes_and_known_subjects(hospital: object, tables: Tables) -> None:
    institution = hospital.institution  # type: ignore[attr-defined] # ids= wants the parameter untyped
    assert not check_credit_code(institution.credit_code, tables.regions)
    assert not check_institution_code(institution.code, tables.regions)
    assert institution.id.startswith(institution.region)
    assert all(subject in tables.scopes for subject in institution.subjects)
    assert len(set(institution.departments)) == len(institution.departments)


def _digest(seed: int, count: int) -> str:
    stream = islice(physicians(Random(seed), TODAY, PracticeSerials()), count)
    encoded = (msgspec.json.encode((p.person, p.qualification, p.registration)) for p in stream)
    return hashlib.sha256(b"".join(encoded)).hexdigest()


def test_the_same_seed_makes_the_same_people() -> None:
    assert _digest(7, 1_500) == _digest(7, 1_500)
    assert _digest(7, 1_500) != _digest(8, 1_500)


def test_the_first_people_do_not_depend_on_how_many_follow() -> None:
    few = list(islice(physicians(Random(7), TODAY, PracticeSerials()), 10))
    many = list(islice(physicians(Random(7), TODAY, PracticeSerials()), 2_500))
    assert many[:10] == few


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2026, 1, 1), date(2030, 6, 15), date(2041, 12, 31)])
def test_any_day_can_be_today(today: date) -> None:
    for physician in islice(physicians(Random(1), today, PracticeSerials()), 300):
        assert not [f for f in check_id_number(physician.person.id_number, today) if f.code != "id_kind"]
        assert physician.qualification.obtained_on < physician.registration.registered_on <= today


def test_serials_leave_a_region_when_its_million_is_used_up() -> None:
    serials = PracticeSerials()
    serials._last[Level.PHYSICIAN, "10"] = 999_998
    codes = [serials.next_code(Level.PHYSICIAN, "10") for _ in range(3)]
    assert codes == ["110990100999999", "110990200000000", "110990200000001"]
    assert serials.counters() == {"110990100": 999_999, "110990200": 1}
