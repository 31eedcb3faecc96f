"""Tasks, crash guard, heartbeat, idle watch."""

from __future__ import annotations

import logging
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from medreg_desktop.ui.crash import CrashGuard, redacted
from medreg_desktop.ui.heartbeat import Heartbeat
from medreg_desktop.ui.idle import IdleWatch
from medreg_desktop.ui.notices import Notices, Tone
from medreg_desktop.ui.tasks import Task, TaskRunner, background, cache_writer
from tests.helpers.qt import settle


@pytest.fixture(params=[1, 3])
def runner(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[TaskRunner]:
    runner = TaskRunner("test", request.param)
    yield runner
    runner.close()


def failing(error: BaseException) -> object:
    raise error


def unwanted(answer: object) -> None:
    raise AssertionError(answer)


def test_work_runs_elsewhere_and_answers_come_home(qtbot: QtBot, runner: TaskRunner) -> None:
    seen: list[tuple[threading.Thread, threading.Thread]] = []
    runner.submit(threading.current_thread, lambda t: seen.append((t, threading.current_thread())), unwanted)
    qtbot.waitUntil(lambda: bool(seen))
    assert seen[0][0] is not seen[0][1]
    assert seen[0][1] is threading.main_thread()


def test_an_error_comes_home_too(qtbot: QtBot, runner: TaskRunner) -> None:
    errors: list[Exception] = []
    task = runner.submit(lambda: failing(ValueError("x")), unwanted, errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert isinstance(errors[0], ValueError)
    assert task.is_finished
    assert runner.pending == 0


def test_a_cancelled_answer_is_dropped(qtbot: QtBot, runner: TaskRunner) -> None:
    gate = threading.Event()
    late = runner.submit(gate.wait, unwanted, unwanted)
    late.cancel()
    gate.set()
    done: list[int] = []
    runner.submit(lambda: 7, done.append, unwanted)
    qtbot.waitUntil(lambda: done == [7] and runner.pending == 0)


@pytest.mark.parametrize("finish", [True, False])
def test_what_waits_at_the_end_is_done_only_when_it_is_a_write(qtbot: QtBot, finish: bool) -> None:
    runner = cache_writer()
    never, started = threading.Event(), threading.Event()
    written: list[int] = []

    def first() -> None:
        started.set()
        while runner.pending:  # until close has let go of every task
            never.wait(0.001)
        written.append(1)

    runner.submit(first, unwanted, unwanted)
    runner.submit(lambda: written.append(2), unwanted, unwanted)
    assert started.wait(5)
    runner.close(finish=finish)
    settle()
    assert 1 in written
    assert (2 in written) == finish


def test_the_cache_writer_keeps_order_and_thread(qtbot: QtBot) -> None:
    runner = cache_writer()
    done: list[int] = []
    threads: set[str] = set()
    for n in range(200):
        runner.submit(
            lambda n=n: (n, threading.current_thread().name), lambda a: (done.append(a[0]), threads.add(a[1])), unwanted
        )
    qtbot.waitUntil(lambda: len(done) == 200)
    assert done == list(range(200))
    assert len(threads) == 1
    runner.close()


def test_closing_drops_answers_and_waits_for_what_runs() -> None:
    runner = background()
    started, gate, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        gate.wait()
        ended.set()

    runner.submit(work, unwanted, unwanted)
    for _ in range(10):
        runner.submit(lambda: 1, unwanted, unwanted)
    started.wait()
    gate.set()
    runner.close()
    settle()
    assert ended.is_set()
    assert not [t for t in threading.enumerate() if t.name.startswith("background")]


def test_who_waits_for_what_was_submitted_does_not_wait_for_ever() -> None:
    runner = background()
    gate, ended = threading.Event(), threading.Event()
    runner.submit(gate.wait, unwanted, unwanted)
    runner.wait(0.0)
    assert not ended.is_set()
    gate.set()
    runner.submit(ended.set, unwanted, unwanted)
    runner.wait(60.0)
    assert ended.is_set()
    runner.close()


class Screen:
    """Stands for what a piece of work holds on to; tells on which thread it died."""

    def __init__(self, died_on: list[threading.Thread], gate: threading.Event) -> None:
        self._gate = gate
        weakref.finalize(self, lambda: died_on.append(threading.current_thread())).atexit = False

    def work(self) -> Screen:
        self._gate.wait()
        return self

    def fail(self) -> Screen:
        self._gate.wait()
        raise ValueError


ENDS: dict[str, Callable[[TaskRunner, Task], None]] = {
    "answered": lambda _runner, _task: None,
    "cancelled": lambda _runner, task: task.cancel(),
    "nobody there": lambda runner, _task: runner.drop_answers(),
}


@pytest.mark.parametrize("waits", [False, True], ids=["running", "waiting"])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
@pytest.mark.parametrize("work", [Screen.work, Screen.fail], ids=["done", "failed"])
def test_what_work_held_dies_at_home(
    qtbot: QtBot, runner: TaskRunner, work: Callable[[Screen], object], end: Callable[..., None], waits: bool
) -> None:
    gate, died_on = threading.Event(), list[threading.Thread]()
    for _ in range(3 if waits else 0):  # hold every thread of the runner
        runner.submit(gate.wait, lambda _answer: None, unwanted)
    task = runner.submit(partial(work, Screen(died_on, gate)), lambda _answer: None, lambda _error: None)
    end(runner, task)
    gate.set()
    qtbot.waitUntil(lambda: bool(died_on))
    assert died_on == [threading.main_thread()]


@pytest.mark.parametrize("finish", [True, False])
@pytest.mark.parametrize("work", [Screen.work, Screen.fail], ids=["done", "failed"])
def test_what_work_held_at_the_end_dies_at_home(work: Callable[[Screen], object], finish: bool) -> None:
    runner, gate, died_on = background(), threading.Event(), list[threading.Thread]()
    for _ in range(5):  # some run, some wait
        runner.submit(partial(work, Screen(died_on, gate)), unwanted, unwanted)
    threading.Timer(0.05, gate.set).start()
    runner.close(finish=finish)
    settle()
    assert died_on == [threading.main_thread()] * 5


def test_a_finished_task_holds_nobody(qtbot: QtBot, runner: TaskRunner) -> None:
    done: list[int] = []
    task = runner.submit(lambda: 1, done.append, unwanted)
    qtbot.waitUntil(lambda: done == [1])
    assert task._work is task._on_done is task._on_error is None


@pytest.fixture
def guard(qapp: QApplication) -> Iterator[tuple[CrashGuard, Notices]]:
    notices = Notices()
    guard = CrashGuard(notices, lambda: "0190a000000070008000000012ab34cd")
    yield guard, notices
    guard.release()


@pytest.mark.logs("a planted bug")
@pytest.mark.parametrize("in_thread", [False, True])
def test_a_bug_is_logged_without_persons_and_told_once(
    guard: tuple[CrashGuard, Notices], caplog: pytest.LogCaptureFixture, qtbot: QtBot, in_thread: bool
) -> None:
    _, notices = guard

    def fail() -> None:
        raise RuntimeError("欧阳以宁 11010519491231002X 已存在")

    with caplog.at_level(logging.ERROR, "medreg_desktop"):
        if in_thread:
            thread = threading.Thread(target=fail)
            thread.start()
            thread.join()
        else:
            try:
                fail()
            except RuntimeError:
                sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: len(notices.history) == 1)
    notice = notices.history[0]
    assert (notice.tone, "12AB34CD" in notice.text) == (Tone.FAULT, True)
    assert "12AB34CD" in caplog.text
    assert "in fail" in caplog.text
    assert "欧阳" not in caplog.text
    assert "110105" not in caplog.text


def test_the_hooks_are_given_back() -> None:
    before = (sys.excepthook, threading.excepthook)
    CrashGuard(Notices(), lambda: "0" * 32).release()
    assert (sys.excepthook, threading.excepthook) == before


@given(st.text(alphabet="abc 欧阳以宁·𠅤0123456789X", max_size=40))
def test_nothing_personal_survives_redaction(text: str) -> None:
    left = redacted(text)
    assert not set(left) & set("欧阳以宁·𠅤")
    assert not any(run.isdigit() and len(run) >= 6 for run in left.split())


def test_a_stall_is_seen(qtbot: QtBot) -> None:
    times = iter([0.0, 0.005, 0.010, 0.215, 0.220, 0.225])
    beat = Heartbeat(lambda: next(times))
    beat.start()
    beat._timer.stop()
    for _ in range(4):
        beat._beat()
    assert beat.stop() == pytest.approx(200)


@pytest.fixture
def watch(qapp: QApplication) -> Iterator[tuple[IdleWatch, list[float], list[float], list[bool]]]:
    now, session, told = [0.0], [10_000.0], []
    watch = IdleWatch(qapp, lambda: now[0], lambda: session[0])
    watch.idle.connect(lambda: told.append(True))
    watch.start(10)
    yield watch, now, session, told
    watch.stop()
    watch.deleteLater()


def test_idle_is_told_once_until_somebody_is_back(
    watch: tuple[IdleWatch, list[float], list[float], list[bool]],
) -> None:
    idle, now, session, told = watch
    for moment in (599.0, 600.0, 700.0):
        now[0] = moment
        idle.look()
    assert told == [True]
    session[0], now[0] = 5.0, 2000.0
    idle.look()
    assert told == [True], "somebody works in another program"
    session[0] = 9_999.0
    idle.look()
    assert told == [True, True]


def test_typing_in_any_window_counts(
    qtbot: QtBot, watch: tuple[IdleWatch, list[float], list[float], list[bool]]
) -> None:
    idle, now, _, told = watch
    field = QLineEdit()
    qtbot.addWidget(field)
    field.show()
    field.activateWindow()
    qtbot.waitUntil(field.hasFocus)
    now[0] = 590.0
    qtbot.keyClick(field.window().windowHandle(), Qt.Key.Key_A)
    now[0] = 610.0
    idle.look()
    assert told == []
    now[0] = 1190.0
    idle.look()
    assert told == [True]
