"""What the cells of the list say."""

from __future__ import annotations

from medreg_core.domain.vocabulary import State
from medreg_desktop.ui.widgets.cells import TextCell
from medreg_desktop.views.applications.columns import _checks, _materials
from tests.desktop.views.applications.test_presenter import row


def test_what_is_done_is_not_shown_as_checked() -> None:
    done = row(1, state=State.APPROVED, passed=0, have=0, need=0)
    cells = [_checks(done), _materials(done)]
    assert [cell.text for cell in cells if isinstance(cell, TextCell)] == ["—", "—"]
