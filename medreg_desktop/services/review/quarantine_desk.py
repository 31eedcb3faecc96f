"""The ways out of quarantine (``sync.md`` §5.8): send again, correct, hand over, give up. None deletes anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from medreg_core.contract.v1.commands import Agree
from medreg_core.domain.records import CommandId
from medreg_desktop.services.cache import commands, papers, quarantine, sync_state
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState, Resolution
from medreg_desktop.services.cache.sync_state import SyncState
from medreg_desktop.services.faults import Problem
from medreg_desktop.services.review import deciding
from medreg_desktop.services.review.desk import Desk, Refused
from medreg_desktop.services.transport.attempts import Attempt


class Reason(StrEnum):
    """Why a command is given up: codes, for the audit holds no words in which a name could stand."""

    MISTAKEN = "mistaken"  # 决定有误
    SETTLED_OTHERWISE = "settled_otherwise"  # 已另行办理
    NO_LONGER_WANTED = "no_longer_wanted"  # 申请人不再申请
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SetApart:
    """What the registrar must know before he gives a command up."""

    command_id: CommandId
    form_number: str  # "" for what is no consent
    printed: int  # copies of its form that left the printer
    behind: int  # commands that hang on it and stop with it
    was_sent: bool  # the service may know it: then the register's word stands


@dataclass(frozen=True, slots=True)
class HandOver:
    """A reference to a command for support: times, causes and digests, nobody's name, no word that was written."""

    file_name: str
    content: bytes


class QuarantineDesk:
    """Use cases of a command that is set apart. Only the registrar's own; each raises Refused ``not_set_apart``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def look(self, command_id: CommandId) -> SetApart:
        """Return what hangs on the command."""
        return self._desk.store.read(lambda conn: _looked_at(conn, self._row(conn, command_id)))

    def hand_over(self, command_id: CommandId, attempts: Sequence[Attempt]) -> HandOver:
        """Return the reference for support and note that it was given; the command stays where it is, in sight."""

        def work(conn: Connection) -> HandOver:
            row = self._row(conn, command_id)
            digest = quarantine.note_handed_over(conn, command_id, row.actor, self._desk.clock.now())
            institution = self._desk.account.institution_id or ""
            content = _reference(row, digest, sync_state.read(conn), institution, attempts)
            return HandOver(f"medreg-{command_id[-12:]}.json", content)

        return self._desk.store.write(work)

    def give_up(self, command_id: CommandId, reason: Reason) -> SetApart:
        """Close the command with a reason, and all that hung on it; its paper stands among what must come back."""

        def work(conn: Connection) -> SetApart:
            before = _looked_at(conn, self._row(conn, command_id))
            commands.close(conn, command_id, Resolution.DROPPED, self._desk.clock.now(), reason.value)
            return before

        return self._desk.store.write(work)

    def _row(self, conn: Connection, command_id: CommandId) -> OutboxRow:
        row = deciding.own_row(self._desk, conn, command_id)
        if row.state is not OutboxState.QUARANTINED:
            raise Refused(Problem("not_set_apart"))
        return row


def _looked_at(conn: Connection, row: OutboxRow) -> SetApart:
    body = row.command.body
    number = body.form_number if isinstance(body, Agree) else ""
    prints = papers.prints_of(conn, row.command.application_id, row.actor)
    printed = [each for each in prints if each.form_number == number]
    return SetApart(
        row.command.id,
        number,
        printed=sum(each.copies for each in printed),
        behind=len(commands.closed_with(conn, row)),
        was_sent=row.has_left,
    )


def _reference(
    row: OutboxRow, digest: str, position: SyncState, institution: str, attempts: Sequence[Attempt]
) -> bytes:
    command = row.command
    told = {
        "format": "medreg-hand-over-1",
        "server": position.server_id,
        "epoch": position.epoch,
        "seq": position.seq,
        "institution": institution,
        "account": row.actor,
        "command": {
            "id": command.id,
            "kind": row.kind,
            "application": command.application_id,
            "base_version": command.base_version,
            "depends_on": command.depends_on,
            "made_at": command.made_at,
            "saved_at": row.saved_at,
            "bytes": row.size,
            "sha256": digest,
        },
        "state": row.state,
        "cause": row.last_cause,
        "tries": row.attempts,
        "outcome": row.outcome.kind if row.outcome else "",
        "attempts": attempts,
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=2)
