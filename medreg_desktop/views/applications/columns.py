"""The columns of the work list: each turns a row into a cell (``look.md`` §3, table of widths)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import CheckResult
from medreg_desktop.services.search.conditions import SortColumn
from medreg_desktop.services.search.rows import WorklistRow
from medreg_desktop.services.texts.terms import label, term
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui import words
from medreg_desktop.ui.tokens import Colour
from medreg_desktop.ui.widgets.cells import ButtonCell, Cell, TextCell, WordCell, masked
from medreg_desktop.ui.widgets.rows_model import Column
from medreg_desktop.ui.words import Word
from medreg_desktop.views.applications.options import condition_label, workdays_left
from medreg_desktop.views.applications.state import Act

ACTION = "action"
"""Key of the last column; its cell is the row's painted button."""

SCHEMA = 1
"""Raise when a column is renamed: stored widths of another schema are not restored."""


class ListColumns:
    """Builds the columns for one session: code names from the tables, days left from the calendar and today."""

    def __init__(self, tables: Tables, today: Callable[[], date], act_of: Callable[[WorklistRow], Act]) -> None:
        self._tables, self._today, self._act_of = tables, today, act_of

    def build(self) -> tuple[Column[WorklistRow], ...]:
        """Return the columns in the designed order; the last ones are offered by the column chooser."""
        text: type[Column[WorklistRow]] = Column
        return (
            text(SortColumn.NAME, label("name"), 80, lambda r: TextCell(r.name, bold=True), hideable=False),
            text(SortColumn.ID_NUMBER, label("id_number"), 96, lambda r: masked(r.id_number)),
            text(SortColumn.KIND, condition_label("kinds"), 130, _kind),
            text(SortColumn.CATEGORY, tr("Category"), 68, lambda r: TextCell(term(r.category))),
            text(SortColumn.SCOPES, label("scopes"), 140, self._scopes, stretch=True),
            text(SortColumn.DEPARTMENT, label("department"), 94, lambda r: TextCell(r.department)),
            text(SortColumn.SUBMITTED, tr("Submitted"), 62, _submitted, drops_below=1366),
            text(SortColumn.CHECKS, condition_label("check"), 70, _checks),
            text(SortColumn.MATERIALS, condition_label("materials"), 52, _materials),
            text(SortColumn.DEADLINE, condition_label("deadline"), 126, self._deadline),
            text(SortColumn.STATE, condition_label("states"), 106, lambda r: WordCell((words.STATES[r.state],))),
            text(
                SortColumn.SYNC, condition_label("sync"), 82, lambda r: WordCell((words.ROW_SYNC[r.sync],), small=True)
            ),
            text(ACTION, tr("Action"), 98, self._action, sortable=False, hideable=False),
        )

    def extra(self) -> tuple[Column[WorklistRow], ...]:
        """Return the columns that are hidden until the user asks for them."""
        text: type[Column[WorklistRow]] = Column
        return (
            text(SortColumn.LEVEL, label("qualification_level"), 96, lambda r: TextCell(term(r.level))),
            text(SortColumn.EDUCATION, label("education"), 96, self._education),
            text(SortColumn.HANDLER, condition_label("handler"), 80, lambda r: TextCell(r.handler or "—")),
            text(SortColumn.PHONE, condition_label("phone"), 104, lambda r: masked(r.phone)),
            text(
                SortColumn.QUALIFICATION_CODE, label("qualification_code"), 104, lambda r: masked(r.qualification_code)
            ),
            text(SortColumn.PRACTICE_CODE, label("practice_code"), 136, lambda r: TextCell(r.practice_code or "—")),
            text(SortColumn.FORM_NUMBER, condition_label("form_number"), 160, lambda r: TextCell(r.form_number or "—")),
        )

    def _scopes(self, row: WorklistRow) -> Cell:
        return TextCell("、".join(self._tables.scopes.short_name(code) for code in row.scopes))

    def _education(self, row: WorklistRow) -> Cell:
        return TextCell(self._tables.educations.name(row.education))

    def _deadline(self, row: WorklistRow) -> Cell:
        if row.deadline_unpublished:
            return WordCell((words.deadline(None),), small=True)
        if row.deadline is None:
            return TextCell("—", colour=Colour.TEXT3)
        return WordCell(
            (words.deadline(workdays_left(self._tables.calendar, self._today(), row.deadline)),), small=True
        )

    def _action(self, row: WorklistRow) -> Cell:
        match self._act_of(row):
            case Act.REVIEW:
                return ButtonCell(tr("Process"))
            case Act.RESOLVE:
                return ButtonCell(tr("Resolve"))
            case Act.VIEW:
                return ButtonCell(tr("View"), quiet=True)
            case Act.CLAIMED:
                return WordCell(
                    (Word(tr("{name} has it open", name=row.claim_name), "lock", Colour.TEXT2),), small=True
                )


def _kind(row: WorklistRow) -> Cell:
    return TextCell(term(row.kind), tail=term(row.part) if row.part else "")


def _submitted(row: WorklistRow) -> Cell:
    return TextCell(f"{row.submitted_on:%m-%d}")


_NOT_JUDGED = TextCell("—", colour=Colour.TEXT3)
"""What is done is not checked any more: no tick, and no 0 of 0."""


def _checks(row: WorklistRow) -> Cell:
    counts = ((CheckResult.FAIL, row.failed), (CheckResult.UNKNOWN, row.unknown))
    spoken = tr(", ").join(f"{term(result)} {n}" for result, n in counts if n)
    if not spoken and not row.passed:
        return _NOT_JUDGED
    if not spoken:
        passed = f"{term(CheckResult.PASS)} {row.passed}"
        return WordCell((Word(str(row.passed), "tick", Colour.TEXT3),), small=True, spoken=passed)
    failed = (Word(str(row.failed), "cross", Colour.BAD, bold=True),) if row.failed else ()
    unknown = (Word(str(row.unknown), "circle-question", Colour.WARN),) if row.unknown else ()
    return WordCell(failed + unknown, small=True, spoken=spoken)


def _materials(row: WorklistRow) -> Cell:
    missing = row.need - row.have
    if missing > 0:
        return TextCell(tr("{n} missing", n=missing), colour=Colour.WARN, bold=True, small=True)
    if not row.need and not row.passed:
        return _NOT_JUDGED
    return TextCell(f"{row.have}/{row.need}", colour=Colour.TEXT2, small=True)
