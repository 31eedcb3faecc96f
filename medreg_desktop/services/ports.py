"""What lies outside the process, as the services see it. Real adapters are built in :mod:`medreg_desktop.app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """The computer's clocks. Nothing is decided by them; see ``sync.md`` §5.9."""

    def now(self) -> datetime:
        """Return the current moment, aware UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        ...


class IdSource(Protocol):
    """Where new command ids come from."""

    def new_id(self) -> str:
        """Return a fresh UUIDv7 as 32 hex characters."""
        ...


class Keyring(Protocol):
    """The operating system's key store."""

    def get(self, name: str) -> bytes | None:
        """Return the stored secret, or None."""
        ...

    def set(self, name: str, secret: bytes) -> None:
        """Store ``secret``; raises KnownFault ``keyring_unavailable``."""
        ...

    def delete(self, name: str) -> None:
        """Forget the secret; missing is not an error."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far long work is."""

    done: int
    total: int


class Handle(Protocol):
    """A piece of background work that was submitted."""

    def cancel(self) -> None:
        """Ask the work to stop; its late answer is dropped."""
        ...


class Runner(Protocol):
    """Runs work off the calling thread and brings the answer back to it, in the order of submission."""

    def submit(
        self,
        work: Callable[[], T],
        on_done: Callable[[T], None],
        on_error: Callable[[Exception], None],
    ) -> Handle:
        """Queue ``work``. Exactly one of the two callbacks is called on the submitting side, unless cancelled."""
        ...
