"""A disk without power: what was synced stands, every other write was kept, lost or torn.

Rules, as file systems that keep a log of their names give them (ext4, XFS, APFS, NTFS): names change in the order in
which they were changed; which of the last changes are lost is open until the folder is synced. Contents have no order
among themselves until their file is synced. A sector is written whole or not at all (SQLite relies on that: "powersafe
overwrite"); of a longer write any sectors may be missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from simulator.power.operations import Create, Link, Note, Operation, Remove, Rename, Resize, Sync, SyncFolder, Write
from simulator.streams import Random


class Cut(StrEnum):
    """How much of what was not synced a power cut leaves."""

    LOST = "lost"  # nothing: the disk was slow
    KEPT = "kept"  # everything: the disk was quick
    ORDERED = "ordered"  # the first part, the last write of it torn
    MIXED = "mixed"  # of each write some, all or no sectors, in any order


@dataclass(slots=True)
class _File:
    """What the disk holds of a file for certain, and what it was told since."""

    content: bytearray = field(default_factory=bytearray)
    pending: list[Write | Resize] = field(default_factory=list)

    def settle(self) -> None:
        """The file is synced."""
        for operation in self.pending:
            _apply(self.content, operation)
        self.pending.clear()


NameChange = Create | Link | Rename | Remove


class Platter:
    """The disk below some folders, brought up to any moment of a tape by :meth:`take`."""

    def __init__(self, files: dict[str, bytes]) -> None:
        """Begin with ``files``, all of them on the disk for certain."""
        self._files: dict[str, _File] = {path: _File(bytearray(content)) for path, content in files.items()}
        self._names: dict[str, _File] = dict(self._files)  # as the programs see them
        self._certain: dict[str, _File] = dict(self._files)
        self._changes: dict[str, list[tuple[NameChange, _File | None]]] = defaultdict(list)

    def take(self, operations: Iterable[Operation]) -> None:
        """Let the disk be told further operations."""
        for operation in operations:
            self._take(operation)

    def _take(self, operation: Operation) -> None:
        match operation:
            case Write() | Resize():
                self._names[operation.path].pending.append(operation)
            case Sync(path):
                self._names[path].settle()
            case SyncFolder(folder):
                for change, file in self._changes.pop(folder, []):
                    _change(self._certain, change, file)
            case Note():
                pass
            case _:
                self._rename(operation)

    def _rename(self, change: NameChange) -> None:
        file = _File() if isinstance(change, Create) else self._names.get(change.path)
        _change(self._names, change, file)
        self._changes[_folder(change.path)].append((change, file))

    def running(self) -> dict[str, bytes]:
        """Return the files as the programs see them: what a killed process leaves."""
        return {path: bytes(_read(file, file.pending)) for path, file in self._names.items()}

    def cut(self, how: Cut, chance: Random) -> dict[str, bytes]:
        """Return the files as a power cut at this moment leaves them."""
        names = dict(self._certain)
        for changes in self._changes.values():
            for change, file in changes[: _share(len(changes), how, chance)]:
                _change(names, change, file)
        sector = chance.choice((512, 4096))
        left: dict[int, bytes] = {}
        for file in names.values():
            if id(file) not in left:
                left[id(file)] = bytes(_read(file, _survivors(file.pending, how, sector, chance)))
        return {path: left[id(file)] for path, file in names.items()}


def _change(names: dict[str, _File], change: NameChange, file: _File | None) -> None:
    match change:
        case Create(path):
            assert file is not None
            names[path] = file
        case Remove(path):
            names.pop(path, None)
        case Rename(path, to):
            names.pop(path, None)
            if file is not None:
                names[to] = file
        case Link(_, to):
            if file is not None:
                names[to] = file


def _share(count: int, how: Cut, chance: Random) -> int:
    match how:
        case Cut.LOST:
            return 0
        case Cut.KEPT:
            return count
        case _:
            return chance.randint(0, count)


def _survivors(pending: list[Write | Resize], how: Cut, sector: int, chance: Random) -> list[Write | Resize]:
    if how is not Cut.MIXED:
        kept = pending[: _share(len(pending), how, chance)]
        is_torn = how is Cut.ORDERED and kept and isinstance(kept[-1], Write)
        return [*kept[:-1], *_torn(kept[-1], sector, chance)] if is_torn else kept
    left: list[Write | Resize] = []
    for operation in pending:
        fate = chance.randrange(3)
        if fate == 0:
            left.append(operation)
        elif fate == 1 and isinstance(operation, Write):
            left += _torn(operation, sector, chance)
    return left


def _torn(write: Write | Resize, sector: int, chance: Random) -> list[Write | Resize]:
    """Return the sectors of a write that reached the disk."""
    assert isinstance(write, Write)
    found: list[Write | Resize] = []
    at, end = write.at, write.at + len(write.content)
    while at < end:
        border = min(end, (at // sector + 1) * sector)
        if chance.random() < 0.5:
            found.append(Write(write.path, at, write.content[at - write.at : border - write.at]))
        at = border
    return found


def _read(file: _File, pending: Iterable[Write | Resize]) -> bytearray:
    content = bytearray(file.content)
    for operation in pending:
        _apply(content, operation)
    return content


def _apply(content: bytearray, operation: Write | Resize) -> None:
    if isinstance(operation, Resize):
        del content[operation.size :]
        content.extend(bytes(operation.size - len(content)))
        return
    end = operation.at + len(operation.content)
    if len(content) < end:
        content.extend(bytes(end - len(content)))  # what was never written reads as zeros
    content[operation.at : end] = operation.content


def _folder(path: str) -> str:
    return str(Path(path).parent)


def files_below(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder; SQLite's shared memory is none."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-shm"))
    return {str(path): path.read_bytes() for path in found}


def lay_out(files: dict[str, bytes], there: Path, here: Path) -> None:
    """Write the files that lay below ``there`` to the same places below ``here``."""
    for path, content in files.items():
        place = here / Path(path).relative_to(there)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
