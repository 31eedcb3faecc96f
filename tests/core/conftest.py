from __future__ import annotations

from importlib.resources import files

import pytest

from medreg_core.domain.tables import Tables, load_tables


def read_packaged(name: str) -> str:
    return (files("medreg_core") / "tables" / name).read_text("utf-8")


@pytest.fixture(scope="session")
def tables() -> Tables:
    return load_tables(read_packaged)
