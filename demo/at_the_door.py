"""Signing in and out, and the frame around the screens."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from demo.driving import settle, wait_until
from demo.hands import Answer, Hands
from medreg_desktop.services.settings import options
from medreg_desktop.services.sync.lamp import LampKind


class Door:
    """Acts on the sign-in page and the main window; one method each, named as the command."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    def sign_in(self, account: str, password: str) -> Answer:
        """Type account and password, press Enter, wait for the work list."""
        page = self._hands.program.window.cover.page
        assert page is not None
        page._account.editor.clear()
        QTest.keyClicks(page._account.editor, account)
        QTest.keyClicks(page._password.editor, password)
        self._hands.heartbeat.start()
        QTest.keyClick(page._password.editor, Qt.Key.Key_Return)
        wait_until(lambda: self._hands.program.office is not None, "signed in")
        wait_until(lambda: self._hands.office.list is not None and self._hands.office.list.model.rows, "the list")
        wait_until(lambda: self._hands.list_state.total is not None and self._hands.list_state.fresh, "the counts")
        return {"rows": len(self._hands.office.list.model.rows), "online": self._hands.program._who.online}

    def sign_in_again(self, account: str, password: str) -> Answer:
        """Answer 请重新登录: another registrar's way in, taken by the same one."""
        self._hands.program.sign_out()
        settle(200)
        return self.sign_in(account, password)

    def wrong_password(self, account: str, password: str) -> Answer:
        """Try a wrong password; the page says so and keeps the account."""
        page = self._hands.program.window.cover.page
        QTest.keyClicks(page._account.editor, account)
        QTest.keyClicks(page._password.editor, password)
        QTest.keyClick(page._password.editor, Qt.Key.Key_Return)
        wait_until(page._banner.isVisible, "the sentence")
        settle(100)
        return {"account_kept": page._account.text == account, "sentence": page._banner.findChildren(QWidget) != []}

    def lock(self) -> Answer:
        """Lock the screen."""
        self._hands.program.lock()
        settle(300)
        return {}

    def resize(self, width: int, height: int) -> Answer:
        """Give the main window another size."""
        self._hands.program.window.resize(width, height)
        settle(300)
        return {}

    def theme(self, mode: str) -> Answer:
        """Switch between light and dark."""
        self._hands.program.settings.set(options.THEME, mode)
        return {}

    def screen(self, key: str) -> Answer:
        """Show a screen of the rail."""
        self._hands.program.window.show_screen(key)
        settle(500)
        return {}

    def wait_lamp(self, kind: str) -> Answer:
        """Wait for a state of the lamp."""
        wait_until(lambda: self._hands.office._report.lamp.kind is LampKind(kind), f"the lamp {kind}")
        settle(400)
        return {"lamp": self._hands.program.window.state.lamp.text}

    def longest_hold(self) -> Answer:
        """Return how long the event loop was held at most since sign-in, in milliseconds."""
        return {"ms": round(self._hands.heartbeat.longest_ms)}

    def quit(self) -> Answer:
        """End the program as its user would."""
        QTimer.singleShot(0, QApplication.instance().quit)
        return {}

    def shot(self, name: str) -> Answer:
        """Save the topmost window as a picture."""
        return {"path": str(self._hands.shot(name))}
