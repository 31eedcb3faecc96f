"""What worlds of real processes begin with: the simulator's template, on SQLite files or on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from medreg_core.domain.records import AccountId, Institution
from medreg_server.settings import Settings
from simulator.clocks import WorldTime
from simulator.register import copy_template, settings_of
from simulator.template import fill, template
from tests.helpers.postgres import Cluster, database_name, running_cluster


def over(folder: Path, database_url: str) -> Settings:
    """Return the settings of the simulated service over another database."""
    return msgspec.structs.replace(settings_of(folder), database_url=database_url)


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A filled register to begin worlds from; ``folder`` holds the keys, and SQLite's file."""

    name: str
    folder: Path
    home: Institution
    accounts: dict[str, AccountId]

    @contextmanager
    def register(self, folder: Path) -> Iterator[Settings]:
        """Give the settings of a server of its own, as long as a world stands."""
        copy_template(self.folder, folder)
        yield settings_of(folder)


@dataclass(frozen=True, slots=True, eq=False)
class PostgresGround(Ground):
    """``filled`` names the database that each world copies."""

    cluster: Cluster
    filled: str

    @contextmanager
    def register(self, folder: Path) -> Iterator[Settings]:
        """Give the settings of a server of its own, as long as a world stands."""
        copy_template(self.folder, folder)
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
def on_postgres(folder: Path) -> Iterator[PostgresGround]:
    """Run a private PostgreSQL with a register like the template's."""
    base = template()
    with running_cluster() as cluster:
        url, keys = cluster.new_database(), folder / "postgresql"
        keys.mkdir()
        accounts = fill(over(keys, url), WorldTime(), (base.home, base.other), base.applications)
        yield PostgresGround("postgresql", keys, base.home, accounts, cluster, database_name(url))


GROUNDS = {"sqlite": on_sqlite, "postgresql": on_postgres}
"""How to lay each kind of ground, with a folder for its files."""
