"""Work off the UI thread: two runners, one for all cache writes, one small pool for reads and the network.

``work`` takes and returns plain values and touches no Qt object. Answers come to the UI thread by a queued signal, in
the order in which the work ended; a cancelled task's answer is dropped. What the work held on to, mostly the screen
that asked, is let go on the UI thread alone: a Qt object whose last holder is another thread takes the program with it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

T = TypeVar("T")


class Task:
    """Handle of one piece of submitted work. Lives on the UI thread; only :meth:`run` is called elsewhere."""

    def __init__(
        self, work: Callable[[], Any], on_done: Callable[[Any], None], on_error: Callable[[Exception], None]
    ) -> None:
        self._work: Callable[[], Any] | None = work
        self._answer: Any = None
        self._error: BaseException | None = None
        self._on_done: Callable[[Any], None] | None = on_done
        self._on_error: Callable[[Exception], None] | None = on_error
        self._future: Future[None] | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the answer was delivered or will never be."""
        return self._on_done is None

    def run(self) -> None:
        """Do the work and keep its answer; on the runner's thread, which still holds this task when all is over."""
        assert self._work is not None
        try:
            self._answer = self._work()
        except BaseException as error:  # noqa: BLE001 - a bug too is raised where the task lives
            self._error = error

    def cancel(self) -> None:
        """Drop the answer; work that has not started is not started."""
        self.forget()
        if self._future is not None:
            self._future.cancel()

    def start(self, future: Future[None]) -> None:
        """Remember what runs; called by the runner only."""
        self._future = future

    def deliver(self) -> None:
        """Call exactly one of the two callbacks, unless cancelled. A bug (not an Exception) is raised here."""
        on_done, on_error, answer, error = self._on_done, self._on_error, self._answer, self._error
        self.let_go()
        if on_done is None or on_error is None:
            return
        if error is None:
            on_done(answer)
        elif isinstance(error, Exception):
            on_error(error)
        else:
            raise error

    def forget(self) -> None:
        """Drop the answer only; the work is done all the same."""
        # The callbacks hold the screen that asked: let them go, so that a closed screen can be freed.
        self._on_done = self._on_error = None

    def let_go(self) -> None:
        """Hold nobody any more. The work is over, or will never begin."""
        self.forget()
        self._work = self._answer = self._error = None


class TaskRunner(QObject):
    """Runs work on named threads of its own; made and closed by the composition root on the UI thread.

    With ``threads=1`` all work runs on the same thread, in the order of submission, which is what an SQLite connection
    for writing needs. Implements :class:`medreg_desktop.services.ports.Runner`.
    """

    _ended = Signal(object)

    def __init__(self, name: str, threads: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._open: dict[Task, Future[None]] = {}
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)

    @property
    def pending(self) -> int:
        """How many tasks have not been answered yet."""
        return len(self._open)

    def submit(
        self,
        work: Callable[[], T],
        on_done: Callable[[T], None],
        on_error: Callable[[Exception], None],
    ) -> Task:
        """Queue ``work``; exactly one callback runs on the UI thread unless the task is cancelled."""
        task = Task(work, on_done, on_error)
        future = self._pool.submit(task.run)
        task.start(future)
        self._open[task] = future
        future.add_done_callback(lambda _ended: self._ended.emit(task))
        return task

    @Slot(object)
    def _on_ended(self, task: Task) -> None:
        self._open.pop(task, None)
        task.deliver()

    def drop_answers(self) -> None:
        """Tell nobody of what was submitted so far, whose screen is gone; all of it is done all the same."""
        for task in self._open:
            task.forget()

    def wait(self, at_most_s: float) -> None:
        """Hold the UI thread until all that was submitted is done, at most so long; only for the end of the program."""
        wait(self._open.values(), at_most_s)

    def close(self, *, finish: bool = False) -> None:
        """Drop all answers and wait for what runs now; what waits is dropped, or with ``finish`` done first.

        Writes are finished: a decision pressed or a word typed just before the program ends is still saved.
        """
        tasks = tuple(self._open)
        for task in tasks:
            task.forget() if finish else task.cancel()
        self._open.clear()
        self._pool.shutdown(wait=True, cancel_futures=not finish)
        for task in tasks:
            task.let_go()


def cache_writer(parent: QObject | None = None) -> TaskRunner:
    """Return the single-thread runner of all cache writes."""
    return TaskRunner("cache-write", 1, parent)


def background(parent: QObject | None = None) -> TaskRunner:
    """Return the small pool for reads and the network."""
    return TaskRunner("background", 3, parent)
