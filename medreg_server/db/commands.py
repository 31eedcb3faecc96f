"""Commands and their outcomes, kept as long as the audit (``sync.md`` §5.6): what makes a repeated send harmless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, select

from medreg_core.contract.v1.commands import Outcome
from medreg_core.domain.records import AccountId, ApplicationId, CommandId, DeviceId, InstitutionId, PhysicianId
from medreg_server.db.codec import to_body, to_outcome
from medreg_server.db.insert import insert_if_absent
from medreg_server.db.scope import WHOLE_REGISTER, Scope, within
from medreg_server.db.tables import command
from medreg_server.db.writes import Repository


@dataclass(frozen=True, slots=True)
class CommandKey:
    """What is known of a command before it is executed."""

    id: CommandId
    institution_id: InstitutionId
    account_id: AccountId
    device_id: DeviceId
    application_id: ApplicationId  # "" when the command is about a physician
    physician_id: PhysicianId  # "" when it is about an application
    body_hash: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """A command that was answered for good. The hash tells whether the same body is sent again."""

    institution_id: InstitutionId
    body_hash: bytes
    outcome: Outcome


class Commands(Repository):
    """Idempotency records within one transaction."""

    def claim(self, key: CommandKey) -> bool:
        """Take the command's id for this transaction; a second copy waits here until the first is committed.

        Return False when the command was answered before.
        """
        row = {
            "id": key.id,
            "institution_id": key.institution_id,
            "account_id": key.account_id,
            "device_id": key.device_id,
            "application_id": key.application_id,
            "physician_id": key.physician_id,
            "body_hash": key.body_hash,
            "received_at": key.received_at,
            "outcome_kind": "",
            "outcome": "",
        }
        return insert_if_absent(self._connection, command, row)

    def settle(self, outcome: Outcome) -> None:
        """Store the answer, in the transaction of the effect."""
        self._writes.update(command, outcome.id, {"outcome_kind": outcome.kind.value, "outcome": to_body(outcome)})

    def answered(self, command_id: CommandId, scope: Scope = WHOLE_REGISTER) -> Answered | None:
        """Return the answer given to a command, or None. Ids are unique in the whole register."""
        asked = {"key": command_id, **scope.values}
        row = self._connection.execute(_answered(scope.limits), asked).one_or_none()
        if row is None:
            return None
        return Answered(InstitutionId(row.institution_id), row.body_hash, to_outcome(row.outcome))

    def outcomes(self, ids: Sequence[CommandId], scope: Scope) -> dict[CommandId, Outcome]:
        """Return the answers known in ``scope`` for the ids asked."""
        rows = self._connection.execute(_outcomes(scope.limits), {"keys": ids, **scope.values})
        return {CommandId(row.id): to_outcome(row.outcome) for row in rows}


@cache
def _outcomes(limits: tuple[str, ...]) -> Select[str, str]:
    return select(command.c.id, command.c.outcome).where(
        command.c.id.in_(bindparam("keys", expanding=True)), command.c.outcome != "", within(command, limits)
    )


@cache
def _answered(limits: tuple[str, ...]) -> Select[str, bytes, str]:
    return select(command.c.institution_id, command.c.body_hash, command.c.outcome).where(
        command.c.id == bindparam("key"), command.c.outcome != "", within(command, limits)
    )
