"""Reading, deciding and printing one application."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from demo.driving import activate, settle, wait_until
from demo.hands import Answer, Hands
from medreg_desktop.views.preview.state import Phase
from medreg_desktop.views.preview.view import PreviewView


class Form:
    """Acts on 审核窗口 and 打印预览; one method each, named as the command."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    def review(self) -> Answer:
        """Tell what the review window shows."""
        return reviewed(self._hands)

    def type_opinion(self, text: str) -> Answer:
        """Type into the opinion; it is saved as a draft."""
        editor = self._hands.office.review.acts.opinion.editor
        editor.setFocus()
        editor.selectAll()
        QTest.keyClicks(editor, text)
        settle(400)
        return {"opinion": editor.text()}

    def agree(self) -> Answer:
        """Press Ctrl+Enter in the review window and wait until the decision is saved."""
        review = self._hands.office.review
        review._presenter.go_on_after(on=False)
        application_id = review._state.sheet.application.id
        activate(review)
        QTest.keyClick(review, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        wait_until(lambda: review._state.sheet.shown_state.value == "agreed", "agreed")
        settle(300)
        return {"id": application_id, "state": review._state.sheet.shown_state.value}

    def close_review(self) -> Answer:
        """Press Esc."""
        activate(self._hands.office.review)
        QTest.keyClick(self._hands.office.review, Qt.Key.Key_Escape)
        wait_until(lambda: self._hands.office.review is None, "the window closed")
        return {}

    def preview(self, ids: list[str], save_to: str = "", picture: str = "") -> Answer:
        """Open the preview of forms, wait for the document, save it as PDF and close."""
        office = self._hands.office
        office.open_preview(tuple(ids))
        view = office.preview.findChild(PreviewView)
        presenter = view._presenter
        wait_until(lambda: presenter.state.phase in (Phase.READY, Phase.FAILED), "the document")
        assert presenter.state.phase is Phase.READY, presenter.state.trouble
        settle(600)
        if picture:
            self._hands.shot(picture)
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


def reviewed(hands: Hands) -> Answer:
    """Tell what the review window shows."""
    state = hands.office.review._state
    sheet = state.sheet
    return {
        "name": sheet.application.person.name,
        "state": sheet.shown_state,
        "failed": [check.code for check in sheet.checks if check.result.value == "fail"],
        "checks": len(sheet.checks),
        "blockers": [blocker.code for blocker in sheet.blockers],
        "can_agree": hands.office.review.acts.agree_button.isEnabled(),
        "focus": hands.focused(),
        "practice_code": sheet.application.practice_code,
    }


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
