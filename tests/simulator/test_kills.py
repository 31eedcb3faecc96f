"""SIGKILL of the real programs: whatever dies where, what was said stays true, and both sides meet again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from simulator.kills.fate import Cell, Fate
from simulator.kills.said import Bug, Saved, line_of, words_in

WORLDS = (("sqlite", 1), ("sqlite", 11), ("sqlite", 21), ("sqlite", 31), ("postgresql", 41))
"""Together 500 kills, and the labelled places in turn."""


@pytest.mark.timeout(900)  # hundreds of processes: a busy machine needs minutes, and no time is asserted
@pytest.mark.parametrize(("database", "seed"), WORLDS)
def test_a_hundred_kills_lose_and_double_nothing(database: str, seed: int, tmp_path: Path) -> None:
    log = tmp_path / "kills.ndjson"
    asked = ["--kills", "100", "--seed", str(seed), "--database", database, "--jobs", "1", "--log", str(log)]
    done = subprocess.run([sys.executable, "-m", "simulator", *asked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = msgspec.json.decode(log.read_bytes().splitlines()[-1])
    assert summary["kills"] >= 100
    assert summary["places"] > 300
    assert summary["places_hit"] > 50


def test_a_process_ends_at_its_place_and_nowhere_else() -> None:
    ends: list[str] = []
    fate = Fate(Cell("decide", "before COMMIT"), passes=1, end=lambda: ends.append("end"))
    with fate.doing("print"):
        fate.passing("before COMMIT")
    with fate.doing("decide"), fate.aside("checkpoint"):
        fate.passing("before COMMIT")
    assert ends == []
    with fate.doing("decide"):
        fate.passing("before COMMIT")
        assert ends == []
        fate.passing("before COMMIT")
    assert ends == ["end"]


def test_a_word_cut_by_death_was_not_said() -> None:
    saved, bug = Saved("c1", "hash", 3, "line"), Bug("x")  # type: ignore[arg-type]
    assert words_in(line_of(saved) + line_of(bug)[:-1]) == [saved]
