"""Who passed this year's exam in the demo province; some have signed up already and wait for the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import islice
from random import Random
from typing import Final

from medreg_core.domain.records import Person
from medreg_server.services.demo.people import PASSING, candidates, qualify
from medreg_server.services.demo.province import CITY, PROVINCE_NAME, REGISTER_REGION
from medreg_server.services.exam.pass_list import Pass

PASSERS: Final = 120
SIGNED_UP: Final = 20
"""So many of the first passers are physicians of the register without any qualification yet."""


@dataclass(frozen=True, slots=True)
class Passer:
    """A candidate who passed, and the row about them."""

    person: Person
    entry: Pass


def passers(seed: int, today: date) -> list[Passer]:
    """Return the passers of this year's exam: the same people whenever the demo is made with ``seed``."""
    rng = Random(f"passers-{seed}")  # noqa: S311 - invented data must be repeatable, not secret
    return [
        Passer(
            candidate.person,
            Pass(
                qualification=qualify(candidate.person, candidate.ward, candidate.level, today),
                admission_number=f"{today.year}{REGISTER_REGION}{candidate.number:06d}",
                site=f"{PROVINCE_NAME}考区/{CITY}考点",
            ),
        )
        for candidate in islice(candidates(rng, today, PASSING), PASSERS)
    ]
