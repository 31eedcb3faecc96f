from __future__ import annotations

from datetime import date
from itertools import islice
from random import Random

import pytest

from medreg_core.domain.tables import Tables
from medreg_server.services.demo.applications import Filed, Filings
from medreg_server.services.demo.cases import live_cases, past_cases
from medreg_server.services.demo.people import Physician, PracticeSerials, physicians
from medreg_server.services.rule_tables import installed_tables

TODAY = date(2026, 11, 23)
SEED = 20261123


@pytest.fixture(scope="session")
def tables() -> Tables:
    return installed_tables()


@pytest.fixture(scope="session")
def staff() -> list[Physician]:
    return list(islice(physicians(Random(SEED), TODAY, PracticeSerials()), 5_000))


@pytest.fixture(scope="session")
def live(tables: Tables) -> list[Filed]:
    rng = Random(SEED)
    return list(Filings(rng, TODAY, tables, PracticeSerials()).filed(live_cases(rng)))


@pytest.fixture(scope="session")
def past(tables: Tables) -> list[Filed]:
    rng = Random(SEED)
    return list(Filings(rng, TODAY, tables, PracticeSerials()).filed(islice(past_cases(rng), 400)))
