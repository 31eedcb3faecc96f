"""What the log of exchanges keeps, how much of it, and that nothing but times, codes and ids gets in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from medreg_desktop.services.transport.attempts import INTERRUPTED, KEPT, MOST, Attempt, AttemptLog

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def attempt(second: int = 0, call: str = "changes", code: str = "", **more: object) -> Attempt:
    made = Attempt(AT + timedelta(seconds=second), call, "link" if code else "", code)
    return replace(made, **more)  # type: ignore[arg-type]  # fields of Attempt


def test_a_day_of_quiet_polls_does_not_push_the_trouble_out() -> None:
    log = AttemptLog()
    log.record(attempt(0, code="server_unreachable"))
    for second in range(1, 1000):
        log.record(attempt(second))
    kept = log.all()
    assert kept[0].code == "server_unreachable"
    assert len(kept) == KEPT + 1
    assert [item.at for item in log.of_call("changes")] == [item.at for item in kept[-KEPT:]]


@given(st.lists(st.tuples(st.sampled_from([f"call-{n}" for n in range(30)]), st.sampled_from(["", "x", INTERRUPTED]))))
def test_it_is_bounded_and_in_order_whatever_comes(exchanges: list[tuple[str, str]]) -> None:
    log = AttemptLog()
    for second, (call, code) in enumerate(exchanges * 40):
        log.record(attempt(second, call, code))
    kept = log.all()
    assert len(kept) <= MOST
    assert [item.n for item in kept] == sorted({item.n for item in kept})
    if exchanges:
        assert kept[-1].call == exchanges[-1][0]


def test_a_request_id_that_is_none_is_not_kept() -> None:
    """It comes from the other side, and support reads it: a proxy may write anything there."""
    log = AttemptLog()
    for told in ("3f2a", "欧阳鹮蓼", "<b>", "a" * 65, "13912345678 call me", ""):
        log.record(attempt(code="server_error", request_id=told))
    assert [item.request_id for item in log.all()] == ["3f2a", "", "", "", "", ""]


def test_a_command_finds_the_attempts_that_carried_it() -> None:
    log = AttemptLog()
    log.record(attempt(0, "commands", "server_error"), ["a", "b"])
    log.record(attempt(1, "commands"), ["b"])
    assert [item.at for item in log.of_command("a")] == [AT]
    assert len(log.of_command("b")) == 2
    assert log.of_command("c") == ()


def test_the_next_try_completes_the_last_failure_only() -> None:
    log, due = AttemptLog(), AT + timedelta(seconds=9)
    log.record(attempt(0, code="server_silent"))
    log.note_next_try(("changes", "hello"), due)
    log.note_next_try(("changes",), due + timedelta(seconds=9))
    log.record(attempt(1))
    log.note_next_try(("changes",), due)
    assert [item.next_try for item in log.all()] == [due, None]


def test_an_earlier_run_comes_before_this_one() -> None:
    first = AttemptLog()
    first.record(attempt(0, "hello", "server_silent"))
    first.record(attempt(1))
    second = AttemptLog()
    second.record(attempt(60, "sign_in"))
    second.restore(first.all())
    assert [item.call for item in second.all()] == ["hello", "changes", "sign_in"]
    second.record(attempt(61))
    assert [item.n for item in second.all()] == [1, 2, 3, 4]
