"""The real desktop program, offscreen: started on a folder, driven by keys and clicks, read as a person reads it.

desk = Desk.start(app, folder, server.url)
desk.sign_in("login", PASSWORD)
desk.until(lambda: desk.rows, "rows")
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QWidget

from medreg_desktop.app.office import Office
from medreg_desktop.app.program import Program
from medreg_desktop.services.cache import drafts, outbox
from medreg_desktop.services.cache.outbox import OutboxRow
from medreg_desktop.services.search.rows import WorklistRow
from medreg_desktop.ui.heartbeat import Heartbeat
from medreg_desktop.ui.widgets.field import TextField
from medreg_desktop.views.preview.view import PreviewView
from medreg_desktop.views.review.view import ReviewWindow
from medreg_desktop.views.signin.view import SignInPage
from tests.helpers.qt import grab, settle

PATIENCE_S = 60.0
"""Two busy cores and argon2 at full cost: what takes longer than this is not coming."""


class Listener(logging.Handler):
    """Keeps every line of the log, of every library, as it would be written to a file."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def _let_work(milliseconds: int) -> None:
    """Run the event loop for a while. QTest's own wait holds the interpreter, and the other threads with it."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


@dataclass
class Desk:
    """One run of the program on one folder: what a person can see of it and do to it."""

    program: Program
    folder: Path
    shots: Path
    beat: Heartbeat
    titles: set[str] = field(default_factory=set)
    is_closed: bool = False

    @classmethod
    def start(cls, app: QApplication, folder: Path, server: str, shots: Path) -> Desk:
        """Start the program as ``python -m medreg_desktop --server …`` does, and wait for its first page."""
        program = Program(app, folder, server=server, ca_file=None, is_demo=False)
        beat = Heartbeat(time.monotonic)
        program.window.resize(1440, 900)
        desk = cls(program, folder, shots, beat)
        program.start()
        desk.until(lambda: program.doorway.made is not None, "the modules behind the sign-in page")
        beat.start()
        return desk

    def close(self) -> None:
        """End the program as closing its window does."""
        if self.is_closed:
            return
        self.is_closed = True
        self.beat.stop()
        self.program.close()
        self.program.window.close()
        self.program.window.deleteLater()
        self.program.deleteLater()
        settle()

    # -- waiting ----------------------------------------------------------------------------------------------------

    def until(self, holds: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
        """Let the program work until ``holds()``; fail with what is on the screen if it never does."""
        deadline = time.monotonic() + patience_s
        while not holds():
            _let_work(10)
            if time.monotonic() > deadline:
                self.shot("stuck")
                raise AssertionError(f"never came: {what}; on the screen: {self.words()}")
        self.titles |= {window.windowTitle() for window in QApplication.topLevelWidgets()}

    def until_says(self, sentence: str) -> None:
        """Wait until these words stand on the screen."""
        self.until(lambda: sentence in self.words(), sentence)

    def until_lamp(self, word: str) -> None:
        """Wait until the lamp shows these words."""
        self.until(lambda: word in self.lamp, f"lamp {word}, not {self.lamp}")

    # -- seeing -----------------------------------------------------------------------------------------------------

    def words(self) -> str:
        """Return every word that can be read now, in all windows; what is covered or hidden is not there."""
        return "\n".join(text for window in self._windows() for text in _readable(window) if text)

    def shot(self, name: str, window: QWidget | None = None) -> Path:
        """Save what a person sees and return the file."""
        path = self.shots / f"{name}.png"
        grab(window or self.front, path)
        return path

    @property
    def front(self) -> QWidget:
        """The window on top."""
        return self._windows()[-1]

    @property
    def page(self) -> SignInPage:
        """The sign-in page or the lock."""
        page = self.program.window.cover.page
        assert isinstance(page, SignInPage), self.words()
        return page

    @property
    def is_shut(self) -> bool:
        """Whether the sign-in page or the lock covers everything."""
        return isinstance(self.program.window.cover.page, SignInPage)

    @property
    def fault(self) -> str:
        """What the sign-in page complains of, what and what to do."""
        banner = self.page._banner
        return banner.accessibleName() if banner.isVisibleTo(self.page) else ""

    @property
    def fault_button(self) -> QAbstractButton:
        """The next step the sign-in page offers."""
        return self.page._banner._button

    @property
    def lamp(self) -> str:
        """The word about sync."""
        return self.program.window.status_bar.lamp.word

    @property
    def office(self) -> Office:
        """What the signed-in registrar works with."""
        assert self.program.office is not None, self.words()
        return self.program.office

    @property
    def rows(self) -> tuple[WorklistRow, ...]:
        """The rows of the work list as loaded."""
        page = self.program.office.list if self.program.office else None
        return tuple(page.model.row(n) for n in range(page.model.rowCount()) if page.model.row(n)) if page else ()

    @property
    def review(self) -> ReviewWindow:
        """审核窗口."""
        assert self.office.review is not None
        return self.office.review

    @property
    def preview(self) -> PreviewView:
        """打印预览."""
        assert self.office.preview is not None
        return self.office.preview.findChildren(PreviewView)[0]

    def notices(self) -> str:
        """Return what was told in passing."""
        return "\n".join(notice.text for notice in self.program.notices.history)

    def queue(self, *, open_only: bool = True) -> list[OutboxRow]:
        """Return the signed-in registrar's commands as they lie on the disk."""
        doorway = self.program.doorway.get()
        account = doorway.gate.account
        assert account is not None
        return list(doorway.store.read(lambda conn: outbox.rows(conn, account.id, open_only=open_only)))

    def draft_of(self, row: WorklistRow) -> str:
        """Return the opinion as it lies on the disk, or nothing."""
        doorway = self.program.doorway.get()
        account = doorway.gate.account
        assert account is not None
        found = doorway.store.read(lambda conn: drafts.find(conn, row.id, account.id))
        return found.opinion if found else ""

    # -- doing ------------------------------------------------------------------------------------------------------

    def sign_in(self, login: str, password: str) -> None:
        """Type account and password, press Enter."""
        self.type(self.page._account, login)
        self.type(self.page._password, password)
        self.press_enter()

    def press_enter(self) -> None:
        """Press Enter in the password, and wait for the answer."""
        page = self.page
        QTest.keyClick(page._password.editor, Qt.Key.Key_Return)
        self.until(lambda: self.program.window.cover.page is not page or page.presenter.state.busy == "no", "an answer")

    def unlock(self, password: str) -> None:
        """Type the password on the lock, press Enter."""
        self.type(self.page._password, password)
        self.press_enter()

    def at_work(self, login: str, password: str, rows: int = 1) -> None:
        """Sign in and wait for the list."""
        self.sign_in(login, password)
        self.until(lambda: not self.is_shut and len(self.rows) >= rows, f"{rows} rows")

    def open_review(self, row: WorklistRow) -> None:
        """Press Enter on the row and wait for 审核窗口."""
        page = self.office.list
        assert page is not None
        self.until(lambda: page._presenter is not None and page._presenter._state.fresh, "rows that are up to date")
        place = next(n for n, each in enumerate(self.rows) if each.id == row.id)
        page.table.setCurrentIndex(page.model.index(place, 1))
        QTest.keyClick(page.table, Qt.Key.Key_Return)
        self.until(
            lambda: self.office.review is not None and row.name[:10] in "\n".join(_readable(self.review)), "the review"
        )

    def open_preview(self) -> None:
        """Open 打印预览 from 审核窗口 and wait for the page."""
        click(self.review.acts.preview_button)
        self.until(lambda: self.office.preview is not None and self.preview.area.pages.pageCount() > 0, "the page")

    def agree(self, row: WorklistRow) -> None:
        """Open the application, agree, close the window."""
        self.open_review(row)
        before = len(self.queue(open_only=False))
        self.until(self.review.acts.agree_button.isEnabled, "同意")
        click(self.review.acts.agree_button)
        self.until(lambda: len(self.queue(open_only=False)) > before, "the decision on the disk")
        self.close_review()

    def close_review(self) -> None:
        """Close 审核窗口, unless the last decision has."""
        if self.office.review is not None:
            self.review.close()
        self.until(lambda: self.office.review is None, "the window closed")

    @staticmethod
    def type(field_: TextField, text: str) -> None:
        """Replace what stands in a field by typing; Chinese comes from the input method."""
        field_.editor.selectAll()
        QTest.keyClick(field_.editor, Qt.Key.Key_Delete)
        if text.isascii():
            QTest.keyClicks(field_.editor, text)
            return
        composed = QInputMethodEvent()
        composed.setCommitString(text)
        QApplication.sendEvent(field_.editor, composed)

    def _windows(self) -> list[QWidget]:
        """Return the visible windows, the front one last."""
        mine = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
        return sorted(mine, key=_depth)


def click(button: QAbstractButton) -> None:
    """Click with the left button; a button that cannot be seen or used cannot be clicked."""
    assert button.isVisible(), button.text()
    assert button.isEnabled(), button.text()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def _depth(window: QWidget) -> int:
    parent = window.parentWidget()
    return 0 if parent is None else 1 + _depth(parent.window())


def _readable(window: QWidget) -> Iterator[str]:
    for widget in (window, *window.findChildren(QWidget)):
        if not widget.isVisible():
            continue
        if isinstance(widget, QLabel):
            yield widget.text()
            yield widget.accessibleName()
        elif isinstance(widget, QLineEdit):
            yield widget.text() if widget.echoMode() is QLineEdit.EchoMode.Normal else ""
        else:
            yield widget.accessibleName()
