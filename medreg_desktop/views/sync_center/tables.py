"""The columns of 同步中心's two tables: what waits, and which papers must come back (``look.md`` §3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from medreg_desktop.services.review.outbox_desk import OutboxItem
from medreg_desktop.services.review.paper_desk import PaperLine
from medreg_desktop.services.texts.moments import short
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui import words as states
from medreg_desktop.ui.widgets.cells import ButtonCell, Cell, TextCell, WordCell
from medreg_desktop.ui.widgets.rows_model import Column
from medreg_desktop.views.sync_center.reconcile_words import whereabouts
from medreg_desktop.views.sync_center.state import stands_out
from medreg_desktop.views.sync_center.words import action_word, detail, moment, reason, state_word

ACTION = "action"
"""Key of the last column of both tables; its cell is the row's painted button."""


def outbox_columns(now: Callable[[], datetime]) -> tuple[Column[OutboxItem], ...]:
    """Return the columns of the outbox; ``now`` says which day needs no date."""
    column: type[Column[OutboxItem]] = Column
    return (
        column("what", tr("Content"), 226, _content, sortable=False),
        column("saved", tr("Saved"), 56, lambda i: TextCell(short(i.row.saved_at, now())), sortable=False),
        column("tries", tr("Tries"), 46, lambda i: TextCell(str(i.row.attempts)), sortable=False),
        column("state", tr("State"), 84, lambda i: WordCell((state_word(i),), small=True), sortable=False),
        column("why", tr("Cause"), 190, lambda i: TextCell(reason(i, now()), small=True), stretch=True, sortable=False),
        column(ACTION, tr("Action"), 76, _action, sortable=False),
    )


def paper_columns() -> tuple[Column[PaperLine], ...]:
    """Return the columns of the papers to recall."""
    column: type[Column[PaperLine]] = Column
    return (
        column("form", tr("Form number"), 168, lambda p: TextCell(p.paper.form_number), sortable=False),
        column("who", tr("Applicant"), 72, lambda p: TextCell(p.applicant or "—", bold=True), sortable=False),
        column("printed", tr("Printed"), 88, lambda p: TextCell(moment(p.paper.last_printed_at)), sortable=False),
        column("copies", tr("Copies"), 44, _copies, sortable=False),
        column("where", tr("Whereabouts"), 100, _whereabouts, stretch=True, sortable=False),
        column("state", tr("State"), 78, lambda p: WordCell((_paper_state(p),), small=True), sortable=False),
        column(ACTION, tr("Action"), 88, _paper_action, sortable=False),
    )


def _content(item: OutboxItem) -> Cell:
    return TextCell(f"{action_word(item)}  {item.applicant}", tail=detail(item), bold=True)


def _action(item: OutboxItem) -> Cell:
    if stands_out(item):
        return ButtonCell(tr("Settle"))
    return ButtonCell(tr("Take back"), quiet=True) if item.can_cancel else TextCell("")


def _copies(line: PaperLine) -> Cell:
    """Of one that is partly back, how many are about before how many there were."""
    paper = line.paper
    is_partly_back = 0 < paper.outstanding < paper.copies
    return TextCell(f"{paper.outstanding} / {paper.copies}" if is_partly_back else str(paper.copies))


def _whereabouts(line: PaperLine) -> Cell:
    return TextCell(whereabouts(line), small=True)


def _paper_state(line: PaperLine) -> states.Word:
    return states.PAPERS["to_recall" if line.paper.outstanding else "recalled"]


def _paper_action(line: PaperLine) -> Cell:
    return ButtonCell(tr("Record the recall")) if line.paper.outstanding else TextCell("")
