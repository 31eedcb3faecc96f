"""SIGKILL of the real programs: whatever dies where, what was said stays true, and both sides meet again."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from medreg_core.domain.records import PhysicianId
from simulator.kills import verdict
from simulator.kills.campaign import AIMED, LIVES, place_of
from simulator.kills.fate import Cell, Fate
from simulator.kills.said import Bug, GivenCode, Saved, VoidedCode, line_of, words_in
from simulator.kills.verdict import Memory

SEEDS = (1, 11, 21, 31, 41, 51)
"""Of a hundred kills each on SQLite: ten worlds, whose lives go through the labelled places in turn."""

HUNDREDS = (*(("sqlite", seed) for seed in SEEDS), ("postgresql", 61))


@pytest.mark.timeout(900)  # hundreds of processes: a busy machine needs minutes, and no time is asserted
@pytest.mark.parametrize(("database", "seed"), HUNDREDS)
def test_a_hundred_kills_lose_and_double_nothing(database: str, seed: int, tmp_path: Path) -> None:
    log = tmp_path / "kills.ndjson"
    asked = ["--kills", "100", "--seed", str(seed), "--database", database, "--jobs", "1", "--log", str(log)]
    done = subprocess.run([sys.executable, "-m", "simulator", *asked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = msgspec.json.decode(log.read_bytes().splitlines()[-1])
    assert summary["kills"] >= 100
    assert 400 < summary["places"] < len(SEEDS) * LIVES * AIMED, "some places would never be aimed at"
    assert summary["places_hit"] > LIVES * AIMED * 0.7


def test_the_hundreds_aim_at_every_place() -> None:
    cells = [Cell("work", str(number)) for number in range(len(SEEDS) * LIVES * AIMED)]
    worlds = [first + number for first in SEEDS for number in range(LIVES)]
    aimed = {place_of(seed, number, cells) for seed in worlds for number in range(AIMED)}
    assert aimed == set(cells)


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


def test_a_slip_in_somebodys_hand_is_known_to_the_disk() -> None:
    conn = sqlite3.connect(":memory:")
    conn.execute("CREATE TABLE activation_code(reference TEXT, state TEXT, physician_id TEXT, code TEXT)")
    conn.execute(
        "INSERT INTO activation_code VALUES('r1', 'handed_out', 'p1', 'ABC'), ('r2', 'handed_out', 'p2', 'DEF')"
    )
    memory, of_abc = Memory(), hashlib.sha256(b"ABC").hexdigest()
    memory.hear([GivenCode("r1", PhysicianId("p1"), of_abc)])
    assert list(verdict._codes(conn, memory)) == []  # type: ignore[arg-type]
    memory.hear([GivenCode("r2", PhysicianId("p2"), of_abc), GivenCode("r3", PhysicianId("p1"), of_abc)])
    memory.hear([VoidedCode("r1")])
    found = list(verdict._codes(conn, memory))  # type: ignore[arg-type]
    assert [line.split()[3] for line in found[:2]] == ["r2", "r3"]
    assert "'r1'" in found[2]
