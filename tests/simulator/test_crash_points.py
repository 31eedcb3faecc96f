"""Kills at enumerated points: the day has every kind, and each holds. ``--crash-points`` kills at later passings."""

from __future__ import annotations

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


def test_a_kill_at_any_point_loses_and_doubles_nothing() -> None:
    wrong = {}
    for label, number in crash_points.points(1):
        end = crash_points.killed_at(label, number)
        assert any("killed at" in line for line in end.lines), label
        if end.wrong:
            wrong[label] = end.wrong
    assert wrong == {}
