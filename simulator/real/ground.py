"""What all replays and cells of one process stand on: one PostgreSQL, one filled template in it, the certificates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from medreg_core.domain.records import AccountId
from medreg_desktop.services.cache.store import CacheStore
from medreg_server.db.clock import system_clock
from medreg_server.settings import Settings
from simulator.clocks import PcClock, WorldTime
from simulator.paths import new_folder
from simulator.real.tls import Certificates
from simulator.register import settings_of
from simulator.template import KEY, fill, template
from tests.helpers.postgres import Cluster, database_name, running_cluster


@dataclass(frozen=True, slots=True)
class Ground:
    """``filled`` names the database that each replay copies, ``keys`` the folder of the keys that go with it.

    ``cache`` is the folder of an empty encrypted copy.
    """

    cluster: Cluster
    certificates: Certificates
    filled: str
    keys: Path
    cache: Path
    accounts: dict[str, AccountId]


def on_postgres(folder: Path, database_url: str) -> Settings:
    """Return the settings of the simulated service over another database."""
    return msgspec.structs.replace(settings_of(folder), database_url=database_url)


@contextmanager
def prepared_ground() -> Iterator[Ground]:
    """Start PostgreSQL, fill the template, make the certificates; take everything away at the end."""
    with running_cluster() as cluster, new_folder() as name:
        folder = Path(name)
        keys = folder / "keys"
        base, url = template(), cluster.new_database()
        settings = msgspec.structs.replace(on_postgres(folder, url), data_dir=str(keys))
        accounts = fill(settings, WorldTime(), (base.home, base.other), base.applications)
        (folder / "cache").mkdir()
        CacheStore.open(folder / "cache" / "cache.db", KEY, PcClock(WorldTime())).close()
        certificates = Certificates.made(folder, system_clock())
        yield Ground(cluster, certificates, database_name(url), keys, folder / "cache", accounts)
