"""Bugs of paper: numbers given twice, forms that claim too much or another thing, copies that nobody asks back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from medreg_core.domain.vocabulary import FormState
from medreg_desktop.services.cache import papers
from medreg_desktop.services.review import paper_desk
from medreg_desktop.services.review.paper_desk import PaperDesk
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
)
