"""Rows of the outbox in any state, without a copy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from medreg_core.contract.v1.commands import Command, Outcome
from medreg_core.domain.records import AccountId, CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState, Resolution
from tests.desktop.cache.office import StillClock, agree, application

__all__ = ["NOW", "StillClock", "row"]

NOW = StillClock().now()


def row(
    state: OutboxState, kind: OutcomeKind | None = None, *, depends_on: str | None = None, **more: object
) -> OutboxRow:
    command: Command = agree(application(1), "c1")
    if depends_on is not None:
        command = _depending(command, CommandId(depends_on))
    outcome = Outcome(id=CommandId("c1"), kind=kind) if kind else None
    made = OutboxRow(
        n=1, command=command, actor=AccountId("wang"), state=state, sent=False, attempts=0, next_try=None,
        last_cause="", outcome=outcome, epoch="", saved_at=datetime(2026, 11, 23, 1, 0, tzinfo=UTC), settled_at=None,
        resolution=Resolution.NONE, size=100, deferred_since=None, seq=0,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]  # own fields


def _depending(command: Command, on: CommandId) -> Command:
    return msgspec.structs.replace(command, depends_on=on)
