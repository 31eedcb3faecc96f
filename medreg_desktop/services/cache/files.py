"""The files that make up one cache, and the lock that lets one program at a time use them."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlcipher3 import dbapi2

from medreg_desktop.services.cache.connection import Connection, database_faults
from medreg_desktop.services.cache.journal import sync_folder
from medreg_desktop.services.faults import KnownFault


@contextmanager
def file_faults() -> Iterator[None]:
    """Turn what the operating system says of a file into KnownFault ``disk_full``, ``cache_locked``, ``disk_trouble``.

    A file that may not be touched although it is the program's own is held by another: a virus scanner, a backup.
    """
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        code = "disk_full" if full else "cache_locked" if isinstance(error, PermissionError) else "disk_trouble"
        raise KnownFault(code, cause=type(error).__name__) from error


@dataclass(frozen=True, slots=True)
class CacheFiles:
    """Where everything that belongs to the database at ``database`` lies."""

    database: Path

    @property
    def journal(self) -> Path:
        """The rescue journal."""
        return self.database.with_suffix(".journal")

    @property
    def suspect(self) -> Path:
        """Exists after the database was found damaged at work, until it has been checked or rebuilt."""
        return self.database.with_suffix(".suspect")

    @property
    def wal(self) -> Path:
        """SQLite's write-ahead log."""
        return self.database.with_name(self.database.name + "-wal")

    @property
    def lock(self) -> Path:
        """Held by the program that uses the cache."""
        return self.database.with_suffix(".lock")

    def set_aside(self, at: datetime) -> Path:
        """Rename what there is of the database and its log, so that nothing is overwritten; return the new path."""
        aside = self.database.with_name(f"{self.database.stem}.damaged-{at:%Y%m%dT%H%M%S%f}.db")
        for suffix in ("-wal", "-shm", ""):
            part = self.database.with_name(self.database.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        sync_folder(aside.parent)
        return aside

    def delete(self) -> None:
        """Delete everything that was ever made of this database: its log, journal, lock, what was put aside or copied.

        Raises KnownFault ``disk_trouble``; what is left is deleted by the next call.
        """
        try:
            for path in sorted(self.database.parent.glob(f"{self.database.stem}.*")):
                path.unlink(missing_ok=True)
            sync_folder(self.database.parent)
        except OSError as error:
            raise KnownFault("disk_trouble", cause=type(error).__name__) from error

    def copy_database(self, label: str) -> Path:
        """Copy the checkpointed database beside itself under a name with ``label``, whole or not at all.

        Raises KnownFault ``disk_full``, ``cache_locked``, ``disk_trouble``.
        """
        copy = self.database.with_name(f"{self.database.stem}.before-{label}.db")
        unfinished = copy.with_suffix(".part")
        try:
            with file_faults():
                shutil.copyfile(self.database, unfinished)
                with unfinished.open("rb+") as file:
                    os.fsync(file.fileno())
                unfinished.replace(copy)
                sync_folder(copy.parent)
        except KnownFault:
            unfinished.unlink(missing_ok=True)
            raise
        return copy


class ProgramLock:
    """Held while the cache is open: two programs would send everything twice (``sync.md`` §4).

    An exclusive transaction on an empty database: the one file lock that is the same on Windows and Linux, and that the
    operating system takes back when the process dies.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock. Raises KnownFault ``cache_in_use`` or ``cache_read_only``."""
        with database_faults():
            self._conn: Connection = dbapi2.connect(str(path), isolation_level=None, timeout=0, check_same_thread=False)
        try:
            with database_faults():
                self._conn.execute("BEGIN EXCLUSIVE")
        except KnownFault as fault:
            self._conn.close()
            if fault.code == "cache_locked":
                raise KnownFault("cache_in_use") from fault
            raise

    def release(self) -> None:
        """Give the cache free."""
        self._conn.close()
