"""Runners for presenter tests: one that works at once, one whose answers the test releases in any order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Pending:
    """Submitted work whose answer waits for the test; also the handle the submitter gets."""

    work: Callable[[], Any]
    on_done: Callable[[Any], None]
    on_error: Callable[[Exception], None]
    cancelled: bool = False

    def cancel(self) -> None:
        """Drop the answer, as the real runner does."""
        self.cancelled = True

    def release(self) -> None:
        """Do the work and deliver its answer, unless cancelled."""
        try:
            answer = self.work()
        except Exception as error:  # noqa: BLE001 - the runner's boundary: every error goes to the submitter
            if not self.cancelled:
                self.on_error(error)
            return
        if not self.cancelled:
            self.on_done(answer)


class ImmediateRunner:
    """Does the work inside submit."""

    def submit(
        self, work: Callable[[], Any], on_done: Callable[[Any], None], on_error: Callable[[Exception], None]
    ) -> Pending:
        """Work at once."""
        pending = Pending(work, on_done, on_error)
        pending.release()
        return pending


@dataclass
class ManualRunner:
    """Keeps what was submitted until the test releases it."""

    queue: list[Pending] = field(default_factory=list)

    def submit(
        self, work: Callable[[], Any], on_done: Callable[[Any], None], on_error: Callable[[Exception], None]
    ) -> Pending:
        """Keep the work."""
        self.queue.append(Pending(work, on_done, on_error))
        return self.queue[-1]

    def release_all(self) -> None:
        """Release everything, including what the answers submit in turn."""
        while self.queue:
            self.queue.pop(0).release()
