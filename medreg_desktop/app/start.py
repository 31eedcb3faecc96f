"""Start on the command line's word: one program for one folder; what keeps it from working there is said."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
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

_LITTLE = 1 << 20
"""A disk with fewer bytes free is full to whoever has to do something about it."""

_REFUSALS = {
    QLockFile.LockError.LockFailedError: "cache_in_use",
    QLockFile.LockError.PermissionError: "cache_read_only",
}


def hindrance(folder: Path, lock: QLockFile) -> str:
    """Take the folder for this program alone; return the code of what is in the way, "" if nothing is."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if lock.tryLock(100):
            return ""
        is_full = shutil.disk_usage(folder).free < _LITTLE
    except OSError as error:
        return "cache_read_only" if isinstance(error, PermissionError) else "disk_trouble"
    return _REFUSALS.get(lock.error(), "disk_full" if is_full else "disk_trouble")


def cannot_start(code: str) -> EmptyState:
    """Return the window of a program that cannot work in its folder: most often an earlier start has the copy."""
    page = EmptyState(*what_and_todo(code), button=tr("Close"))
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
    lock = QLockFile(str(folder / "program.lock"))
    code = hindrance(folder, lock)
    if code:
        language.use(app, Settings(folder / "settings").get(options.LANGUAGE))
        Theme(app)
        page = cannot_start(code)
        page.pressed.connect(app.quit)
        page.show()
        app.exec()
        return 1
    program = Program(app, folder, server=chosen.server, ca_file=chosen.ca_file, is_demo=chosen.demo)
    app.aboutToQuit.connect(program.close)
    program.start()
    return app.exec()
