"""The code lists that come with the program."""

from __future__ import annotations

from importlib.resources import files

from medreg_core.domain.tables import Tables, load_tables


def packaged_tables() -> Tables:
    """Return the code lists that come with the program."""
    folder = files("medreg_core").joinpath("tables")
    return load_tables(lambda name: folder.joinpath(name).read_text("utf-8"))
