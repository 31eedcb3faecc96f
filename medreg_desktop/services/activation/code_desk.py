"""发放激活码, 作废, 补打: each one command and one transaction; works without the network (ADR 019).

A code is shown on the slip of its hand-out and of each reprint, and nowhere else. Until the register has accepted the
hand-out it sleeps, and the slip must say so: :attr:`Slip.sleeps`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from medreg_core.contract.v1.activation import HandOutCode, LeasedCode, ReprintCode, VoidCode
from medreg_core.contract.v1.commands import CodeBody, Command
from medreg_core.contract.v1.versions import schema_of
from medreg_core.domain.access import Action, may
from medreg_core.domain.records import CommandId, PhysicianId
from medreg_core.domain.vocabulary import CodeState, HandOutWay, OutcomeKind
from medreg_desktop.services.cache import codes, commands, outbox, sync_state
from medreg_desktop.services.cache.audit import AuditLine
from medreg_desktop.services.cache.codes import HeldCode
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState, Resolution
from medreg_desktop.services.faults import Problem
from medreg_desktop.services.review.desk import Desk, Refused


@dataclass(frozen=True, slots=True)
class Slip:
    """What the physician is given, once. ``code`` never shows in a representation."""

    reference: str
    code: str = field(repr=False)
    sleeps: bool  # the register has not accepted the hand-out yet
    reprint: int  # 0 the first, n 补打 n
    command_id: CommandId
    audit_line: int
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A code this device handed out, without the code: where it stands as far as is known here."""

    code: HeldCode
    hand_out: OutboxRow

    @property
    def stands(self) -> bool:
        """Whether the register holds the hand-out, or may yet come to hold it."""
        if self.code.state is not CodeState.HANDED_OUT:
            return False
        row = self.hand_out
        if row.is_open:
            return row.state is not OutboxState.NEEDS_YOU
        return not row.resolution and row.outcome is not None and row.outcome.kind is OutcomeKind.ACCEPTED


class CodeDesk:
    """Use cases of activation codes for the registrar at the screen. Any thread."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def left(self) -> int:
        """Return how many codes can be handed out without the network."""
        return self._desk.store.read(lambda conn: codes.left(conn, self._server_time(conn)))

    def codes_of(self, physician_id: PhysicianId) -> list[CodeLine]:
        """Return the codes this device handed out to a physician, oldest first."""
        return self._desk.store.read(lambda conn: _lines(conn, physician_id))

    def hand_out(self, physician_id: PhysicianId, way: HandOutWay) -> Slip:
        """Give the physician the next code.

        Raises:
            Refused: ``not_allowed``; ``code_given_already``, one handed out here still stands.
            KnownFault: ``activation_codes_used_up``, or from the store; nothing was saved.
        """

        def work(conn: Connection) -> Slip:
            self._check_right()
            if any(line.stands for line in _lines(conn, physician_id)):
                raise Refused(Problem("code_given_already"))
            command_id, now = self._desk.new_command_id(), self._desk.clock.now()
            taken = codes.take(conn, physician_id, command_id, self._server_time(conn), now)
            line = self._save(conn, command_id, physician_id, HandOutCode(reference=taken.reference, way=way), None)
            return _slip(taken, command_id, line, sleeps=True)

        return self._desk.store.write(work)

    def reprint(self, reference: str, way: HandOutWay) -> Slip:
        """Show a code once more.

        Raises Refused ``not_allowed``; ``code_not_here``, another device handed it out; ``code_spent``, it does not
        stand any more.
        """

        def work(conn: Connection) -> Slip:
            self._check_right()
            line = _line(conn, reference)
            if line is None:
                raise Refused(Problem("code_not_here"))
            if not line.stands:
                raise Refused(Problem("code_spent"))
            number = line.code.reprints + 1
            shown = codes.show_again(conn, reference)
            command_id = self._desk.new_command_id()
            body = ReprintCode(reference=reference, way=way, reprint=number)
            saved = self._save(conn, command_id, line.code.physician_id, body, _waits_for(line))
            return _slip(shown, command_id, saved, sleeps=line.hand_out.is_open, reprint=number)

        return self._desk.store.write(work)

    def void(self, physician_id: PhysicianId, reference: str, reason: str) -> None:
        """Make a code worthless, whichever device handed it out; a hand-out that never left this one is cancelled.

        Raises Refused ``not_allowed``, ``reason_missing``, ``code_spent``; ``never_greeted``, no service knows this
        computer yet: nothing could be handed over if it were shut out before that.
        """

        def work(conn: Connection) -> None:
            self._check_right()
            if not reason.strip():
                raise Refused(Problem("reason_missing", field="reason"))
            line = _line(conn, reference)
            if line is None and not sync_state.value(conn, "server_id"):
                raise Refused(Problem("never_greeted"))
            if line is not None and not line.stands:
                raise Refused(Problem("code_spent"))
            codes.void(conn, reference)
            if line is not None and line.hand_out.is_open and not line.hand_out.sent:
                hand_out, now = line.hand_out.command.id, self._desk.clock.now()
                commands.close(conn, hand_out, Resolution.CANCELLED, now, "", self._desk.actor)
                return
            body = VoidCode(reference=reference, reason=reason)
            waits_for = None if line is None else _waits_for(line)
            self._save(conn, self._desk.new_command_id(), physician_id, body, waits_for)

        self._desk.store.write(work)

    def _check_right(self) -> None:
        if not may(self._desk.account.role, Action.ACTIVATE_ACCOUNT):
            raise Refused(Problem("not_allowed"))

    def _server_time(self, conn: Connection) -> datetime:
        return sync_state.server_time(conn, self._desk.clock.now())

    def _save(
        self,
        conn: Connection,
        command_id: CommandId,
        physician_id: PhysicianId,
        body: CodeBody,
        depends_on: CommandId | None,
    ) -> AuditLine:
        now = self._desk.clock.now()
        command = Command(
            id=command_id,
            physician_id=physician_id,
            base_version=0,  # a code moves one way only; its reference says all
            made_at=now,
            body=body,
            depends_on=depends_on,
            schema=schema_of(body),
        )
        return commands.save(conn, command, self._desk.actor, now)


def _lines(conn: Connection, physician_id: PhysicianId) -> list[CodeLine]:
    return [CodeLine(held, outbox.row_of(conn, held.command_id)) for held in codes.held_by(conn, physician_id)]


def _line(conn: Connection, reference: str) -> CodeLine | None:
    held = codes.handed_out(conn, reference)
    return None if held is None else CodeLine(held, outbox.row_of(conn, held.command_id))


def _waits_for(line: CodeLine) -> CommandId | None:
    return line.hand_out.command.id if line.hand_out.is_open else None


def _slip(code: LeasedCode, command_id: CommandId, line: AuditLine, *, sleeps: bool, reprint: int = 0) -> Slip:
    at = datetime.fromisoformat(line.at)
    return Slip(code.reference, code.code, sleeps, reprint, command_id, line.n, at)
