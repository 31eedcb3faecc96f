"""Where simulated files live: in memory where the system offers it, for a run syncs its disks thousands of times."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


def new_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a fresh folder, to be cleaned up by its owner."""
    parent = _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None
    return tempfile.TemporaryDirectory(prefix="medreg-simulator-", dir=parent, ignore_cleanup_errors=True)


def kept_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a fresh folder that goes when this process ends; a worker ends without Python's own clean-up."""
    folder = new_folder()
    Finalize(None, folder.cleanup, exitpriority=0)
    return folder


@contextmanager
def run_folder() -> Iterator[Path]:
    """Give the folder of a run, empty: always the same one of this process, for engines are kept by their path."""
    folder = Path(_runs(os.getpid()).name)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        folder.mkdir()


@cache
def _runs(_process: int) -> tempfile.TemporaryDirectory[str]:
    return kept_folder()
