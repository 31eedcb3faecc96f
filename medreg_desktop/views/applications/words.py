"""The sentences of batches: who can be agreed, who not and why, and what a batch did. Knows no Qt."""

from __future__ import annotations

from collections.abc import Iterable

from medreg_desktop.services.texts.translator import tr, trn
from medreg_desktop.views.applications.state import Batch, BatchDone, Ineligible, Reason

_NAMED = 1
"""How many left-out rows the bar names before it only counts them."""


def reason_words(item: Ineligible) -> str:
    """Return every reason why a row is left out, in words."""
    row = item.row
    words = {
        Reason.NOT_WAITING: tr("not awaiting review"),
        Reason.CHANGED: tr("changed since it was ticked"),
        Reason.CHECKS_FAILED: trn("{n} check failed", "{n} checks failed", row.failed),
        Reason.MATERIALS_MISSING: trn("{n} material missing", "{n} materials missing", row.need - row.have),
        Reason.CLAIMED: tr("{name} has it open", name=row.claim_name),
        Reason.UNANSWERED: tr("an earlier decision is not answered yet"),
    }
    return tr(", ").join(words[reason] for reason in item.reasons)


def batch_words(batch: Batch) -> str:
    """Return the sentence: how many may be agreed, who not and why."""
    eligible = trn("{n} can be agreed", "{n} can be agreed", len(batch.eligible))
    if not batch.ineligible:
        return eligible
    left = trn("{n} cannot", "{n} cannot", len(batch.ineligible))
    named = tr("; ").join(
        tr("{name}, {reasons}", name=item.row.name, reasons=reason_words(item)) for item in batch.ineligible[:_NAMED]
    )
    more = tr(" and more") if len(batch.ineligible) > _NAMED else ""
    return tr("{eligible}; {left}: {named}{more}", eligible=eligible, left=left, named=named, more=more)


def all_reasons(left: Iterable[Ineligible]) -> str:
    """Return one line for each left-out row, for 查看原因."""
    return "\n".join(tr("{name}, {reasons}", name=item.row.name, reasons=reason_words(item)) for item in left)


def done_words(done: BatchDone) -> str:
    """Return what a batch did, for its notice: how many, who not and why, and whether it was stopped."""
    words = trn("{n} agreed.", "{n} agreed.", done.done)
    if done.left:
        named = tr("; ").join(tr("{name}, {reasons}", name=name, reasons=reasons) for name, reasons in done.left[:3])
        more = tr(" and more") if len(done.left) > 3 else ""
        words += trn("{n} not done: {who}{more}.", "{n} not done: {who}{more}.", len(done.left), who=named, more=more)
    if done.cancelled:
        words += tr("Stopped at your request; what was agreed stays.")
    return words


def broken_off_words(rows: int) -> str:
    """Return what is told to whoever left, or lost power, while a batch was under way."""
    return trn(
        "The last batch of {n} application was cut short. What was agreed stays; see the list for the rest.",
        "The last batch of {n} applications was cut short. What was agreed stays; see the list for the rest.",
        rows,
    )
