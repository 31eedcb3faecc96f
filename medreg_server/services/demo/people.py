"""Generates the physicians of the demo province: who they are, how they qualified, where they are registered.

Physicians come as a stream in blocks of :data:`BLOCK`: a million of them need the memory of one block, the first ones
are the same however many are asked for, and drawing a block's columns at once costs a fraction of drawing row by row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from random import Random
from typing import Final

from medreg_core.domain.codes.id_number import make_id_number
from medreg_core.domain.codes.practice_code import make_practice_code
from medreg_core.domain.codes.qualification_code import make_qualification_code
from medreg_core.domain.records import Person, Qualification, Registration
from medreg_core.domain.vocabulary import Category, Level, RegistrationState, Sex
from medreg_server.services.demo.names import Name, Weighted, draw_names
from medreg_server.services.demo.province import (
    COUNTIES,
    HOSPITALS,
    ISSUER,
    PROVINCE,
    REGISTER_REGIONS,
    Hospital,
    Ward,
)

BLOCK: Final = 1_000

_BY_TITLE: Final = date(1998, 6, 26)  # the last day of qualification by title (``domain.md`` §7.2)
_FIRST_REGISTER: Final = date(1999, 5, 1)  # 执业医师法 came into force
_LAST_SHORT_ID_YEAR: Final = 2000  # later certificates of the demo embed 18-character IDs
_REGION_SERIALS: Final = 1_000_000
_STEP: Final = 48_271_999  # shares no factor with the birth space: the walk meets no birth twice
_PHONE_STEP: Final = 387_420_489  # shares no factor with 10**8; numbers in 12… are assigned to nobody


@dataclass(frozen=True, slots=True)
class Generation:
    """A stream of people of like age; streams share no ID number, because each has sequences of its own."""

    youngest: int  # age in years
    years: int  # of birth that the generation spans
    first_sequence: int
    sequences: int
    phone_digit: int


YOUNG: Final = Generation(24, 6, 0, 240, 0)
SETTLED: Final = Generation(30, 33, 240, 240, 1)
PASSING: Final = Generation(24, 6, 480, 19, 2)
"""Those who passed this year's exam and are on the exam centre's list."""


@dataclass(frozen=True, slots=True)
class Birth:
    """What an ID number says of a birth: the county, the day, and half the sequence number."""

    region: str
    on: date
    sequence: int


@dataclass(frozen=True, slots=True)
class Physician:
    """A registered physician and the ward where they work."""

    person: Person
    qualification: Qualification
    registration: Registration
    hospital: Hospital
    ward: Ward


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may qualify and register: the person, the level of their schooling, the ward they incline to."""

    number: int
    person: Person
    level: Level
    ward: Ward
    hospital: Hospital


@dataclass(frozen=True, slots=True)
class Schooling:
    """An education (GB/T 4658), its degree (GB/T 6864), and the usual age at the end of it."""

    education: str
    degree: str
    age: int
    school: str


_BACHELOR: Final = Schooling("21", "410", 23, "示例医科大学")
_SCHOOLING: Final = Weighted(
    (
        _BACHELOR,
        Schooling("21", "410", 23, "范例医学院"),
        Schooling("14", "310", 26, "示例医科大学"),
        Schooling("11", "210", 29, "示例医科大学"),
        Schooling("31", "", 22, "示例医学高等专科学校"),
        Schooling("41", "", 20, "示例卫生学校"),
    ),
    (38, 22, 20, 4, 13, 3),
)
_MAJORS: Final = {
    Category.CLINICAL: "临床医学",
    Category.DENTAL: "口腔医学",
    Category.PUBLIC_HEALTH: "预防医学",
    Category.CHINESE: "中医学",
}
_TITLES: Final = ((18, "主任医师"), (12, "副主任医师"), (6, "主治医师"), (3, "住院医师"), (-99, ""))

_HOSPITALS: Final = Weighted(HOSPITALS, [hospital.share for hospital in HOSPITALS])
_WARDS: Final = {
    hospital.institution.id: Weighted(hospital.wards, [ward.weight for ward in hospital.wards])
    for hospital in HOSPITALS
}


def candidates(rng: Random, today: date, generation: Generation) -> Iterator[Candidate]:
    """Yield people without end, numbered from 1; every ID number and phone is unique over all generations."""
    start = rng.randrange(1_000_000)
    for block in count():
        yield from _block(rng, today, generation, block * BLOCK, start)


def _block(rng: Random, today: date, generation: Generation, first: int, start: int) -> Iterator[Candidate]:
    sexes = rng.choices((Sex.MALE, Sex.FEMALE), k=BLOCK)
    names = draw_names(rng, sexes)
    schooling = _SCHOOLING.draw(rng, BLOCK)
    hospitals = _HOSPITALS.draw(rng, BLOCK)
    wards = {key: iter(choice.draw(rng, BLOCK)) for key, choice in _WARDS.items()}
    for number, (sex, name, studied, hospital) in enumerate(
        zip(sexes, names, schooling, hospitals, strict=True), first + 1
    ):
        ward = next(wards[hospital.institution.id])
        birth = _birth(start + number, today, generation)
        yield _candidate(number, today, generation, sex, name, studied, birth, ward, hospital)


def _candidate(
    number: int,
    today: date,
    generation: Generation,
    sex: Sex,
    name: Name,
    studied: Schooling,
    birth: Birth,
    ward: Ward,
    hospital: Hospital,
) -> Candidate:
    schooling = studied if birth.on.year + studied.age <= today.year - 5 else _BACHELOR
    graduated = birth.on.year + schooling.age
    is_assistant = not schooling.degree and number % 5 < 3
    title = "医士" if is_assistant else _title(today.year - graduated)
    person = Person(
        name=name.text,
        sex=sex,
        birth_date=birth.on,
        id_number=make_id_number(birth.region, birth.on, birth.sequence * 2 + (sex is Sex.MALE)),
        nation=name.nation,
        education=schooling.education,
        degree=schooling.degree,
        school=schooling.school,
        major=_MAJORS[ward.category],
        graduated_on=date(graduated, 6, 30),
        title=title,
        title_since=date(min(graduated + 6, today.year - 1), 12, 1) if title else None,
        phone=f"12{generation.phone_digit}{number * _PHONE_STEP % 100_000_000:08d}",
        address=f"示例省示例市示例区示例路 {number % 900 + 1} 号",
        postcode="990000",
    )
    return Candidate(number, person, Level.ASSISTANT if is_assistant else Level.PHYSICIAN, ward, hospital)


def _title(years: int) -> str:
    """Return the usual 专业技术职务 so many years after graduation."""
    return next(title for since, title in _TITLES if years >= since)


def _birth(number: int, today: date, generation: Generation) -> Birth:
    """Return the birth at that step of a walk that meets none twice."""
    days = generation.years * 365
    births = len(COUNTIES) * days * generation.sequences
    at, sequence = divmod(number * _STEP % births, generation.sequences)
    county, day = divmod(at, days)
    youngest = today - timedelta(days=generation.youngest * 366)
    return Birth(COUNTIES[county], youngest - timedelta(days=day), generation.first_sequence + sequence)


def qualify(person: Person, ward: Ward, level: Level, obtained_on: date) -> Qualification:
    """Return the qualification that ``person`` obtained on that day."""
    year = obtained_on.year
    embedded = _short_id(person.id_number) if year <= _LAST_SHORT_ID_YEAR else person.id_number
    return Qualification(
        code=make_qualification_code(year, PROVINCE, level, ward.exam_category, embedded),
        level=level,
        category=ward.category,
        exam_category=ward.exam_category,
        obtained_on=obtained_on,
        issuer=ISSUER,
        name=person.name,
        id_number=person.id_number,
    )


def _short_id(number: str) -> str:
    """Return the 15-digit form of 1989, which certificates of the 1900s embed (``domain.md`` §7.1)."""
    return number[:6] + number[8:17]


class PracticeSerials:
    """Hands out the serials of practice codes, counted per prefix as the register counts them (``domain.md`` §7.3)."""

    def __init__(self) -> None:
        self._last: dict[tuple[Level, str], int] = {}

    def next_code(self, level: Level, exam_category: str) -> str:
        """Return the next practice code of that level and category; a region is left when its million is used up."""
        issued = self._last[level, exam_category] = self._last.get((level, exam_category), 0) + 1
        region, serial = divmod(issued, _REGION_SERIALS)
        return make_practice_code(level, exam_category, REGISTER_REGIONS[region], serial)

    def counters(self) -> dict[str, int]:
        """Return the last serial of each prefix in use: where the register must go on."""
        return {
            make_practice_code(level, category, REGISTER_REGIONS[region], 0)[:9]: last
            for (level, category), issued in self._last.items()
            for region, last in _used_regions(issued)
        }


def _used_regions(issued: int) -> Iterator[tuple[int, int]]:
    region, serial = divmod(issued, _REGION_SERIALS)
    yield from ((full, _REGION_SERIALS - 1) for full in range(region))
    yield region, serial


def employ(candidate: Candidate, today: date, serials: PracticeSerials) -> Physician:
    """Return the candidate as a physician who qualified after graduation and is registered at their hospital today."""
    person, ward, level, number = candidate.person, candidate.ward, candidate.level, candidate.number
    assert person.graduated_on is not None
    year = max(1998, min(person.graduated_on.year + 1 + number % 3, today.year - 4))
    obtained_on = _BY_TITLE if year == _BY_TITLE.year else date(year, 12, 1 + number % 28)
    registered_on = max(_FIRST_REGISTER, date(year + 1, 1 + number % 10, 1 + number % 27))
    registration = _registered(candidate, registered_on, serials.next_code(level, ward.exam_category), today)
    return Physician(person, qualify(person, ward, level, obtained_on), registration, candidate.hospital, ward)


def _registered(candidate: Candidate, registered_on: date, practice_code: str, today: date) -> Registration:
    """Return the candidate's valid registration at their hospital, with the last three-year assessment passed."""
    cycle_end = (today.year - 1) // 3 * 3  # cycles of 医师法 Art. 42 as the demo counts them: 2023—2025, 2026—2028 …
    person = candidate.person
    return Registration(
        practice_code=practice_code,
        state=RegistrationState.VALID,
        level=candidate.level,
        category=candidate.ward.category,
        scopes=(candidate.ward.scope,),
        place=place(candidate.level, candidate.hospital),
        institution_name=candidate.hospital.institution.name,
        institution_code=candidate.hospital.institution.code,
        department=candidate.ward.department,
        registered_on=registered_on,
        assessment=f"{cycle_end - 2}—{cycle_end} 合格",
        assessment_passed=True,
        education=person.education,
        title=person.title,
        phone=person.phone,
    )


def place(level: Level, hospital: Hospital) -> str:
    """Return the 执业地点: the province for 执业医师, the county for 执业助理医师 (``domain.md`` §5.2)."""
    return hospital.institution.region if level is Level.ASSISTANT else PROVINCE


def physicians(rng: Random, today: date, serials: PracticeSerials) -> Iterator[Physician]:
    """Yield registered physicians of all three hospitals without end."""
    return (employ(candidate, today, serials) for candidate in candidates(rng, today, SETTLED))
