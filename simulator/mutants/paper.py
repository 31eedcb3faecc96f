"""Bugs of paper: numbers given twice, forms that claim too much, forms that nobody asks back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from medreg_core.domain.vocabulary import FormState
from medreg_desktop.services.cache import papers
from medreg_desktop.services.review.paper_desk import PaperDesk
from medreg_server.db.leases import Leases
from simulator.mutants.patching import Mutant

_own_form = PaperDesk._own_form  # noqa: SLF001 - mutants are made of the insides


def _nothing_left_out(self: Leases, count: int) -> None:
    del self, count


def _clean_once_sent(self: PaperDesk, conn: Any, cached: Any, institution: Any, decision: Any) -> Any:
    form = _own_form(self, conn, cached, institution, decision)
    return replace(form, form_state=FormState.AGREED) if decision.sent else form


def _always_the_first(*_: object) -> int:
    return 0


_CONFLICTS_FORGOTTEN = papers._TO_RECALL.replace(  # noqa: SLF001 - as above
    "WHEN o.outcome_kind = 'conflict' THEN 'conflict'", "WHEN o.outcome_kind = 'conflict' THEN NULL"
)


MUTANTS: tuple[Mutant, ...] = (
    Mutant("numbers given twice after a restore", "our own, thought up", ((Leases, "skip", _nothing_left_out),)),
    Mutant("what was sent prints clean", "our own, thought up", ((PaperDesk, "_own_form", _clean_once_sent),)),
    Mutant("conflicts are not asked back", "our own, thought up", ((papers, "_TO_RECALL", _CONFLICTS_FORGOTTEN),)),
    Mutant("each copy is called the first", "our own, thought up", ((papers, "next_reprint", _always_the_first),)),
)
