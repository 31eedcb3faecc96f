"""Kills at enumerated points: the day has every kind, and a few of each side hold. ``--crash-points`` does all."""

from __future__ import annotations

import pytest

from simulator import crash_points

_NEEDED = {
    "desk: INSERT outbox",
    "desk: INSERT audit",
    "desk: before COMMIT",
    "desk: after COMMIT",
    "desk: UPDATE outbox",
    "service: INSERT command",
    "service: UPDATE application",
    "service: UPDATE feed_head",
    "service: INSERT change_log",
    "service: before COMMIT",
    "service: after COMMIT",
    "wire.before_send",
    "wire.delivered",
    "wire.answered",
    "page.commit",
    "settle.commit",
    "snapshot.commit",
}


def test_the_day_passes_every_kind_of_point() -> None:
    labels = {label for label, _ in crash_points.points(1)}
    assert labels >= _NEEDED
    assert len(labels) >= 60


@pytest.mark.parametrize(
    "label",
    [
        "desk: INSERT outbox",
        "desk: before COMMIT",
        "settle.commit",
        "service: INSERT command",
        "service: UPDATE feed_head",
        "service: after COMMIT",
    ],
)
def test_a_kill_loses_and_doubles_nothing(label: str) -> None:
    end = crash_points.killed_at(label, 0)
    assert end.wrong == ()
    assert any("killed at" in line for line in end.lines)
