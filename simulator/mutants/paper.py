"""Bugs of paper and codes: numbers given twice, forms that claim too much or another thing, copies nobody asks back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Integer, bindparam

from medreg_core.domain.vocabulary import FormState
from medreg_desktop.services.activation.code_desk import CodeDesk
from medreg_desktop.services.cache import codes, outbox, papers
from medreg_desktop.services.review import paper_desk
from medreg_desktop.services.review.paper_desk import PaperDesk
from medreg_server.db import forms
from medreg_server.db.leases import Leases
from medreg_server.services.decisions import DecisionDesk
from simulator.mutants.patching import Mutant

_own_form = PaperDesk._own_form  # noqa: SLF001 - mutants are made of the insides
_agreed = DecisionDesk._agreed  # noqa: SLF001 - as above


def _nothing_left_out(self: Leases, count: int) -> None:
    del self, count


def _clean_once_sent(self: PaperDesk, conn: Any, cached: Any, institution: Any, decision: Any) -> Any:
    form = _own_form(self, conn, cached, institution, decision)
    return replace(form, form_state=FormState.AGREED) if decision.sent else form


def _always_the_first(*_: object) -> int:
    return 0


def _written_over(self: DecisionDesk, *given: Any) -> Any:
    after = _agreed(self, *given)  # approvals did so, which are rare here
    return replace(after, statement=replace(after.statement, other="经审核"))


def _never_read(*_: object) -> None:
    return


def _void_of_what_was_accepted_saves_nothing(self: CodeDesk, *asked: Any) -> None:
    def is_accepted(conn: Any) -> bool:
        held = codes.handed_out(conn, asked[1])
        return held is not None and not outbox.row_of(conn, held.command_id).is_open

    if not self._desk.store.read(is_accepted):
        _void(self, *asked)


def _recall_of_what_was_withdrawn_saves_nothing(self: PaperDesk, paper: papers.PaperToRecall, copies: int) -> None:
    if paper.cause is not papers.VoidCause.WITHDRAWN:
        _record_recall(self, paper, copies)


def _any_preview_stands(*_: object) -> bool:
    return True


_void = CodeDesk.void
_record_recall = PaperDesk.record_recall
_COUNTED_OVER = forms._CHANGE.values(printed=bindparam("copies", type_=Integer))  # noqa: SLF001 - as above

_CONFLICTS_FORGOTTEN = papers._TO_RECALL.replace(  # noqa: SLF001 - as above
    "WHEN o.outcome_kind = 'conflict' THEN 'conflict'", "WHEN o.outcome_kind = 'conflict' THEN NULL"
)
_LARGEST_PRINT_ALONE = papers._TO_RECALL.replace(  # noqa: SLF001 - as above
    "v.cause, sum(p.copies)", "v.cause, max(p.copies)"
)


MUTANTS: tuple[Mutant, ...] = (
    Mutant("numbers given twice after a restore", "our own, thought up", ((Leases, "skip", _nothing_left_out),)),
    Mutant("what was sent prints clean", "our own, thought up", ((PaperDesk, "_own_form", _clean_once_sent),)),
    Mutant("conflicts are not asked back", "our own, thought up", ((papers, "_TO_RECALL", _CONFLICTS_FORGOTTEN),)),
    Mutant(
        "what was agreed to is written over",
        "our own",
        ((DecisionDesk, "_agreed", _written_over), (paper_desk, "_check_content", _never_read)),
    ),
    Mutant("one print of several asked back", "our own, thought up", ((papers, "_TO_RECALL", _LARGEST_PRINT_ALONE),)),
    Mutant("each copy is called the first", "our own, thought up", ((papers, "next_reprint", _always_the_first),)),
    Mutant(
        "a void of what was accepted saves nothing",
        "our own, thought up",
        ((CodeDesk, "void", _void_of_what_was_accepted_saves_nothing),),
    ),
    Mutant(
        "a recall of what was withdrawn saves nothing",
        "our own, thought up",
        ((PaperDesk, "record_recall", _recall_of_what_was_withdrawn_saves_nothing),),
    ),
    Mutant("an old preview is printed", "any dialog left open", ((PaperDesk, "_stand", _any_preview_stands),)),
    Mutant("printed copies are written over", "our own, thought up", ((forms, "_COUNT_PRINTED", _COUNTED_OVER),)),
)
