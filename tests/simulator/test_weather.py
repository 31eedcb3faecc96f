"""The weather of wide seeds: every trouble at every request, counted, logged, and owed by a long campaign."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from simulator import __main__ as command
from simulator import campaign, coverage
from simulator.campaign import LogLine, Tally
from simulator.coverage import CLASSES, class_of
from simulator.reached import DEEDS, WIDE_DEEDS
from simulator.run import run
from simulator.steps import Kind, weights
from simulator.streams import WIDER_FROM, Streams
from simulator.toxics import Toxic, Weather, names, trial

MET = Counter(dict.fromkeys(coverage.cells(), 1))


def test_in_patchy_weather_every_trouble_comes_and_most_goes_well() -> None:
    chance = Streams(1).of("patchy")
    drawn = Counter(trial(Weather.PATCHY, chance).name for _ in range(20_000))
    assert drawn["none"] > 10_000
    assert {*names()} - {*drawn} == {"status:400"}  # a firewall's alone


def test_a_rare_request_is_rather_befallen() -> None:
    def troubled(request: str) -> int:
        chance = Streams(1).of("patchy")
        return sum(trial(Weather.PATCHY, chance, request).toxic is not Toxic.NONE for _ in range(1_000))

    assert troubled("rescue") > 2 * troubled("changes") > 400


def test_the_networks_of_wide_seeds_are_bad_from_the_first_morning_on() -> None:
    def befallen(first: int) -> int:
        return sum(run(seed, 4).visited.total() for seed in range(first, first + 20))

    assert befallen(WIDER_FROM) > 2 * befallen(WIDER_FROM - 20)


def test_only_wide_seeds_have_a_bent_for_the_network() -> None:
    often = [{weights(Streams(first + n))[Kind.WEATHER] for n in range(40)} for first in (WIDER_FROM - 40, WIDER_FROM)]
    assert often[0] == {80}
    assert len(often[1]) > 1


def test_every_toxic_is_of_one_class() -> None:
    assert {class_of(name) for name in names()} == {*CLASSES}
    assert class_of("status_after:502") == class_of("lost_answer") == "no answer"
    assert class_of("stall_body@last") == "part of the answer"
    assert [class_of(name) for name in ("status:502", "disk_after")] == ["nothing delivered", "otherwise"]


def test_a_long_campaign_of_wide_seeds_owes_every_request_every_class_of_trouble(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def found(first: int, count: int, jobs: int, work: object) -> list[Tally]:
        del jobs, work
        return [Tally(first, count, deeds=Counter(dict.fromkeys((*DEEDS, *WIDE_DEEDS), 1)), visited=visited)]

    monkeypatch.setattr(campaign, "tallies", found)
    visited = MET
    assert command.main(["--runs", "500", "--seed", str(WIDER_FROM)]) == 0
    visited = Counter(cell for cell in MET if not (cell.endswith("/bucket") and "@" in cell))
    assert command.main(["--runs", "500", "--seed", "1"]) == 0
    assert command.main(["--runs", "500", "--seed", str(WIDER_FROM)]) == 1
    assert "no run came to part of the answer/bucket" in capsys.readouterr().out


def test_a_log_says_what_befell_which_requests(tmp_path: Path) -> None:
    campaign.log(tmp_path / "log", Tally(1, 1, visited=Counter({"lost_answer/hello": 2, "stall_after/hello": 1})))
    line = msgspec.json.decode((tmp_path / "log").read_bytes(), type=LogLine)
    assert line.visited == {"no answer/hello": 3}
