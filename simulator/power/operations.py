"""What a program does to its files, in one order for all threads and both ways of writing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes put at a place of a file."""

    path: str
    at: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Resize:
    """A file cut or grown to a size."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """A file forced to the disk; its name is another matter."""

    path: str


@dataclass(frozen=True, slots=True)
class Create:
    """A name given to a new, empty file."""

    path: str


@dataclass(frozen=True, slots=True)
class Link:
    """A second name given to a file."""

    path: str
    to: str


@dataclass(frozen=True, slots=True)
class Rename:
    """A file moved to another name, over what had it."""

    path: str
    to: str


@dataclass(frozen=True, slots=True)
class Remove:
    """A name taken away."""

    path: str


@dataclass(frozen=True, slots=True)
class SyncFolder:
    """The names of a folder forced to the disk."""

    path: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened outside the disk, and the operations before it know nothing of."""

    text: str


Operation = Write | Resize | Sync | Create | Link | Rename | Remove | SyncFolder | Note


class Tape:
    """Takes down what is done to files below ``folder``. ``before`` is told each operation just before it is done."""

    def __init__(self, folder: str, before: Callable[[Operation], None] = lambda _: None) -> None:
        self.folder = folder.rstrip("/") + "/"
        self.operations: list[Operation] = []
        self.is_running = True
        self.before = before
        self._lock = Lock()

    def concerns(self, path: str) -> bool:
        """Return whether a file is one of those watched. SQLite's shared memory is no file that outlives a cut."""
        return self.is_running and path.startswith(self.folder) and not path.endswith("-shm")

    def note(self, operation: Operation) -> None:
        """Take an operation down, done already."""
        with self._lock:
            self.operations.append(operation)
