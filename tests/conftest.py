"""Guards that hold for every test: only loopback, no unexpected warning in the log, no thread left over."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.helpers.scratch import scratch_root

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if root := scratch_root():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(root))  # where pytest makes every tmp_path

# No clock decides about an example: a machine that does other things at the same time is slow, not wrong.
_UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("everyday", _UNTIMED)
settings.register_profile("nightly", _UNTIMED, max_examples=1_000)
settings.load_profile("everyday")  # nightly: --hypothesis-profile=nightly

_LOOPBACK = ("127.", "::1", "localhost")
_SERVICE, _SERVICES_POOL = "server", "medreg_"  # the thread of tests.helpers.server, and the pool it works with
_THREADS_OF_LIBRARIES = ("asyncio_", "AnyIO worker thread", "ThreadPoolExecutor-", "QThread", "Dummy-")
# asyncio, AnyIO and concurrent.futures keep pool threads until exit; Qt's own threads show up as dummies.


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse a connection to any address but this machine's own."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(host).startswith(_LOOPBACK):
            raise AssertionError(f"a test tried to reach {host}: only loopback is allowed")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def quiet_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that logs a warning it did not announce with ``@pytest.mark.logs(reason)``."""
    collector = _Collector()
    for name in ("medreg_core", "medreg_desktop", "medreg_server"):
        logging.getLogger(name).addHandler(collector)
    yield
    for name in ("medreg_core", "medreg_desktop", "medreg_server"):
        logging.getLogger(name).removeHandler(collector)
    if request.node.get_closest_marker("logs") is None and collector.records:
        pytest.fail("unexpected log: " + "; ".join(r.getMessage() for r in collector.records))


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail a test that leaves a thread of its own running (module and session fixtures start theirs before)."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 20
    while (left := threads_left(before)) and time.monotonic() < deadline:
        left[0].join(timeout=0.1)
    assert not left, f"threads left running: {[t.name for t in left]}"


def threads_left(before: set[threading.Thread]) -> list[threading.Thread]:
    """Return the threads that were not there before and still work, but for those that nobody can end."""
    passing: tuple[str, ...] = _THREADS_OF_LIBRARIES
    if any(thread.name == _SERVICE for thread in before):
        passing += (_SERVICES_POOL,)  # a service of the whole session looks round by itself: its pool grows at any time
    return [
        thread
        for thread in threading.enumerate()
        if thread not in before and thread.is_alive() and not thread.name.startswith(passing)
    ]
