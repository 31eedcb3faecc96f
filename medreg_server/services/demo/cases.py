"""Which applications the demo holds: how many of which kind in which state, how old, with what wrong, and the cast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from medreg_core.domain.vocabulary import ChangePart, Kind, Sex, State
from medreg_server.services.demo.flaws import Flaw
from medreg_server.services.demo.names import Weighted


@dataclass(frozen=True, slots=True)
class CastMember:
    """An applicant with a name of their own, so that pictures and tests meet them again."""

    name: str
    sex: Sex
    department: str


@dataclass(frozen=True, slots=True)
class Case:
    """One application to be made.

    ``age`` counts the working days since its last move; ``is_flawed`` asks for some flaw where ``flaw`` names none.
    """

    kind: Kind
    part: ChangePart | None
    state: State
    age: int
    flaw: Flaw | None = None
    is_flawed: bool = False
    cast: CastMember | None = None


_KINDS: Final = Weighted(
    (
        Kind.REGISTRATION,
        Kind.CHANGE,
        Kind.ASSISTANT_UPGRADE,
        Kind.MULTI_SITE_FILING,
        Kind.CANCELLATION,
        Kind.DEPARTURE_FILING,
    ),
    (44, 28, 12, 10, 3, 3),
)
_PARTS: Final = Weighted(
    (ChangePart.MAIN_INSTITUTION, ChangePart.SCOPE, ChangePart.PLACE, ChangePart.CATEGORY), (45, 30, 18, 7)
)
_IN_PROGRESS: Final = {
    State.SUBMITTED: 128,
    State.AGREED: 42,
    State.ACCEPTED: 33,
    State.SUPPLEMENT: 11,
    State.RETURNED: 12,
}
_SETTLED: Final = {
    State.WITHDRAWN: 10,
    State.REFUSED: 10,
    State.NOT_ACCEPTED: 10,
    State.DENIED: 10,
    State.APPROVED: 12,
    State.CERTIFIED: 11,
    State.COLLECTED: 11,
}
LIVE: Final = sum(_IN_PROGRESS.values()) + sum(_SETTLED.values())
"""300 applications: every kind in every state, at least one of each."""

_PAST_STATES: Final = Weighted(
    (State.COLLECTED, State.WITHDRAWN, State.REFUSED, State.NOT_ACCEPTED, State.DENIED), (88, 4, 3, 3, 2)
)
_AGES: Final = {
    # The institution has 14 working days: 15 and 16 are overdue, 14 is due today.
    State.SUBMITTED: Weighted(range(1, 17), (10, 9, 9, 9, 9, 9, 8, 8, 8, 8, 8, 7, 6, 5, 3, 1)),
    State.AGREED: Weighted(range(1, 9), (1,) * 8),
    State.ACCEPTED: Weighted(range(1, 12), (1,) * 11),
    State.SUPPLEMENT: Weighted(range(1, 7), (1,) * 6),
    State.RETURNED: Weighted(range(1, 11), (1,) * 10),
}
_RECENT: Final = Weighted(range(1, 40), (1,) * 39)
_PAST: Final = Weighted(range(20, 420), (1,) * 400)

_FLAWED: Final = 0.3
_MALE, _FEMALE = Sex.MALE, Sex.FEMALE
_WAITING, _AGREED, _ACCEPTED = State.SUBMITTED, State.AGREED, State.ACCEPTED
_REG, _UP, _CHG, _FILE = Kind.REGISTRATION, Kind.ASSISTANT_UPGRADE, Kind.CHANGE, Kind.MULTI_SITE_FILING

CAST: Final = (
    Case(_REG, None, _WAITING, 15, Flaw.NO_PHOTO, cast=CastMember("单小明", _MALE, "心血管内科")),
    Case(_CHG, ChangePart.MAIN_INSTITUTION, _WAITING, 14, None, cast=CastMember("欧阳以宁", _FEMALE, "产科")),
    Case(_UP, None, _WAITING, 13, None, cast=CastMember("覃可", _FEMALE, "针灸推拿科")),
    Case(_REG, None, _WAITING, 13, Flaw.NOT_DECLARED, cast=CastMember("仇一帆", _MALE, "口腔科")),
    Case(_FILE, None, _WAITING, 12, Flaw.PENDING_UNKNOWN, cast=CastMember("解知行", _MALE, "普外科")),
    Case(_REG, None, _WAITING, 12, None, cast=CastMember("曾予安", _FEMALE, "新生儿科")),
    Case(_CHG, ChangePart.SCOPE, _WAITING, 12, Flaw.TRAINING_SHORT, cast=CastMember("尉迟朗", _MALE, "急诊科")),
    Case(_REG, None, _WAITING, 10, None, cast=CastMember("区念", _FEMALE, "预防保健科")),
    Case(_REG, None, _AGREED, 5, None, cast=CastMember("朴成", _MALE, "放射科")),
    Case(_REG, None, _AGREED, 5, None, cast=CastMember("查亦真", _FEMALE, "全科医学科")),
    Case(_CHG, ChangePart.PLACE, _WAITING, 8, Flaw.ORIGIN_SILENT, cast=CastMember("盖星河", _MALE, "麻醉科")),
    Case(_REG, None, _WAITING, 7, None, cast=CastMember("乐时雨", _FEMALE, "心理科")),
    Case(_UP, None, _WAITING, 6, None, cast=CastMember("任知微", _FEMALE, "呼吸内科")),
    Case(_FILE, None, _ACCEPTED, 2, None, cast=CastMember("华与归", _MALE, "口腔科")),
    Case(_REG, None, State.SUPPLEMENT, 1, None, cast=CastMember("宓舟", _MALE, "康复医学科")),
    Case(_CHG, ChangePart.SCOPE, _WAITING, 5, Flaw.ORIGINAL_UNSEEN, cast=CastMember("冼明澈", _MALE, "中西医结合科")),
    Case(_REG, None, State.RETURNED, 2, Flaw.MATERIAL_MISSING, cast=CastMember("召南", _FEMALE, "皮肤科")),
    Case(_REG, None, _WAITING, 4, None, cast=CastMember("折青禾", _FEMALE, "骨科")),
)
"""The people of the pictures, whose surnames are read wrongly by every dictionary."""


def live_cases(rng: Random) -> Iterator[Case]:
    """Yield :data:`LIVE` cases: the cast, one of every kind in every state, and the rest by their usual shares."""
    yield from CAST
    for state, count in (_IN_PROGRESS | _SETTLED).items():
        kinds = [*Kind, *_KINDS.draw(rng, count)][: count - sum(case.state is state for case in CAST)]
        for kind in kinds:
            yield _case(rng, kind, state, _AGES.get(state, _RECENT).draw(rng, 1)[0])


def past_cases(rng: Random) -> Iterator[Case]:
    """Yield finished applications of the last year and a half, without end."""
    while True:
        for kind, state, age in zip(
            _KINDS.draw(rng, 500), _PAST_STATES.draw(rng, 500), _PAST.draw(rng, 500), strict=True
        ):
            yield _case(rng, kind, state, age)


def _case(rng: Random, kind: Kind, state: State, age: int) -> Case:
    part = _PARTS.draw(rng, 1)[0] if kind is Kind.CHANGE else None
    is_flawed = state is State.SUBMITTED and rng.random() < _FLAWED
    flaw = Flaw.MATERIAL_MISSING if state is State.RETURNED else None
    return Case(kind, part, state, age, flaw, is_flawed)
