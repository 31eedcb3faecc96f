"""Synthetic applications for the tests of the search: names with every difficulty, all choices, dates, codes."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from medreg_core.domain.records import (
    AccountId,
    Application,
    ApplicationId,
    Claim,
    InstitutionId,
    Person,
    PhysicianId,
    Qualification,
    Registration,
    Request,
    ReviewForm,
    Statement,
)
from medreg_core.domain.vocabulary import Category, ChangePart, Kind, Level, RegistrationState, Sex, State
from medreg_desktop.services.search.conditions import RowSync
from medreg_desktop.services.search.rows import RowDerived

SURNAMES = [*"王李张刘陈杨单仇曾解查区朴盖缪翟", "欧阳", "尉迟", "万俟", "长孙"]
GIVEN = [*"伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚桂小行乐", "𠅤", "䶮", "㛃"]
STRANGE = [
    "买买提·阿卜杜拉", "阿依古丽•吐尔逊", "John Smith", "100%_张", "O'Brien", "", "王", "％半", "<b>王</b>", "龙" * 300,
    "Ａｌｉｃｅ", "李　四", "a\x00b", "';DROP TABLE worklist;--",
]  # fmt: skip
DEPARTMENTS = ["心血管内科", "产科", "口腔科", "急诊科", "放射科"]
SCOPES = ["internal", "surgery", "obstetrics", "dental", "imaging"]
EDUCATIONS = ["20", "30", "14"]
HANDLERS = ["", "张三", "李四"]
DAY = date(2026, 11, 2)


@dataclass(frozen=True, slots=True)
class Work:
    """An application with its overlay, as the cache would hand them to the index."""

    application: Application
    derived: RowDerived


def any_work(random_: random.Random, number: int) -> Work:
    """Return one application drawn from ``random_``; ``number`` makes its id."""
    birth = date(1960, 1, 1) + timedelta(random_.randrange(14000))
    region, check = random_.choice(["110105", "340524"]), random_.choice("0123456789X")
    id_number = f"{region}{birth:%Y%m%d}{random_.randrange(1000):03}{check}"
    person = Person(any_name(random_), Sex.FEMALE, birth, id_number, education=random_.choice(EDUCATIONS))
    person = replace(person, phone=f"13{random_.randrange(10**9):09}" if random_.random() < 0.9 else "")
    kind = random_.choice(list(Kind))
    level, category = random_.choice(list(Level)), random_.choice(list(Category))
    scopes = tuple(random_.sample(SCOPES, random_.randrange(3)))
    application = Application(
        id=ApplicationId(f"{number:032x}"),
        institution_id=InstitutionId("i"),
        physician_id=PhysicianId(f"p{number}"),
        kind=kind,
        state=State.SUBMITTED,
        version=random_.randrange(1, 9),
        content_version=1,
        submitted_at=datetime(2026, 10, 1, 15, 30, tzinfo=UTC) + timedelta(hours=random_.randrange(24 * 60)),
        person=person,
        qualification=_qualification(random_, person, level, category),
        registration=_registration(random_, level, category),
        request=Request("11", "院", "c", "a", "p", random_.choice(DEPARTMENTS), level, category, scopes, None),
        statement=Statement(),
        change_part=random_.choice(list(ChangePart)) if kind is Kind.CHANGE else None,
        form=ReviewForm(f"990100-2026-{number:06}-B", "0" * 32, "") if random_.random() < 0.3 else None,
        claim=Claim(AccountId("a"), "李四", datetime(2026, 11, 2, tzinfo=UTC)) if random_.random() < 0.1 else None,
    )
    return Work(application, any_derived(random_))


def any_name(random_: random.Random) -> str:
    """Return a name: mostly surname and one or two characters, sometimes a strange one."""
    if random_.random() < 0.15:
        return random_.choice(STRANGE)
    return random_.choice(SURNAMES) + "".join(random_.choices(GIVEN, k=random_.choice([1, 2, 2])))


def any_derived(random_: random.Random) -> RowDerived:
    """Return what the cache derives for a row."""
    need = random_.randrange(8)
    deadline = random_.choice([None, DAY + timedelta(random_.randrange(40))])
    return RowDerived(
        shown_state=random_.choice(list(State)),
        sync=random_.choice(list(RowSync)),
        passed=random_.randrange(12),
        failed=random_.choice([0, 0, 0, 1, 2]),
        unknown=random_.choice([0, 0, 0, 1, 120]),
        have=max(0, need - random_.choice([0, 0, 1, 2])),
        need=need,
        deadline=deadline,
        deadline_unpublished=deadline is None and random_.random() < 0.3,
        handler=random_.choice(HANDLERS),
    )


def _qualification(random_: random.Random, person: Person, level: Level, category: Category) -> Qualification | None:
    if random_.random() < 0.1:
        return None
    code = f"{random_.randrange(1999, 2026)}11{level}10{person.id_number}"
    return Qualification(code, level, category, "10", DAY, "x", person.name, person.id_number)


def _registration(random_: random.Random, level: Level, category: Category) -> Registration | None:
    if random_.random() < 0.5:
        return None
    code = f"{level}10110105{random_.randrange(10**6):06}"
    return Registration(code, RegistrationState.VALID, level, category, (), "11", "院", "c", "科", DAY)
