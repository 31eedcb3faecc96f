"""Asking, ticking and opening in the list of applications."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from demo.at_the_form import reviewed
from demo.conditions import check_conditions
from demo.driving import activate, settle, wait_until
from demo.hands import Answer, Hands
from medreg_desktop.services.cache import synced
from medreg_desktop.services.search.conditions import CheckCondition, MaterialsCondition, Query, Tab


class List:
    """Acts on the list; one method each, named as the command."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    def conditions(self) -> Answer:
        """Ask every condition alone and ten combinations through the fields; compare with a plain filter."""
        return {"asked": check_conditions(self._hands.office, settle_list=self._hands.settle_list)}

    def find_failing(self) -> Answer:
        """Return an application that waits and fails exactly one check."""
        rows = self._hands.query(Query(tab=Tab.SUBMITTED, check=CheckCondition.FAILED))
        row = next(row for row in rows if row.failed == 1)
        return {"id": row.id, "name": row.name}

    def find_returned(self) -> Answer:
        """Return applications that wait for their applicants, whole."""
        store = self._hands.program.doorway.get().store
        rows = self._hands.query(Query(tab=Tab.RETURNED))
        found = store.read(lambda conn: [synced.find(conn, row.id) for row in rows])
        return {"applications": [msgspec.to_builtins(application) for application in found]}

    def find_sound(self, count: int) -> Answer:
        """Return applications that wait and may be agreed to."""
        query = Query(tab=Tab.SUBMITTED, check=CheckCondition.ALL_PASSED, materials=MaterialsCondition.COMPLETE)
        rows = [row for row in self._hands.query(query) if row.kind.value == "registration"][:1]
        rows += [row for row in self._hands.query(query) if row.id not in {r.id for r in rows}][: count - len(rows)]
        return {"ids": [row.id for row in rows], "names": [row.name for row in rows]}

    def open_review(self, id: str) -> Answer:  # noqa: A002 - the command's own word
        """Select the row in the list and press Enter on it."""
        page = self._hands.office.list
        self._hands.query(Query())
        while page.model.position_of(id) < 0 and page.model.canFetchMore(page.table.rootIndex()):
            page.model.fetchMore(page.table.rootIndex())
            self._hands.settle_list()
        position = page.model.position_of(id)
        assert position >= 0, "the application is not in the list"
        page.table.setFocus()
        page.table.select_row(position)
        QTest.keyClick(page.table, Qt.Key.Key_Return)
        wait_until(lambda: self._hands.office.review is not None, "the review window")
        review = self._hands.office.review
        wait_until(lambda: review._state.sheet and review._state.sheet.application.id == id, "the sheet")
        settle(200)
        return reviewed(self._hands)

    def batch(self, ids: list[str], picture: str = "") -> Answer:
        """Tick rows in the list and agree to them in one go."""
        page = self._hands.office.list
        query = Query(tab=Tab.SUBMITTED)
        self._hands.query(query)
        for each in ids:
            position = page.model.position_of(each)
            assert position >= 0, "the application is not in the list"
            page.model.toggle_tick(position)
        settle(300)
        if picture:
            self._hands.shot(picture)
        activate(page)
        QTest.keyClick(page, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        wait_until(lambda: page._state.progress is None and not page.model.ticked, "the batch")
        self._hands.settle_list()
        notice = self._hands.program.notices.history[-1].text
        return {"notice": notice}

    def row(self, id: str) -> Answer:  # noqa: A002 - the command's own word
        """Return what the list shows of one application, from the whole list."""
        rows = {row.id: row for row in self._hands.query(Query(tab=None))}
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
