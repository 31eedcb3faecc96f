"""A shim below a real SQLite library, put in the place of its default VFS: every write, sync and removal passes it.

The shim is the library's own VFS with a few of its functions replaced (https://sqlite.org/vfs.html); files stay the
library's own objects. A library is reached through the extension module that holds or loads it, so it is the very copy
the program uses: SQLCipher for the cache, the system's SQLite for the server.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from simulator.power.operations import Create, Remove, Resize, Sync, SyncFolder, Tape, Write

_OK = 0
_OPEN_CREATE = 0x4
_JOURNALS = 0x800 | 0x4000 | 0x80000  # main journal, super journal, WAL: the folder is synced with their first sync

# In the order of sqlite3_io_methods and sqlite3_vfs.
_FILE_FUNCTIONS = """xClose xRead xWrite xTruncate xSync xFileSize xLock xUnlock xCheckReservedLock xFileControl
    xSectorSize xDeviceCharacteristics xShmMap xShmLock xShmBarrier xShmUnmap xFetch xUnfetch"""
_VFS_FUNCTIONS = """xOpen xDelete xAccess xFullPathname xDlOpen xDlError xDlSym xDlClose xRandomness xSleep
    xCurrentTime xGetLastError xCurrentTimeInt64 xSetSystemCall xGetSystemCall xNextSystemCall"""

_OPEN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(ctypes.c_int)
)
_DELETE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)
_WRITE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
_TRUNCATE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)
_SYNC = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_CLOSE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class _FileMethods(ctypes.Structure):
    _fields_ = (("iVersion", ctypes.c_int), *((name, ctypes.c_void_p) for name in _FILE_FUNCTIONS.split()))


class _File(ctypes.Structure):
    _fields_ = (("pMethods", ctypes.c_void_p),)


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("iVersion", ctypes.c_int),
        ("szOsFile", ctypes.c_int),
        ("mxPathname", ctypes.c_int),
        ("pNext", ctypes.c_void_p),
        ("zName", ctypes.c_char_p),
        ("pAppData", ctypes.c_void_p),
        *((name, ctypes.c_void_p) for name in _VFS_FUNCTIONS.split()),
    )


class _Watched:
    """An open file of the library."""

    def __init__(self, path: str, methods: _FileMethods, *, syncs_folder: bool) -> None:
        self.path = path
        self.methods = methods  # the library's own
        self.syncs_folder = syncs_folder


_shims: list[WatchedVfs] = []
"""The libraries keep pointers into them."""


class WatchedVfs:
    """The shim of one library. It lives as long as the process."""

    def __init__(self, module: ModuleType, tape: Tape) -> None:
        self._tape = tape
        self._files: dict[int, _Watched] = {}
        self._changed: dict[int, _FileMethods] = {}
        library = ctypes.CDLL(str(module.__file__))
        library.sqlite3_vfs_find.restype = ctypes.c_void_p
        self._address = library.sqlite3_vfs_find(None)
        self._own = _Vfs.from_address(self._address)
        self._functions = self._made()
        self._shim = _Vfs.from_buffer_copy(self._own)
        self._shim.zName = b"medreg-watched"
        self._shim.pNext = None
        self._shim.xOpen, self._shim.xDelete = (_address(self._functions[name]) for name in ("xOpen", "xDelete"))
        if library.sqlite3_vfs_register(ctypes.byref(self._shim), 1) != _OK:
            raise OSError("the library did not take the shim")
        _shims.append(self)

    def _made(self) -> dict[str, Any]:
        return {
            "xOpen": _OPEN(self._open),
            "xDelete": _DELETE(self._delete),
            "xWrite": _WRITE(self._write),
            "xTruncate": _TRUNCATE(self._truncate),
            "xSync": _SYNC(self._sync),
            "xClose": _CLOSE(self._close),
        }

    def _open(self, _: int, name: int | None, file: int, flags: int, out: Any) -> int:
        path = os.path.realpath(ctypes.string_at(name).decode()) if name else ""
        is_watched, is_new = self._tape.concerns(path), not os.path.lexists(path)
        if is_watched and is_new and flags & _OPEN_CREATE:
            self._tape.before(Create(path))
        code = int(_OPEN(self._own.xOpen)(self._address, name, file, flags, out))
        if code == _OK and is_watched:
            self._watch(path, file, is_journal=bool(flags & _JOURNALS and flags & _OPEN_CREATE))
            if is_new:
                self._tape.note(Create(path))
        return code

    def _watch(self, path: str, file: int, *, is_journal: bool) -> None:
        head = _File.from_address(file)
        own = _FileMethods.from_address(head.pMethods)
        self._files[file] = _Watched(path, own, syncs_folder=is_journal)
        if head.pMethods not in self._changed:
            changed = _FileMethods.from_buffer_copy(own)
            for name in ("xWrite", "xTruncate", "xSync", "xClose"):
                setattr(changed, name, _address(self._functions[name]))
            self._changed[head.pMethods] = changed
        head.pMethods = ctypes.addressof(self._changed[head.pMethods])

    def _write(self, file: int, content: int, size: int, at: int) -> int:
        found = self._files[file]
        operation = Write(found.path, at, ctypes.string_at(content, size))
        return self._done(operation, lambda: _WRITE(found.methods.xWrite)(file, content, size, at))

    def _truncate(self, file: int, size: int) -> int:
        found = self._files[file]
        return self._done(Resize(found.path, size), lambda: _TRUNCATE(found.methods.xTruncate)(file, size))

    def _sync(self, file: int, flags: int) -> int:
        found = self._files[file]
        code = self._done(Sync(found.path), lambda: _SYNC(found.methods.xSync)(file, flags))
        if code == _OK and found.syncs_folder:
            found.syncs_folder = False
            self._tape.note(SyncFolder(str(Path(found.path).parent)))
        return code

    def _close(self, file: int) -> int:
        return int(_CLOSE(self._files.pop(file).methods.xClose)(file))

    def _delete(self, _: int, name: bytes, syncs_folder: int) -> int:
        path = os.path.realpath(name.decode())
        if not self._tape.concerns(path) or not os.path.lexists(path):
            return int(_DELETE(self._own.xDelete)(self._address, name, syncs_folder))
        code = self._done(Remove(path), lambda: _DELETE(self._own.xDelete)(self._address, name, syncs_folder))
        if code == _OK and syncs_folder:
            self._tape.note(SyncFolder(str(Path(path).parent)))
        return code

    def _done(self, operation: Any, really: Callable[[], int]) -> int:
        if not self._tape.is_running:
            return int(really())
        self._tape.before(operation)
        code = int(really())
        if code == _OK:
            self._tape.note(operation)
        return code


def _address(function: Any) -> int | None:
    return ctypes.cast(function, ctypes.c_void_p).value
