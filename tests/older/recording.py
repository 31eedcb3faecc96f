"""What programs of protocol 1 said to each other and left on disk, recorded when protocol 2 began. Never recorded anew.

``wire.json``: an office's day as its service answered it, whole requests and answers, with the rows the register began
with and what it stored of each command. ``cache_1_0.json``: the local copy that a killed program left behind.
:mod:`.protocol1` holds the shapes as those programs knew them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from medreg_core.domain.records import AccountId, Application, Institution
from medreg_core.domain.vocabulary import Role
from medreg_server.db.accounts import AccountRecord
from medreg_server.services.service import Service
from tests.helpers.server import PASSWORD, store_applications

HERE = Path(__file__).parent
DEVICE = "registry-office-pc".ljust(32, "0")

VOLATILE = frozenset(
    {"token", "cursor", "after", "server_id", "epoch", "keys", "kid", "proof", "server_version", "request_id"}
)
"""Fields that differ between any two services or answers."""


class Exchange(msgspec.Struct, frozen=True):
    """One request and its answer. ``path`` is below ``/api/v1``."""

    method: str
    path: str
    query: str
    body: str
    status: int
    answer: str


class Stored(msgspec.Struct, frozen=True):
    """What the register of then kept of one command."""

    id: str
    account_id: str
    application_id: str
    body_hash: str
    outcome: msgspec.Raw


class Wire(msgspec.Struct, frozen=True):
    """The whole recording; everything happened at one moment."""

    at: datetime
    institution: Institution
    account: dict[str, str]
    applications: tuple[Application, ...]
    exchanges: tuple[Exchange, ...]
    stored: tuple[Stored, ...]

    def of(self, path: str) -> list[Exchange]:
        """Return the exchanges of one path."""
        return [exchange for exchange in self.exchanges if exchange.path == path]


class Table(msgspec.Struct, frozen=True):
    """The rows of one table."""

    columns: list[str]
    rows: list[list[str | int | float | None]]


class Cache(msgspec.Struct, frozen=True):
    """A local copy of version 1.0: the statements that make its tables, and its rows."""

    user_version: int
    statements: list[str]
    rows: dict[str, Table]


@cache
def wire() -> Wire:
    return msgspec.json.decode((HERE / "wire.json").read_bytes(), type=Wire)


@cache
def cache_1_0() -> Cache:
    return msgspec.json.decode((HERE / "cache_1_0.json").read_bytes(), type=Cache)


def found_register(service: Service, recorded: Wire) -> None:
    """Fill an empty register with the rows that the recorded one began with."""
    service.registry.add_institution(recorded.institution)
    account = AccountRecord(
        id=AccountId(recorded.account["id"]),
        login=recorded.account["login"],
        name=recorded.account["name"],
        role=Role(recorded.account["role"]),
        password_hash=service.passwords.hash(PASSWORD),
        created_at=recorded.at,
        institution_id=recorded.institution.id,
    )
    with service.environment.database.write() as transaction:
        transaction.accounts.add(account)
    store_applications(service, recorded.applications)


@dataclass
class Likeness:
    """Compares an answer with the recorded one, and learns what stands for a volatile value of then."""

    live: dict[str, str]

    def differences(self, then: Any, now: Any, path: str = "$") -> Iterator[str]:
        """Yield where what was said then is not said now. Fields that came later are an older reader's to ignore."""
        if isinstance(then, dict) and isinstance(now, dict):
            for name, value in then.items():
                if name in VOLATILE:
                    self._learn(value, now.get(name))
                elif not (name == "code" and "digest" in then):  # the signed text of a form
                    yield from self.differences(value, now.get(name), f"{path}.{name}")
        elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
            for place, (before, after) in enumerate(zip(then, now, strict=True)):
                yield from self.differences(before, after, f"{path}[{place}]")
        elif then != now:
            yield f"{path}: {then!r} is now {now!r}"

    def translated(self, text: str) -> str:
        """Return a recorded request with the values of this run."""
        for before, after in self.live.items():
            text = text.replace(before, after)
        return text

    def _learn(self, then: object, now: object) -> None:
        if isinstance(then, str) and isinstance(now, str) and then:
            self.live[then] = now
