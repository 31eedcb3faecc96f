"""What all replays and cells of one process share: a filled register on PostgreSQL, the certificates, an empty copy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from medreg_desktop.services.cache.store import CacheStore
from medreg_server.db.clock import system_clock
from simulator.clocks import PcClock, WorldTime
from simulator.ground import PostgresGround, on_postgres
from simulator.paths import new_folder
from simulator.real.tls import Certificates
from simulator.template import KEY


@dataclass(frozen=True, slots=True)
class Stage:
    """``cache`` is the folder of an empty encrypted copy."""

    ground: PostgresGround
    certificates: Certificates
    cache: Path


@contextmanager
def prepared_stage() -> Iterator[Stage]:
    """Start PostgreSQL, fill the template, make the certificates; take everything away at the end."""
    with new_folder() as name, on_postgres(Path(name)) as ground:
        folder = Path(name)
        (folder / "cache").mkdir()
        CacheStore.open(folder / "cache" / "cache.db", KEY, PcClock(WorldTime())).close()
        yield Stage(ground, Certificates.made(folder, system_clock()), folder / "cache")
