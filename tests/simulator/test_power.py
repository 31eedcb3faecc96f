"""Power cuts below the real libraries lose nothing that was said; bugs of durability are found by them."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from medreg_server.services.keys import open_keys
from simulator.power import mutants
from simulator.power.files import TapedFiles
from simulator.power.operations import Create, Operation, Rename, Resize, Sync, SyncFolder, Tape, Write
from simulator.power.platter import Cut, Platter


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "simulator", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.timeout(600)  # minutes on a busy machine; no time is asserted
def test_a_hundred_power_cuts_lose_nothing() -> None:
    done = run("--power", "100", "--seed", "1", "--jobs", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 seeds failed" in done.stdout


@pytest.mark.timeout(900)
def test_every_bug_of_durability_is_found() -> None:
    done = run("--power", "1", "--mutants", "--seed", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(mutants.ALL)} of {len(mutants.ALL)} mutants found" in done.stdout


def left(operations: list[Operation], how: Cut, seed: int = 1) -> dict[str, bytes]:
    platter = Platter({"/d/old": b"old"})
    platter.take(operations)
    return platter.cut(how, random.Random(seed))


def test_what_was_synced_stands_and_the_rest_is_open() -> None:
    tape: list[Operation] = [Write("/d/old", 0, b"new"), Sync("/d/old"), Write("/d/old", 3, b"er")]
    assert left(tape, Cut.LOST) == {"/d/old": b"new"}
    assert left(tape, Cut.KEPT) == {"/d/old": b"newer"}
    assert {left(tape, Cut.MIXED, seed)["/d/old"] for seed in range(30)} == {b"new", b"newer"}


def test_a_name_stands_only_once_its_folder_is_synced() -> None:
    tape: list[Operation] = [Create("/d/new"), Write("/d/new", 0, b"x"), Sync("/d/new"), Rename("/d/new", "/d/old")]
    assert left(tape, Cut.LOST) == {"/d/old": b"old"}
    assert left([*tape, SyncFolder("/d")], Cut.LOST) == {"/d/old": b"x"}


def test_a_long_write_is_torn_between_sectors_only() -> None:
    whole = b"a" * 512 + b"b" * 512
    found = {left([Write("/d/old", 0, whole)], Cut.MIXED, seed)["/d/old"] for seed in range(60)}
    assert b"a" * 512 in found
    assert bytes(3) not in found
    assert all(set(part) <= set(b"ab\0old") for part in found)


def test_names_are_lost_from_the_end() -> None:
    tape: list[Operation] = [Rename("/d/old", "/d/aside"), Create("/d/old")]
    assert {tuple(sorted(left(tape, Cut.ORDERED, seed))) for seed in range(30)} == {
        ("/d/old",),
        ("/d/aside",),
        ("/d/aside", "/d/old"),
    }


def test_a_cut_file_is_a_write_like_others() -> None:
    tape: list[Operation] = [Resize("/d/old", 1), Sync("/d/old"), Resize("/d/old", 0)]
    assert left(tape, Cut.LOST) == {"/d/old": b"o"}
    assert left(tape, Cut.KEPT) == {"/d/old": b""}


def test_the_keys_of_the_register_stand_before_they_are_used(tmp_path: Path) -> None:
    tape = Tape(str(tmp_path))
    with TapedFiles(tape):
        keys = open_keys(tmp_path)
    platter = Platter({})
    platter.take(tape.operations)
    found = platter.cut(Cut.LOST, random.Random(1))
    assert found[str(tmp_path / "signing.key")] == keys.private_key.private_bytes_raw()
    assert found[str(tmp_path / "cursor.key")] == keys.cursor_secret
