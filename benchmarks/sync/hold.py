"""The real program, offscreen, takes a first snapshot: ``python -m benchmarks.sync.hold URL LOGIN ROWS FOLDER``; JSON.

Longest time the event loop was held, by the clock, from the first rows on the screen to the whole copy.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import keyring
import keyring.backends.fail
from PySide6.QtWidgets import QApplication

from tests.helpers.program import Desk
from tests.helpers.server import PASSWORD

_PATIENCE_S = 1_800.0


def main(url: str, login: str, rows: int, folder: Path) -> None:
    """Sign in, wait until all rows are there, report."""
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    desk = Desk.start(QApplication([]), folder, url, folder)
    desk.sign_in(login, PASSWORD)
    desk.until(lambda: desk.rows, "the first rows")
    desk.beat.start()
    began = time.perf_counter()
    desk.until(lambda: desk.lamp.startswith("已同步"), "the whole copy", _PATIENCE_S)
    seconds, longest = time.perf_counter() - began, desk.beat.longest_ms
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    desk.close()
    print(json.dumps({"rows": rows, "seconds": seconds, "longest_hold_ms": longest, "peak_mb": peak}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
