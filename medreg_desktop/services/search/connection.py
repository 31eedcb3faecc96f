"""What the index uses of a DB-API connection of SQLCipher; tests may pass any that behaves so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol


class Connection(Protocol):
    """A connection in the caller's hands: the caller opens, commits and closes it."""

    def execute(self, sql: str, parameters: Sequence[object] = ..., /) -> Any:
        """Run one statement."""
        ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[object]], /) -> Any:
        """Run one statement for every item."""
        ...

    def interrupt(self) -> None:
        """Make the running statement fail; may be called from another thread."""
        ...

    def set_progress_handler(self, handler: Callable[[], bool] | None, steps: int, /) -> None:
        """Ask ``handler`` every ``steps`` of a running statement whether to drop it."""
        ...

    def rollback(self) -> None:
        """End the transaction; nothing happens if there is none."""
        ...

    def close(self) -> None:
        """Give the file up."""
        ...
