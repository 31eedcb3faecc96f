"""Turns the engine's wheel: takes messages, steps, has the worker do what is wanted, waits. One plain thread.

Other threads only leave messages (:meth:`SyncDriver.tell`); that ends a wait or a long poll at once.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock
from medreg_desktop.services.sync import effects, events
from medreg_desktop.services.sync.effects import Effect
from medreg_desktop.services.sync.engine import again, begin, step
from medreg_desktop.services.sync.events import Event, Moment
from medreg_desktop.services.sync.ports import Departure, LocalCopy, Service
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.sync.state import Habits
from medreg_desktop.services.sync.worker import Device, SyncWorker, call_of

Message = Callable[[Moment], Event]
"""What another thread wants to tell the engine: an event that still lacks its moment."""


class Inbox:
    """Messages from other threads, and the bell that wakes the sync thread."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()
        self._bell = threading.Event()

    def put(self, message: Message) -> None:
        """Leave a message; any thread."""
        self._messages.append(message)
        self._bell.set()

    def ring(self) -> None:
        """Wake the sync thread without a message."""
        self._bell.set()

    def has_mail(self) -> bool:
        """Whether something waits."""
        return bool(self._messages)

    def take(self) -> Iterator[Message]:
        """Yield what waits, oldest first; the sync thread."""
        self._bell.clear()
        while self._messages:
            yield self._messages.popleft()

    def wait(self, timeout_s: float | None) -> None:
        """Sleep until something is put or the time is over."""
        self._bell.wait(timeout_s)


class SyncDriver:
    """Runs the engine over a local copy and a service. ``on_report`` is called on the sync thread, for every change."""

    def __init__(
        self,
        copy: LocalCopy,
        service: Service,
        clock: Clock,
        device: Device,
        *,
        seed: int,
        on_report: Callable[[SyncReport], None],
        habits: Habits | None = None,
        departure: Departure | None = None,
    ) -> None:
        """Without a ``departure`` a revoked device stays as it is: refused, nothing handed over, nothing destroyed."""
        self.inbox = Inbox()
        self.report = SyncReport()
        self._clock = clock
        self._on_report = on_report
        self._worker = SyncWorker(copy, service, clock, device, self._is_urgent, departure)
        self._state = begin(seed, habits)
        self._told: deque[Event] = deque()  # by other threads, in their order
        self._answers: deque[Event] = deque()  # of the service
        self._read: deque[Event] = deque()  # from the local copy, in the step under way
        self._sleep: effects.Sleep | None = None
        self._stopped: Callable[[], bool] = lambda: False
        self._holds_polls = True
        self._has_looked = False
        self._owes_poll = False  # the engine believes that a long poll is running

    def tell(self, message: Message) -> None:
        """Tell the engine something; any thread."""
        self.inbox.put(message)

    def run(self, stopped: Callable[[], bool]) -> None:
        """Work until ``stopped()`` turns true; whoever makes it so rings the inbox."""
        self._stopped = stopped
        try:
            while not stopped():
                self._round()
                if self._sleep is not None and not self._has_events() and not self._is_urgent():
                    self._wait(self._sleep)
        finally:
            self._worker.end_stream()

    def run_once(self, stopped: Callable[[], bool] = lambda: False) -> SyncReport:
        """Work until the engine has nothing to do but wait or hold a long poll open; return how things stand then."""
        self._stopped, self._holds_polls, self._has_looked = stopped, False, False
        self._sleep = None
        try:
            while not stopped() and not self._waits():
                self._round()
        finally:
            self._holds_polls = True
            self._worker.end_stream()
        return self.report

    def _waits(self) -> bool:
        return self._sleep is not None and not self._has_events() and not self.inbox.has_mail()

    def _has_events(self) -> bool:
        return bool(self._told or self._answers)

    def restart(self) -> None:
        """Forget everything but who is signed in, as after a start of the program: the copy holds all that counts."""
        self._forget_what_was_asked()
        self._owes_poll = False
        self._state = again(self._state)

    def _round(self) -> None:
        """Take the messages, then one step with everything that follows from it at once."""
        self._told.extend(message(self._worker.now()) for message in self.inbox.take())
        if self._owes_poll:
            self._owes_poll = False
            self._answers.append(events.Broken(self._worker.now(), events.Call.CHANGES))
        self._absorb(self._next())

    def _next(self) -> Event:
        """Return what is to be absorbed; with nothing told, answered or arriving, that time passes."""
        if self._told:  # before what broke off a long poll for their sake: else the next poll would start without them
            return self._told.popleft()
        if self._answers:
            return self._answers.popleft()
        return self._worker.next_part() if self._worker.is_streaming else events.Tick(self._worker.now())

    def _absorb(self, event: Event) -> None:
        self._sleep = None
        self._state, wanted = step(self._state, event)
        try:
            for effect in wanted:
                call = call_of(effect)
                if self._read and call is not None:
                    # The copy has answered otherwise than the engine supposed: its question is void, and it must know.
                    self._read.append(events.Broken(self._worker.now(), call))
                    break
                self._do(effect)
        except KnownFault as fault:
            # The rest of this step is not done: commands that could not be marked must not leave. And what was asked
            # of a copy that is not known any more is not answered: it would be taken for the answer to an empty one.
            self._forget_what_was_asked()
            # At once: no message of another thread may find the engine believing in what was not done.
            lost_welcome = isinstance(effect, effects.KeepWelcome)
            self._absorb(events.DiskFailed(self._worker.now(), fault.code, lost_welcome))
        # What the disk has just said is absorbed at once: a message taken first would be undone by the older reading.
        while self._read:
            self._absorb(self._read.popleft())

    def _do(self, effect: Effect) -> None:
        match effect:
            case effects.Sleep():
                self._sleep = effect
            case effects.Tell(report=report):
                self.report = report
                self._on_report(report)
            case effects.GetChanges(cursor=cursor, wait_s=wait_s) if wait_s > 0 and not self._holds_polls:
                self._look_once(cursor)
            case _:
                self._have_done(effect)

    def _have_done(self, effect: Effect) -> None:
        found = self._worker.do(effect)
        if found is not None:
            (self._read if call_of(effect) is None else self._answers).append(found)

    def _forget_what_was_asked(self) -> None:
        self._worker.end_stream()
        self._answers.clear()
        self._read.clear()

    def _look_once(self, cursor: str) -> None:
        """In place of a long poll: look whether there is something, the first time; then this run is over."""
        if self._has_looked:
            self._sleep, self._owes_poll = effects.Sleep(None), True
        else:
            self._has_looked = True
            self._have_done(effects.GetChanges(cursor, 0))

    def _is_urgent(self) -> bool:
        return self._stopped() or self.inbox.has_mail()

    def _wait(self, sleep: effects.Sleep) -> None:
        self.inbox.wait(None if sleep.until is None else max(0.0, sleep.until - self._clock.monotonic()))
