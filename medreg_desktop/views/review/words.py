"""The words of 审核窗口: values, history and consequences as people read them. Knows no Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from difflib import SequenceMatcher

from medreg_core.domain.calendar import NotPublished, WorkCalendar
from medreg_core.domain.comparison import Group, GroupCode, Row
from medreg_core.domain.deadlines import CHINA
from medreg_core.domain.records import Application, HistoryEntry
from medreg_core.domain.rules import MaterialState
from medreg_core.domain.states import RULES
from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.review.sheet import MaterialLine, ReviewSheet
from medreg_desktop.services.texts.terms import label, term
from medreg_desktop.services.texts.translator import tr, trn

_SIMILAR = 0.5
"""From this share of equal characters on, the differing ones are marked; below, the whole value is."""


def group_title(group: Group, application: Application) -> str:
    """Return the head of a group; the first says what is asked for."""
    if group.code is GroupCode.REQUEST:
        return tr("Application: {kind}", kind=kind_text(application))
    return term(group.code)


def kind_text(application: Application) -> str:
    """Return the kind with the part changed."""
    part = f" {term(application.change_part)}" if application.change_part else ""
    return f"{term(application.kind)}{part}"


def row_label(row: Row) -> str:
    """Return the label of a row."""
    return label(row.field)


def differing(one: str, other: str) -> tuple[tuple[int, int], ...]:
    """Return the spans of ``one`` that are not in ``other``; empty when the two have little in common."""
    matcher = SequenceMatcher(None, other, one, autojunk=False)
    if matcher.ratio() < _SIMILAR:
        return ()
    return tuple((j1, j2) for tag, _, _, j1, j2 in matcher.get_opcodes() if tag in ("replace", "insert"))


def moment(at: datetime) -> str:
    """Return ``11-23 10:42``, in the time of China."""
    return f"{at.astimezone(CHINA):%m-%d %H:%M}"


def history_lines(entries: Iterable[HistoryEntry]) -> list[tuple[str, str, str]]:
    """Return when, who and what of each line of 历程; the version is of the contents, as everywhere on the screen."""
    lines, n = [], 1
    for entry in entries:
        n += RULES[entry.move].new_content
        lines.append(_history_line(entry, n))
    return lines


def _history_line(entry: HistoryEntry, n: int) -> tuple[str, str, str]:
    who = entry.actor or term(entry.role)
    what = term(entry.move)
    if entry.role is Role.PHYSICIAN:
        what = tr("{what}, version {n}", what=what, n=n)
    return moment(entry.at), who, f"{what}{tr(': ')}{entry.reason}" if entry.reason else what


def material_note(line: MaterialLine) -> str:
    """Return what is there of a material."""
    match line.state:
        case MaterialState.LATER:
            return tr("printed after agreeing")
        case MaterialState.MISSING:
            return tr("optional") if line.required.optional else tr("missing")
        case MaterialState.ORIGINAL_UNSEEN:
            return tr("{pages}, original not seen", pages=_pages(line.material.pages))
        case MaterialState.COMPLETE:
            seen = line.required.needs_original
            return (
                tr("{pages}, original seen", pages=_pages(line.material.pages)) if seen else _pages(line.material.pages)
            )


def _pages(n: int) -> str:
    return trn("{n} page", "{n} pages", n)


def materials_note(lines: Sequence[MaterialLine]) -> tuple[str, bool]:
    """Return the count beside 材料, and whether something is missing."""
    asked = [line for line in lines if not line.required.optional and line.state is not MaterialState.LATER]
    missing = sum(line.state is MaterialState.MISSING for line in asked)
    if missing:
        return trn("{n} missing", "{n} missing", missing), True
    complete = sum(line.state is MaterialState.COMPLETE for line in asked)
    return tr("{have} of {need} complete", have=complete, need=len(asked)), False


def workdays_left(sheet: ReviewSheet, calendar: WorkCalendar, today: date) -> int | None:
    """Return the working days left; None when the calendar is not published."""
    assert isinstance(sheet.deadline, date)
    left = calendar.workdays_between(today, sheet.deadline)
    return None if isinstance(left, NotPublished) else left
