"""Records what Python itself does to files beside SQLite's: the rescue journal, renames, copies, keys, audit heads."""

from __future__ import annotations

import builtins
import io
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from simulator.power.operations import Create, Link, Operation, Remove, Rename, Resize, Sync, SyncFolder, Tape, Write

_open, _os_open, _fsync = io.open, os.open, os.fsync


class _TapedFile(io.FileIO):
    """A file whose writes are taken down as they reach the operating system, behind Python's own buffers."""

    def __init__(self, file: Any, mode: str, tape: Tape) -> None:
        self._tape = tape
        super().__init__(file, mode)
        self._path = _path_of(self.fileno())

    def write(self, content: Any, /) -> int:
        whole = bytes(content)
        self._tape.before(Write(self._path, -1, whole))
        size = super().write(whole) or 0
        if self._tape.is_running:
            self._tape.note(Write(self._path, self.tell() - size, whole[:size]))
        return size

    def truncate(self, size: int | None = None, /) -> int:
        done = super().truncate(size)
        self._tape.note(Resize(self._path, done))
        return done


class TapedFiles:
    """While entered, file calls of this process that concern the tape's folder are recorded on it."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._patches = ExitStack()

    def __enter__(self) -> None:
        functions: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
            (io, "open", self._opened),
            (builtins, "open", self._opened),
            (os, "open", self._os_opened),
            (os, "fsync", self._synced),
            (os, "rename", self._moving(os.rename)),
            (os, "replace", self._moving(os.replace)),
            (os, "link", self._linking(os.link)),
            (os, "unlink", self._removing(os.unlink)),
            (os, "remove", self._removing(os.remove)),
        )
        for where, name, function in functions:
            self._patches.enter_context(patch.object(where, name, function))
        # Copies inside the kernel would pass unseen.
        self._patches.enter_context(patch.object(shutil, "_USE_CP_SENDFILE", False))

    def __exit__(self, *_: object) -> None:
        self._patches.close()

    def _opened(self, file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **named: Any) -> Any:
        is_number = isinstance(file, int)
        path = _path_of(file) if is_number else os.path.realpath(os.fspath(file))
        path = os.fsdecode(path)
        if not set(mode) & set("wax+") or "b" not in mode or not self._tape.concerns(path):
            return _open(file, mode, buffering, *rest, **named)
        if not is_number:
            self._about_to_open(path, cuts="w" in mode)
        raw = _TapedFile(file, mode.replace("b", ""), self._tape)
        if "+" in mode:
            return io.BufferedRandom(raw)
        return raw if buffering == 0 else io.BufferedWriter(raw)

    def _about_to_open(self, path: str, *, cuts: bool) -> None:
        if not os.path.lexists(path):
            self._take_down(Create(path))
        elif cuts:
            self._take_down(Resize(path, 0))

    def _os_opened(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        where = os.fsdecode(os.path.realpath(path))
        if dir_fd is None and flags & os.O_CREAT and self._tape.concerns(where):
            self._about_to_open(where, cuts=bool(flags & os.O_TRUNC))
        return _os_open(path, flags, mode, dir_fd=dir_fd)

    def _synced(self, descriptor: int) -> None:
        path = _path_of(descriptor)
        if not self._tape.concerns(f"{path}/"):
            _fsync(descriptor)
            return
        operation = SyncFolder(path) if Path(path).is_dir() else Sync(path)
        self._tape.before(operation)
        _fsync(descriptor)
        self._tape.note(operation)

    def _moving(self, really: Callable[..., None]) -> Callable[..., None]:
        def move(old: Any, new: Any, **named: Any) -> None:
            self._done(Rename(_real(old), _real(new)), lambda: really(old, new, **named))

        return move

    def _linking(self, really: Callable[..., None]) -> Callable[..., None]:
        def link(old: Any, new: Any, **named: Any) -> None:
            self._done(Link(_real(old), _real(new)), lambda: really(old, new, **named))

        return link

    def _removing(self, really: Callable[..., None]) -> Callable[..., None]:
        def remove(path: Any, *, dir_fd: int | None = None) -> None:
            self._done(Remove(_real(path)), lambda: really(path, dir_fd=dir_fd))

        return remove

    def _done(self, operation: Rename | Link | Remove, really: Callable[[], None]) -> None:
        if not self._tape.concerns(operation.path):
            really()
            return
        self._tape.before(operation)
        really()
        self._tape.note(operation)

    def _take_down(self, operation: Operation) -> None:
        self._tape.before(operation)
        self._tape.note(operation)


def _real(path: Any) -> str:
    """Return the path of a name itself: what it may point to is another file."""
    name = Path(os.fsdecode(os.fspath(path)))
    return str(name.parent.resolve() / name.name)


def _path_of(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - as above
