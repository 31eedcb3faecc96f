"""Rare deeds: seeds with a bent come to them, a campaign that did not says so, a lane is settled at last."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import msgspec
import pytest

from medreg_server.services import review_lane
from simulator import __main__ as command
from simulator import campaign, leaving
from simulator.campaign import LogLine, Tally
from simulator.reached import DEEDS, MANY_RUNS, missing
from simulator.run import Result, run
from simulator.steps import BENT_FROM, Kind, schedule, weights
from simulator.streams import Streams
from simulator.toxics import REFUSALS, Toxic, Trial, Weather, trial

ONCE_EACH = Counter(dict.fromkeys(DEEDS, 1))
CONFIRMED_WHILE_DEFERRED = 200_635
LEAVES_UNFINISHED = 200_012


def test_seeds_of_before_have_no_bent() -> None:
    assert weights(Streams(1)) == weights(Streams(BENT_FROM - 1))
    kinds = {step.kind for seed in range(1, 40) for step in schedule(Streams(seed), 100)}
    assert not kinds & {Kind.PAPER, Kind.SLIP, Kind.FIREWALL}


def test_a_bent_favours_some_deeds_and_leaves_others_out_but_never_the_sync() -> None:
    plain = weights(Streams(1))
    bents = [weights(Streams(seed)) for seed in range(BENT_FROM, BENT_FROM + 100)]
    for kind in (Kind.REVOKE, Kind.CODE, Kind.PACK, Kind.RESTORE, Kind.PAPER, Kind.KILL_LATER):
        assert {bent[kind] > plain[kind] for bent in bents} == {True, False}
    assert any(not bent[Kind.REVOKE] for bent in bents)
    assert all(bent[Kind.SYNC] >= plain[Kind.SYNC] and bent[Kind.ACT] == plain[Kind.ACT] for bent in bents)


def test_a_bent_seed_gives_the_same_trace_in_another_process() -> None:
    program = f"from simulator.run import run; print(run({BENT_FROM}, 30).digest)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == run(BENT_FROM, 30).digest


def test_a_firewall_refuses_some_requests() -> None:
    chance = Streams(1).of("firewall")
    found = {trial(Weather.FIREWALL, chance) for _ in range(60)}
    assert found == {Trial(toxic, status=status) for toxic in (Toxic.STATUS, Toxic.NONE) for status in REFUSALS}


def test_what_was_confirmed_has_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(CONFIRMED_WHILE_DEFERRED, 30).wrong == ()
    monkeypatch.setattr(review_lane, "_check_turn", lambda *_: None)  # else hardly anything is deferred there
    monkeypatch.setattr(review_lane, "final", lambda outcome: outcome)
    (wrong,) = run(CONFIRMED_WHILE_DEFERRED, 30).wrong
    assert wrong.endswith("was confirmed, and has no answer")


def test_nothing_waits_in_the_lane_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    found = run(LEAVES_UNFINISHED, 30)
    assert found.wrong == ()
    assert found.deeds["rescued.confirm"] + found.deeds["rescued.set_aside"]
    monkeypatch.setattr(leaving, "settle_lane", lambda _: False)
    assert "still waits for a supervisor" in run(LEAVES_UNFINISHED, 30).wrong[0]


def test_a_long_campaign_has_to_come_to_every_deed() -> None:
    assert missing(ONCE_EACH, MANY_RUNS) == []
    assert missing(ONCE_EACH - Counter({"activation.redeem": 1}), MANY_RUNS) == ["activation.redeem"]
    assert missing(Counter(), MANY_RUNS - 1) == []


def test_a_campaign_that_never_came_to_a_deed_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def found(first: int, count: int, jobs: int, work: object) -> list[Tally]:
        del jobs, work
        return [Tally(first, count, deeds=deeds)]

    monkeypatch.setattr(campaign, "tallies", found)
    deeds = ONCE_EACH
    assert command.main(["--runs", "500"]) == 0
    deeds = ONCE_EACH - Counter({"form.recall": 1})
    assert command.main(["--runs", "499"]) == 0
    assert command.main(["--runs", "500"]) == 1
    assert "no run came to form.recall: these 500 runs prove nothing of it" in capsys.readouterr().out


def test_the_deeds_of_runs_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Result(1, (), (), "", (), 0, deeds=Counter({"form.print": 2}))
    monkeypatch.setattr(campaign, "run", lambda *_: one)
    total = campaign.tally_of(1, 3, 30)
    total.add(campaign.tally_of(4, 1, 30))
    assert total.deeds == {"form.print": 8}


def test_a_line_of_before_can_still_be_read() -> None:
    old = b'{"commit":"x","first_seed":1,"runs":1,"steps":1,"commands":1,"requests":1,"seconds":1.0,"violations":{}}'
    line = msgspec.json.decode(old, type=LogLine)
    assert (line.deeds, line.visited) == ({}, {})
