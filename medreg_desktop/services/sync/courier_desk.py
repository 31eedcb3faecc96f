"""The courier as the sync centre uses it: write a file, read the answers to one, carry a colleague's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from medreg_core.contract.v1.commands import Outcome
from medreg_core.contract.v1.courier import ANSWERS_SUFFIX, BUNDLE_BYTES
from medreg_core.contract.v1.messages import CourierAnswer, CourierUpload
from medreg_core.domain.records import DeviceId
from medreg_desktop.services.cache import outbox
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.sync.bundle_file import read_answers, read_file, write_and_read_back


class Engine(Protocol):
    """The part of the sync loop that a courier concerns; the outbox changes through it alone."""

    def bundle_wanted(self, folder: str) -> None:
        """Write what waits into a file in this folder; how it came out stands in the report."""
        ...

    def answers_brought(self, outcomes: tuple[Outcome, ...], epoch: str, beside: str) -> None:
        """Settle what these answers settle, while the copy is of the epoch ``beside``."""
        ...


@dataclass(frozen=True, slots=True)
class Brought:
    """What a file of answers held: answers to commands made here, and how many of them were still open."""

    answers: int
    still_open: int


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of a colleague's file, and the name of the file to carry back."""

    name: str
    carried_out: int
    left: int


class CourierDesk:
    """Used on background threads: sticks are slow. ``carry`` asks the service."""

    def __init__(
        self,
        store: CacheStore,
        device_id: DeviceId,
        engine: Engine,
        carry: Callable[[CourierUpload], CourierAnswer],
    ) -> None:
        self._store = store
        self._device_id = device_id
        self._engine = engine
        self._carry = carry

    def write_to(self, folder: Path) -> None:
        """Have what waits written into a file in ``folder``. Raises KnownFault ``courier_not_written``."""
        if not folder.is_dir():
            raise KnownFault("courier_not_written")
        self._engine.bundle_wanted(str(folder))

    def read(self, path: Path) -> Brought:
        """Take the answers a courier brought back. Reading them again changes nothing. Raises KnownFault."""
        found, beside = read_answers(self._store, path, self._device_id)
        answers = found.answers

        def ours(conn: Connection) -> tuple[tuple[Outcome, ...], int]:
            rows = [(outcome, outbox.find(conn, outcome.id)) for outcome in answers.outcomes]
            known = tuple(outcome for outcome, row in rows if row is not None)
            return known, sum(1 for _, row in rows if row is not None and row.is_open)

        outcomes, still_open = self._store.read(ours)
        self._engine.answers_brought(outcomes, answers.epoch, beside)
        return Brought(len(outcomes), still_open)

    def carry(self, path: Path) -> Carried:
        """Bring a colleague's file to the service and put the answers beside it. Raises KnownFault."""
        file = read_file(path, BUNDLE_BYTES)
        if len(file) > BUNDLE_BYTES:
            raise KnownFault("courier_too_large")
        answer = self._carry(CourierUpload(file=file))
        answers = path.with_suffix(ANSWERS_SUFFIX)
        write_and_read_back(answers, answer.file)
        return Carried(answers.name, answer.carried_out, answer.left)
