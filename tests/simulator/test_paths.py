"""Folders in memory: what a worker process kept is gone with it."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from simulator.paths import kept_folder


@cache
def kept() -> TemporaryDirectory[str]:
    return kept_folder()


def name_of_kept() -> tuple[str, bool]:
    return kept().name, Path(kept().name).is_dir()


def test_a_worker_takes_its_folder_with_it() -> None:
    with ProcessPoolExecutor(1) as pool:
        name, was_there = pool.submit(name_of_kept).result()
    assert was_there
    assert not Path(name).exists()
