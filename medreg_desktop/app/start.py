"""Start on the command line's word: one program for one folder, a second start only says so."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

import platformdirs
from PySide6.QtCore import QLockFile
from PySide6.QtWidgets import QApplication

from medreg_desktop.app.program import Program
from medreg_desktop.services.settings import options
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.services.texts.faults import what_and_todo
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui import language
from medreg_desktop.ui.theme import Theme
from medreg_desktop.ui.widgets.blocks import EmptyState


def already_open() -> EmptyState:
    """Return the window of a second start on the same folder: the first one has the copy."""
    page = EmptyState(*what_and_todo("cache_in_use"), button=tr("Close"))
    page.setWindowTitle(tr("Physician e-registration"))
    page.resize(page.sizeHint() * 1.5)
    return page


def run(argv: list[str]) -> int:
    """Run the program until its window closes."""
    parser = argparse.ArgumentParser(prog="medreg-desktop")
    parser.add_argument("--server", default=os.environ.get("MEDREG_SERVER", ""), help="address of the service")
    parser.add_argument("--data", type=Path, default=None, help="folder of the local copy")
    parser.add_argument("--ca-file", type=Path, default=None, help="certificates that sign the service's")
    parser.add_argument("--demo", action="store_true", help="mark every screen as a demonstration")
    chosen, rest = parser.parse_known_args(argv[1:])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # every attempt is logged here, without its traceback
    app = QApplication([argv[0], *rest])
    folder = chosen.data or platformdirs.user_data_path("medreg", appauthor=False)
    folder.mkdir(parents=True, exist_ok=True)
    lock = QLockFile(str(folder / "program.lock"))
    if not lock.tryLock(100):
        language.use(app, Settings(folder / "settings").get(options.LANGUAGE))
        Theme(app)
        page = already_open()
        page.pressed.connect(app.quit)
        page.show()
        app.exec()
        return 1
    program = Program(app, folder, server=chosen.server, ca_file=chosen.ca_file, is_demo=chosen.demo)
    app.aboutToQuit.connect(program.close)
    program.start()
    return app.exec()
