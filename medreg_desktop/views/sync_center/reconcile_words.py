"""The words of 对账: whose decisions came to what, and where the papers went. Knows no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from medreg_core.domain.deadlines import CHINA
from medreg_desktop.services.printing.recall_list import LINES, RecallList
from medreg_desktop.services.review.paper_desk import PaperLine
from medreg_desktop.services.review.reconcile_desk import Batch, Decided, Reconciliation, Result
from medreg_desktop.services.texts.terms import term
from medreg_desktop.services.texts.translator import mark, together, tr, trn
from medreg_desktop.ui.tokens import Colour
from medreg_desktop.ui.words import GONE, Word

_RESULTS = {
    Result.ACCEPTED: Word(mark("Taken by the service"), "circle-tick", Colour.OK),
    Result.SUPERSEDED: Word(mark("Superseded"), "circle-tick", Colour.TEXT2),
    Result.CONFLICT: Word(mark("Conflict"), "triangle-alert", Colour.BAD, bold=True),
    Result.REJECTED: Word(mark("Rejected"), "triangle-alert", Colour.BAD, bold=True),
    Result.LOST: GONE,
    Result.QUARANTINED: Word(mark("Quarantined"), "circle-pause", Colour.BAD, bold=True),
    Result.WAITING: Word(mark("To be sent"), "arrow-from-line", Colour.ACCENT),
    Result.CLOSED: Word(mark("Closed"), "circle-struck", Colour.TEXT2),
}


def result_word(line: Decided) -> Word:
    """Return what became of a decision; one that is settled is calm again."""
    word = _RESULTS[line.result]
    settled = word.colour is Colour.BAD and not line.needs_person
    return Word(word.text, word.icon, Colour.TEXT2) if settled else word


def who(line: Decided) -> str:
    """Return whose decision it is."""
    return line.who or tr("Another registrar here")


def remark(line: Decided) -> str:
    """Return who stood in the way, or the version it led to."""
    from_whom = {"applicant": tr("The applicant"), "commission": tr("The authority")}.get(line.by, line.by)
    if line.result is Result.SUPERSEDED and from_whom:
        return tr("{who} had decided the same", who=from_whom)
    if line.result is Result.CONFLICT and from_whom:
        return tr("{who} acted first", who=from_whom)
    if line.result is Result.ACCEPTED:
        return tr("version {n}", n=line.version)
    return "—"


def summary(batch: Batch) -> str:
    """Return ``查若溪 12 条：已采用 9、冲突 2``."""
    parts = [f"{_RESULTS[result].text} {n}" for result, n in batch.counts.items()]
    name = who(batch.lines[0]) if batch.lines else batch.who
    return tr("{who} {n}: {parts}", who=name, n=len(batch.lines), parts=tr(", ").join(parts))


def heading(found: Reconciliation) -> str:
    """Return since when, and how much of others is not shown."""
    since = f"{found.since.astimezone(CHINA):%m-%d %H:%M}"
    text = tr("Decisions of this office since {at}", at=since)
    hidden = trn("{n} of another registrar here", "{n} of other registrars here", found.hidden)
    return tr("{said}, {more}", said=text, more=hidden) if found.hidden else text


def whereabouts(line: PaperLine) -> str:
    """Return where a form's copies went, as far as this computer knows."""
    paper = line.paper
    printed = paper.copies - paper.to_file - paper.perhaps
    parts = [trn("{n} printed here", "{n} printed here", printed)] if printed else []
    if paper.to_file:
        parts.append(trn("{n} saved as file", "{n} saved as files", paper.to_file))
    if paper.perhaps:
        parts.append(trn("{n} perhaps printed", "{n} perhaps printed", paper.perhaps))
    return tr(", ").join(parts)


def recall_first(line: PaperLine) -> str:
    """Return what a scan of a void form says, and what is to be done before the next decision."""
    number = line.paper.form_number
    if line.is_early:
        return tr(
            "{number}: until the withdrawal is synced a scan may still say it is valid. Take it back before deciding "
            "again.",
            number=number,
        )
    return tr("{number}: a scan says it is not valid. Take it back before deciding again.", number=number)


def recall_list(lines: Sequence[PaperLine], registrar: str, today: date) -> RecallList:
    """Return the page that is taken along when the papers are fetched; names without any number of the person.

    A star marks a form whose withdrawal the register has not taken: the page must not say what a scan may deny.
    """
    columns = (
        (tr("Form number"), 48.0), (tr("Applicant"), 30.0), (tr("Printed"), 28.0), (tr("Whereabouts"), 44.0),
        (tr("Came back"), 20.0),
    )  # fmt: skip
    rows = tuple(
        (
            f"{line.paper.form_number}*" if line.is_early else line.paper.form_number,
            line.applicant or "—",
            f"{line.paper.last_printed_at.astimezone(CHINA):%m-%d %H:%M}",
            whereabouts(line),
            tr("of {n}", n=line.paper.outstanding),
        )
        for line in lines
    )
    more = len(rows) - LINES
    foot = trn("{n} more form stands in the program.", "{n} more forms stand in the program.", more) if more > 0 else ""
    head = tr("{n} forms, {registrar}, {day}", n=len(rows), registrar=registrar, day=today.isoformat())
    early = [line.is_early for line in lines[:LINES]]
    if not foot and not all(early):
        foot = tr("These forms are void; a scan says so.")
    star = tr("* Withdrawal sync pending: a scan may still say it is valid.") if any(early) else ""
    return RecallList(tr("Papers to recall"), head, columns, rows, together(foot, star))


def content(line: Decided) -> tuple[str, str]:
    """Return what was decided on whom, and the kind."""
    return f"{term(line.act)}  {line.applicant}", term(line.kind) if line.kind else ""
