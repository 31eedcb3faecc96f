"""The real program, offscreen, takes a first snapshot: ``python -m benchmarks.sync.hold URL LOGIN ROWS FOLDER``; JSON.

How long the event loop was held, from the first rows on the screen to the whole copy, while a registrar types into the
search. Beside it at the same time a bare window in a process of its own (what the machine does to any loop), and the
same window afterwards, idle.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path

import keyring
import keyring.backends.fail
from PySide6.QtCore import QObject, QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from benchmarks.sync.watch import Stretch, Watch
from tests.helpers.program import Desk
from tests.helpers.server import PASSWORD

_PATIENCE_S = 1_800.0
_IDLE_S = 5.0
_KEY_EVERY_MS = 500
_TYPED = ("w", "wx", "", "l", "li", "")


@dataclass(frozen=True, slots=True)
class Held:
    """What held the event loop of the real program while a first snapshot came in."""

    rows: int
    peak_mb: float
    loading: Stretch
    bare: Stretch  # another process's window at the same time
    idle: Stretch  # the same window afterwards


class Typist(QObject):
    """A registrar who searches while the copy is loaded."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk, self._texts = desk, cycle(_TYPED)
        self._timer = QTimer(self, interval=_KEY_EVERY_MS)
        self._timer.timeout.connect(self._type)
        self._timer.start()

    def stop(self) -> None:
        """Leave every row on the screen."""
        self._timer.stop()
        self._fill("")

    def _type(self) -> None:
        self._fill(next(self._texts))

    def _fill(self, text: str) -> None:
        page = self._desk.office.list
        assert page is not None
        self._desk.type(page.conditions.fields["text"], text)  # type: ignore[arg-type]  # the field of free text is one


def main(url: str, login: str, rows: int, folder: Path) -> None:
    """Sign in, wait until all rows are there, report."""
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    desk = Desk.start(QApplication([]), folder, url, folder)
    with _bare_window() as (begin, bare):
        desk.sign_in(login, PASSWORD)
        desk.until(lambda: desk.rows, "the first rows")
        desk.beat.stop()
        watch, typist = Watch(), Typist(desk)
        begin()
        watch.start()
        desk.until(lambda: desk.lamp.startswith("已同步"), "the whole copy", _PATIENCE_S)
        loading = watch.stop()
        typist.stop()
    idle_until = time.monotonic() + _IDLE_S
    watch.start()
    desk.until(lambda: time.monotonic() > idle_until, "the end of the idle time")
    idle = watch.stop()
    peak = _peak_mb()
    desk.close()
    print(json.dumps(asdict(Held(rows, peak, loading, bare[0], idle))))


def _peak_mb() -> float:
    """Return the most memory this program has had; ``ru_maxrss`` would tell what started it as well."""
    words = next(line.split() for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    return int(words[1]) / 1024


@contextmanager
def _bare_window() -> Iterator[tuple[Callable[[], None], list[Stretch]]]:
    """Show a bare window in a process of its own; give what begins to watch it, and its figures once this is left."""
    found: list[Stretch] = []
    command = [sys.executable, "-m", "benchmarks.sync.hold"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()  # it is shown
        told = process.stdin

        def begin() -> None:
            told.write("now\n")
            told.flush()

        yield begin, found
        answer, _ = process.communicate()
        found.append(Stretch(**json.loads(answer.splitlines()[-1])))


def bare() -> None:
    """Show a window and do nothing; watch from the first word on the standard input until that ends."""
    app, window, watch = QApplication([]), QWidget(), Watch()

    def heard() -> None:
        if os.read(sys.stdin.fileno(), 100):
            watch.start()
        else:
            app.quit()

    told = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    told.activated.connect(heard)
    window.show()
    print("shown", flush=True)
    app.exec()
    print(json.dumps(asdict(watch.stop())))


if __name__ == "__main__":
    if sys.argv[1:]:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    else:
        bare()
