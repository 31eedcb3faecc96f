"""What every world of real processes begins with: the simulator's template, on SQLite files or on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from medreg_core.domain.records import AccountId, Institution
from medreg_server.settings import Settings
from simulator.clocks import WorldTime
from simulator.real.ground import on_postgres as over
from simulator.register import copy_template, settings_of
from simulator.template import fill, template
from tests.helpers.postgres import Cluster, database_name, running_cluster


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A filled register to begin worlds from."""

    name: str
    folder: Path  # keys, and SQLite's file
    home: Institution
    accounts: dict[str, AccountId]
    cluster: Cluster | None = None
    filled: str = ""  # the database that others are copied from

    @contextmanager
    def register(self, folder: Path) -> Iterator[Settings]:
        """Give the settings of a server of its own, as long as a world stands."""
        copy_template(self.folder, folder)
        settings = settings_of(folder)
        if self.cluster is None:
            yield settings
            return
        url = self.cluster.new_database(self.filled, f"world_{os.getpid()}")
        try:
            yield over(folder, url)
        finally:
            self.cluster.drop(url)


@contextmanager
def on_sqlite(_: Path) -> Iterator[Ground]:
    """Give the simulator's own template."""
    base = template()
    yield Ground("sqlite", base.register, base.home, base.accounts)


@contextmanager
def on_postgres(folder: Path) -> Iterator[Ground]:
    """Run a private PostgreSQL with a register like the template's."""
    base = template()
    with running_cluster() as cluster:
        url, keys = cluster.new_database(), folder / "postgresql"
        keys.mkdir()
        accounts = fill(over(keys, url), WorldTime(), (base.home, base.other), base.applications)
        yield Ground("postgresql", keys, base.home, accounts, cluster, database_name(url))


GROUNDS = {"sqlite": on_sqlite, "postgresql": on_postgres}
"""How to lay each kind of ground, with a folder for its files."""
