"""The demo on a screen: the real program, signed in as a registrar. The password comes on standard input."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from medreg_desktop.app.program import Program
from medreg_desktop.views.signin.view import SignInPage


def main() -> int:
    """Run the program until its window is closed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--account", required=True)
    chosen = parser.parse_args()
    password = sys.stdin.readline().strip()
    app = QApplication(sys.argv[:1])
    program = Program(app, chosen.data, server=chosen.server, ca_file=None, is_demo=True)
    app.aboutToQuit.connect(program.close)
    program.start()

    def sign_in() -> None:
        page = program.window.cover.page
        if isinstance(page, SignInPage):
            page._account.set_text(chosen.account)
            page._password.set_text(password)
            page._go.click()

    QTimer.singleShot(0, sign_in)
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
