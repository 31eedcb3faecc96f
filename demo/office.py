"""The office of the headless demo: the real program in a process of its own, worked by keys and clicks on its windows.

Reads one JSON command a line from standard input, does it on the UI thread, answers one JSON line on standard output. A
process of its own, so that the journey can kill it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication

from demo.at_the_copy import Copy
from demo.at_the_door import Door
from demo.at_the_form import Form
from demo.at_the_list import List
from demo.hands import Answer, Hands
from medreg_desktop.app.program import Program
from medreg_desktop.ui.heartbeat import Heartbeat


class Worker(QObject):
    """Does the commands; each is a method of its name at one of the places."""

    _came = Signal(str)

    def __init__(self, program: Program, screens: Path) -> None:
        super().__init__()
        hands = Hands(program, screens, Heartbeat(time.monotonic, self))
        self._places = (Door(hands), List(hands), Form(hands), Copy(hands))
        self._came.connect(self._on_line, Qt.ConnectionType.QueuedConnection)
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    def _read(self) -> None:
        for line in sys.stdin:
            self._came.emit(line)
        os._exit(0)

    def _on_line(self, line: str) -> None:
        command = json.loads(line)
        try:
            answer = self._done(command.pop("do"), command)
        except Exception as error:  # noqa: BLE001 - the journey must hear of anything
            answer = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
        print(json.dumps(answer, ensure_ascii=False), flush=True)

    def _done(self, name: str, arguments: Answer) -> Answer:
        place = next(place for place in self._places if hasattr(place, name))
        answer: Answer = getattr(place, name)(**arguments)
        return answer


def main() -> int:
    """Run the program under the journey's commands."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--screens", type=Path, required=True)
    chosen = parser.parse_args()
    chosen.screens.mkdir(parents=True, exist_ok=True)
    app = QApplication(sys.argv[:1])
    program = Program(app, chosen.data, server=chosen.server, ca_file=None, is_demo=True)
    program.window.resize(1440, 900)
    worker = Worker(program, chosen.screens)
    app.aboutToQuit.connect(program.close)
    program.start()
    status = app.exec()
    del worker
    return status


if __name__ == "__main__":
    sys.exit(main())
