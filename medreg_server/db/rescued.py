"""The review lane: commands rescued from revoked devices, kept as evidence (``sync.md`` §5.10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Row, Select, and_, func, select

from medreg_core.contract.v1.devices import RescuedCommand, RescuedEntry
from medreg_core.domain.records import AccountId, CommandId, DeviceId, InstitutionId
from medreg_core.domain.vocabulary import RescueState
from medreg_server.db.codec import to_outcome
from medreg_server.db.insert import insert_if_absent
from medreg_server.db.scope import Scope, visible
from medreg_server.db.tables import account, command, rescued_command
from medreg_server.db.writes import Repository

_DECODER: Final = msgspec.json.Decoder(RescuedCommand)
_MAKER: Final = account.alias("maker")
_SETTLER: Final = account.alias("settler")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A rescued command as the register keeps it."""

    rescued: RescuedCommand
    institution_id: InstitutionId
    device_id: DeviceId
    body_hash: bytes
    received_at: datetime
    state: RescueState = RescueState.WAITING


@dataclass(frozen=True, slots=True)
class Settled:
    """What a supervisor made of a rescued command."""

    state: RescueState
    by: AccountId
    at: datetime
    reason: str = ""


class Rescued(Repository):
    """The review lane within one transaction."""

    def keep(self, found: Evidence) -> bool:
        """Keep a command; return False when its id is kept already, whatever stands there."""
        row = {
            "id": found.rescued.command.id,
            "institution_id": found.institution_id,
            "device_id": found.device_id,
            "body_hash": found.body_hash,
            "body": msgspec.json.encode(found.rescued).decode(),
            "account_id": found.rescued.account_id,
            "received_at": found.received_at,
            "state": found.state.value,
            "settled_by": "",
            "reason": "",
        }
        return insert_if_absent(self._connection, rescued_command, row)

    def lock(self, command_id: CommandId, scope: Scope) -> Evidence | None:
        """Return a command of the lane with its row locked, if ``scope`` may see it."""
        query = select(rescued_command).where(rescued_command.c.id == command_id, visible(rescued_command, scope))
        row = self._connection.execute(query.with_for_update()).one_or_none()
        return None if row is None else _evidence(row)

    def waiting_before(self, found: Evidence) -> CommandId | None:
        """Return what the same device decided before it on the same subject and waits still: the first, or None."""
        lane = rescued_command
        query = select(lane.c.body).where(
            lane.c.device_id == found.device_id, lane.c.state == RescueState.WAITING.value
        )
        waiting = (_DECODER.decode(body) for body in self._connection.execute(query).scalars())
        subject, number = found.rescued.command.subject, found.rescued.number
        before = [each for each in waiting if each.command.subject == subject and each.number < number]
        return min(before, key=lambda each: each.number).command.id if before else None

    def settle(self, command_id: CommandId, settled: Settled) -> None:
        """Note what became of a command."""
        values = {
            "state": settled.state.value,
            "settled_by": settled.by,
            "settled_at": settled.at,
            "reason": settled.reason,
        }
        self._writes.update(rescued_command, command_id, values)

    def entries(self, scope: Scope, after: str, limit: int) -> list[RescuedEntry]:
        """Return the lane as far as ``scope`` may see it, by command id, which is the order in which they were made."""
        query = _entries().where(visible(rescued_command, scope), rescued_command.c.id > after)
        rows = self._connection.execute(query.order_by(rescued_command.c.id).limit(limit))
        return [_entry(row) for row in rows]

    def counts(self, scope: Scope) -> dict[RescueState, int]:
        """Return how many commands of the lane stand where."""
        query = select(rescued_command.c.state, func.count()).where(visible(rescued_command, scope))
        rows = self._connection.execute(query.group_by(rescued_command.c.state))
        return {RescueState(state): number for state, number in rows}


def _entries() -> Select[Any]:
    """Names are those of the institution's own accounts: a device's testimony must not reveal anybody else's."""
    lane = rescued_command
    return (
        select(lane, _MAKER.c.name.label("maker_name"), _SETTLER.c.name.label("settler_name"), command.c.outcome)
        .outerjoin(_MAKER, and_(_MAKER.c.id == lane.c.account_id, _MAKER.c.institution_id == lane.c.institution_id))
        .outerjoin(_SETTLER, _SETTLER.c.id == lane.c.settled_by)
        .outerjoin(
            command,
            and_(
                command.c.id == lane.c.id,
                command.c.institution_id == lane.c.institution_id,
                command.c.body_hash == lane.c.body_hash,
            ),
        )
    )


def _evidence(row: Row[Any]) -> Evidence:
    return Evidence(
        rescued=_DECODER.decode(row.body),
        institution_id=InstitutionId(row.institution_id),
        device_id=DeviceId(row.device_id),
        body_hash=row.body_hash,
        received_at=row.received_at,
        state=RescueState(row.state),
    )


def _entry(row: Row[Any]) -> RescuedEntry:
    testimony = _DECODER.decode(row.body)
    return RescuedEntry(
        command=testimony.command,
        device_id=DeviceId(row.device_id),
        made_by=row.maker_name or "",
        account_id=testimony.account_id,
        saved_at=testimony.saved_at,
        received_at=row.received_at,
        state=RescueState(row.state),
        settled_by=row.settler_name or "",
        settled_at=row.settled_at,
        reason=row.reason,
        outcome=to_outcome(row.outcome) if row.outcome else None,
        receipt=testimony.receipt,
    )
