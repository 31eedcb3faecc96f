"""The office of the headless demo: the real program in a process of its own, worked by keys and clicks on its windows.

Reads one JSON command a line from standard input, does it on the UI thread, answers one JSON line on standard output. A
process of its own, so that the journey can kill it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from demo.conditions import check_conditions
from demo.driving import activate, settle, wait_until
from medreg_desktop.app.program import Program
from medreg_desktop.services.cache import audit, sync_state, synced
from medreg_desktop.services.search.conditions import CheckCondition, MaterialsCondition, Query, Tab
from medreg_desktop.services.settings import options
from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.ui.heartbeat import Heartbeat
from medreg_desktop.views.preview.state import Phase
from medreg_desktop.views.preview.view import PreviewView

Answer = dict[str, Any]


class Worker(QObject):
    """Does the commands; one method each, named as the command."""

    _came = Signal(str)

    def __init__(self, program: Program, screens: Path) -> None:
        super().__init__()
        self._program, self._screens = program, screens
        self._shots = 0
        self.heartbeat = Heartbeat(time.monotonic, self)
        self._came.connect(self._on_line, Qt.ConnectionType.QueuedConnection)
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    # -- commands ---------------------------------------------------------------------------------------------------

    def sign_in(self, account: str, password: str) -> Answer:
        """Type account and password, press Enter, wait for the work list."""
        page = self._program.window.cover.page
        assert page is not None
        page._account.editor.clear()
        QTest.keyClicks(page._account.editor, account)
        QTest.keyClicks(page._password.editor, password)
        self.heartbeat.start()
        QTest.keyClick(page._password.editor, Qt.Key.Key_Return)
        wait_until(lambda: self._program.office is not None, "signed in")
        wait_until(lambda: self._office.list is not None and self._office.list.model.rows, "the list")
        wait_until(lambda: self._list_state.total is not None and self._list_state.fresh, "the counts")
        return {"rows": len(self._office.list.model.rows), "online": self._program._who.online}

    def sign_in_again(self, account: str, password: str) -> Answer:
        """Answer 请重新登录: another registrar's way in, taken by the same one."""
        self._program.sign_out()
        settle(200)
        return self.sign_in(account, password)

    def wrong_password(self, account: str, password: str) -> Answer:
        """Try a wrong password; the page says so and keeps the account."""
        page = self._program.window.cover.page
        QTest.keyClicks(page._account.editor, account)
        QTest.keyClicks(page._password.editor, password)
        QTest.keyClick(page._password.editor, Qt.Key.Key_Return)
        wait_until(page._banner.isVisible, "the sentence")
        settle(100)
        return {"account_kept": page._account.text == account, "sentence": page._banner.findChildren(QWidget) != []}

    def shot(self, name: str) -> Answer:
        """Save the topmost window as a picture."""
        settle(250)
        office = self._program.office
        covered = self._program.window.cover.page is not None
        top = (office and not covered and (office.preview or office.review)) or self._program.window
        self._shots = len(list(self._screens.glob("*.png"))) + 1
        path = self._screens / f"{self._shots:02d}-{name}.png"
        assert top.grab().save(str(path))
        return {"path": str(path)}

    def resize(self, width: int, height: int) -> Answer:
        """Give the main window another size."""
        self._program.window.resize(width, height)
        settle(300)
        return {}

    def theme(self, mode: str) -> Answer:
        """Switch between light and dark."""
        self._program.settings.set(options.THEME, mode)
        return {}

    def wait_lamp(self, kind: str) -> Answer:
        """Wait for a state of the lamp."""
        wait_until(lambda: self._office._report.lamp.kind is LampKind(kind), f"the lamp {kind}")
        settle(400)
        return {"lamp": self._program.window.state.lamp.text}

    def conditions(self) -> Answer:
        """Ask every condition alone and ten combinations through the fields; compare with a plain filter."""
        return {"asked": check_conditions(self._office, settle_list=self._settle_list)}

    def find_failing(self) -> Answer:
        """Return an application that waits and fails exactly one check."""
        rows = self._query(Query(tab=Tab.SUBMITTED, check=CheckCondition.FAILED))
        row = next(row for row in rows if row.failed == 1)
        return {"id": row.id, "name": row.name}

    def find_returned(self) -> Answer:
        """Return applications that wait for their applicants, whole."""
        store = self._program.doorway.get().store
        rows = self._query(Query(tab=Tab.RETURNED))
        found = store.read(lambda conn: [synced.find(conn, row.id) for row in rows])
        return {"applications": [msgspec.to_builtins(application) for application in found]}

    def find_sound(self, count: int) -> Answer:
        """Return applications that wait and may be agreed to."""
        query = Query(tab=Tab.SUBMITTED, check=CheckCondition.ALL_PASSED, materials=MaterialsCondition.COMPLETE)
        rows = [row for row in self._query(query) if row.kind.value == "registration"][:1]
        rows += [row for row in self._query(query) if row.id not in {r.id for r in rows}][: count - len(rows)]
        return {"ids": [row.id for row in rows], "names": [row.name for row in rows]}

    def open_review(self, id: str) -> Answer:  # noqa: A002 - the command's own word
        """Select the row in the list and press Enter on it."""
        page = self._office.list
        self._query(Query())
        while page.model.position_of(id) < 0 and page.model.canFetchMore(page.table.rootIndex()):
            page.model.fetchMore(page.table.rootIndex())
            self._settle_list()
        position = page.model.position_of(id)
        assert position >= 0, "the application is not in the list"
        page.table.setFocus()
        page.table.select_row(position)
        QTest.keyClick(page.table, Qt.Key.Key_Return)
        wait_until(lambda: self._office.review is not None, "the review window")
        review = self._office.review
        wait_until(lambda: review._state.sheet and review._state.sheet.application.id == id, "the sheet")
        settle(200)
        return self.review()

    def review(self) -> Answer:
        """Tell what the review window shows."""
        state = self._office.review._state
        sheet = state.sheet
        return {
            "name": sheet.application.person.name,
            "state": sheet.shown_state,
            "failed": [check.code for check in sheet.checks if check.result.value == "fail"],
            "checks": len(sheet.checks),
            "blockers": [blocker.code for blocker in sheet.blockers],
            "can_agree": self._office.review.acts.agree_button.isEnabled(),
            "focus": self._focused(),
            "practice_code": sheet.application.registration.practice_code if sheet.application.registration else "",
        }

    def type_opinion(self, text: str) -> Answer:
        """Type into the opinion; it is saved as a draft."""
        editor = self._office.review.acts.opinion.editor
        editor.setFocus()
        editor.selectAll()
        QTest.keyClicks(editor, text)
        settle(400)
        return {"opinion": editor.text()}

    def agree(self) -> Answer:
        """Press Ctrl+Enter in the review window and wait until the decision is saved."""
        review = self._office.review
        review._presenter.go_on_after(on=False)
        application_id = review._state.sheet.application.id
        activate(review)
        QTest.keyClick(review, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        wait_until(lambda: review._state.sheet.shown_state.value == "agreed", "agreed")
        settle(300)
        return {"id": application_id, "state": review._state.sheet.shown_state.value}

    def close_review(self) -> Answer:
        """Press Esc."""
        activate(self._office.review)
        QTest.keyClick(self._office.review, Qt.Key.Key_Escape)
        wait_until(lambda: self._office.review is None, "the window closed")
        return {}

    def preview(self, ids: list[str], save_to: str = "", picture: str = "") -> Answer:
        """Open the preview of forms, wait for the document, save it as PDF and close."""
        office = self._office
        office.open_preview(tuple(ids))
        view = office.preview.findChild(PreviewView)
        presenter = view._presenter
        wait_until(lambda: presenter.state.phase in (Phase.READY, Phase.FAILED), "the document")
        assert presenter.state.phase is Phase.READY, presenter.state.trouble
        settle(600)
        if picture:
            self.shot(picture)
        state = presenter.state
        answer = {
            "pages": state.pages,
            "forms": state.forms,
            "left_out": state.left_out,
            "standing": state.form.standing.value,
            "numbers": [form.job.form_number for form in presenter._prepared.forms],
            "reprint": state.form.reprint,
            "printers": len(state.printers or ()),
            "sha": _sha(state.pdf),
        }
        if save_to:
            presenter.save_to(Path(save_to))
            wait_until(lambda: Path(save_to).exists() and presenter.state.phase is Phase.READY, "the file")
            answer["saved_sha"] = _sha(Path(save_to).read_bytes())
        office.preview.close()
        wait_until(lambda: office.preview is None, "the preview closed")
        settle(200)
        return answer

    def batch(self, ids: list[str], picture: str = "") -> Answer:
        """Tick rows in the list and agree to them in one go."""
        page = self._office.list
        query = Query(tab=Tab.SUBMITTED)
        self._query(query)
        for each in ids:
            position = page.model.position_of(each)
            assert position >= 0, "the application is not in the list"
            page.model.toggle_tick(position)
        settle(300)
        if picture:
            self.shot(picture)
        activate(page)
        QTest.keyClick(page, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        wait_until(lambda: page._state.progress is None and not page.model.ticked, "the batch")
        self._settle_list()
        notice = self._program.notices.history[-1].text
        return {"notice": notice}

    def outbox(self) -> Answer:
        """Return the registrar's commands with where they stand."""
        items = self._office.outbox.items(open_only=False)
        return {
            "items": [
                {
                    "id": item.row.command.id,
                    "application": item.row.command.application_id,
                    "kind": item.row.kind.value,
                    "state": item.row.state.value,
                    "outcome": item.row.outcome.kind.value if item.row.outcome else "",
                    "name": item.applicant,
                }
                for item in items
            ],
            "papers": [
                {"form": line.paper.form_number, "outstanding": line.paper.outstanding}
                for line in self._office.papers.papers_to_recall()
            ],
        }

    def drained(self) -> Answer:
        """Wait until nothing is queued or in flight any more."""

        def is_done() -> bool:
            counts = self._office.outbox.counts()
            return counts.unsent == 0

        wait_until(is_done, "the outbox drained")
        settle(600)
        return self.outbox()

    def screen(self, key: str) -> Answer:
        """Show a screen of the rail."""
        self._program.window.show_screen(key)
        settle(500)
        return {}

    def row(self, id: str) -> Answer:  # noqa: A002 - the command's own word
        """Return what the list shows of one application, from the whole list."""
        rows = {row.id: row for row in self._query(Query(tab=None))}
        row = rows[id]
        return {
            "state": row.state.value,
            "practice_code": row.practice_code,
            "sync": row.sync.value,
            "version": row.version,
        }

    def wait_row(self, id: str, state: str) -> Answer:  # noqa: A002 - the command's own word
        """Wait until the feed has brought a state."""
        wait_until(lambda: self.row(id)["state"] == state, f"the state {state}")
        return self.row(id)

    def keys(self) -> Answer:
        """Return the public keys that sign forms."""
        known = self._program.doorway.get().store.read(sync_state.public_keys)
        return {"keys": {key.kid: key.key.hex() for key in known}}

    def verify(self) -> Answer:
        """Recompute the chain of the local audit."""
        broken = self._program.doorway.get().store.read(audit.first_broken)
        return {"broken": broken}

    def longest_hold(self) -> Answer:
        """Return how long the event loop was held at most since sign-in, in milliseconds."""
        return {"ms": round(self.heartbeat.longest_ms)}

    def lock(self) -> Answer:
        """Lock the screen."""
        self._program.lock()
        settle(300)
        return {}

    def quit(self) -> Answer:
        """End the program as its user would."""
        QTimer.singleShot(0, QApplication.instance().quit)
        return {}

    # -- inside -----------------------------------------------------------------------------------------------------

    @property
    def _office(self) -> Any:
        return self._program.office

    @property
    def _list_state(self) -> Any:
        return self._office.list._state

    def _settle_list(self) -> None:
        wait_until(lambda: self._list_state.fresh and self._list_state.total is not None, "the rows")
        settle(60)

    def _query(self, query: Query) -> list[Any]:
        """Show a query in the list and return all its rows."""
        if self._program.window.pages.current_key != "applications":
            self._program.window.show_screen("applications")
        page = self._office.list
        page._presenter.change(query)
        page._presenter.refresh()
        self._settle_list()
        wait_until(lambda: self._has_all(page), "all pages")
        return list(page._state.rows)

    def _has_all(self, page: Any) -> bool:
        """Ask for the next page, again whenever news from the feed has made the list read anew."""
        if page._state.more:
            page._presenter.load_more()
        return page._state.fresh and not page._state.more

    def _focused(self) -> str:
        widget = QApplication.focusWidget() or self._office.review.focusWidget()
        return widget.accessibleName() if widget else ""

    def _read(self) -> None:
        for line in sys.stdin:
            self._came.emit(line)
        os._exit(0)

    def _on_line(self, line: str) -> None:
        command = json.loads(line)
        try:
            answer = getattr(self, command.pop("do"))(**command)
        except Exception as error:  # noqa: BLE001 - the journey must hear of anything
            answer = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
        print(json.dumps(answer, ensure_ascii=False), flush=True)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


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
