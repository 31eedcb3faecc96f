"""Whether an institution may agree: what stands in the way, as codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from medreg_core.domain.records import Application
from medreg_core.domain.rules.check import Check
from medreg_core.domain.rules.materials import MaterialState, material_list, material_state
from medreg_core.domain.states import rule_for
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import CheckResult, Move


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that must be put right before 同意."""

    code: str  # state | check_failed | material_missing | original_unseen
    params: dict[str, str] = field(default_factory=dict)


def may_agree(application: Application, checks: Iterable[Check], tables: Tables) -> tuple[Blocker, ...]:
    """Return what stands in the way of agreeing; empty means the institution may agree.

    A failed check and a missing material block. An unknown check does not: it is shown, and the server checks again.
    """
    return (
        *_state_blockers(application),
        *(
            Blocker("check_failed", {"check": check.code, "reason": check.reason, **check.params})
            for check in checks
            if check.result is CheckResult.FAIL
        ),
        *_material_blockers(application, tables),
    )


def _state_blockers(application: Application) -> tuple[Blocker, ...]:
    if rule_for(application.state, Move.AGREE) is not None:
        return ()
    return (Blocker("state", {"state": application.state}),)


def _material_blockers(application: Application, tables: Tables) -> tuple[Blocker, ...]:
    blocking = {MaterialState.MISSING: "material_missing"}
    if tables.rules.originals_before_agreement:
        blocking[MaterialState.ORIGINAL_UNSEEN] = "original_unseen"
    return tuple(
        Blocker(blocking[state], {"material": required.code})
        for required in material_list(application, tables)
        if not required.optional and (state := material_state(required, application)) in blocking
    )
