"""Loads core's tables from the installed package; core itself reads no files."""

from __future__ import annotations

from functools import cache
from importlib import resources

from medreg_core.domain.tables import Tables, load_tables


@cache
def installed_tables() -> Tables:
    """Return the tables of this version, read once. Raises TableBroken naming the file at fault."""
    folder = resources.files("medreg_core") / "tables"
    return load_tables(lambda name: (folder / name).read_text(encoding="utf-8"))
