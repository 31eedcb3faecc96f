"""What an office does with activation codes: hand out, void, show again. Commands like any other (ADR 019)."""

from __future__ import annotations

from datetime import datetime, timedelta

from medreg_core.contract.v1.activation import HandOutCode, ReprintCode, VoidCode
from medreg_core.contract.v1.commands import CodeBody, Outcome
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.access import Action, may
from medreg_core.domain.vocabulary import CodeState, OutcomeKind
from medreg_server.db.activation import CodeRecord
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.answers import Stopped, accepted, rejected
from medreg_server.services.decisions import Sent
from medreg_server.services.environment import Environment
from medreg_server.services.ids import is_id


class CodeDesk:
    """Carries out commands about activation codes inside their transaction."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def carry_out(self, transaction: WriteTransaction, sent: Sent, body: CodeBody) -> Outcome:
        """Carry the command out under the lock of its physician. Raises Stopped with the outcome when it cannot be."""
        if not may(sent.caller.account.role, Action.ACTIVATE_ACCOUNT):
            raise rejected(sent.command, FaultCode.NOT_ALLOWED)
        if not transaction.physicians.lock(sent.command.physician_id):
            raise rejected(sent.command, FaultCode.PHYSICIAN_ELSEWHERE)
        code = transaction.activation.code(body.reference, sent.caller.scope) if is_id(body.reference) else None
        if code is None or (code.state is CodeState.BURNT and sent.caller.confirms is None):
            raise rejected(sent.command, FaultCode.CODE_UNKNOWN)
        match body:
            case HandOutCode(way=way):
                self._hand_out(transaction, sent, code)
                return self._done(transaction, sent, "code.hand_out", code, way=way.value)
            case VoidCode():
                _check_held(transaction, sent, code)
                transaction.activation.end(code.reference, CodeState.VOIDED, sent.at)
                return self._done(transaction, sent, "code.void", code)
            case ReprintCode(way=way, reprint=reprint):
                _check_held(transaction, sent, code)
                transaction.activation.count_reprint(code.reference)
                return self._done(transaction, sent, "code.reprint", code, way=way.value, reprint=str(reprint))

    def _hand_out(self, transaction: WriteTransaction, sent: Sent, code: CodeRecord) -> None:
        command, settings = sent.command, self._environment.settings
        if code.device_id != sent.device.id:
            raise rejected(command, FaultCode.CODE_UNKNOWN)
        if code.state not in {CodeState.LEASED, CodeState.BURNT}:
            raise rejected(command, FaultCode.CODE_SPENT)
        if sent.at >= code.expires_at + timedelta(days=settings.lease_grace_days):
            raise rejected(command, FaultCode.CODE_EXPIRED, expired_on=code.expires_at.date().isoformat())
        if not transaction.physicians.is_registered_at(command.physician_id, code.institution_id):
            raise rejected(command, FaultCode.PHYSICIAN_ELSEWHERE)
        active = transaction.activation.of(command.physician_id)
        if active is not None:
            raise _told(sent, OutcomeKind.SUPERSEDED, FaultCode.ALREADY_ACTIVE, at=active.activated_at)
        self._make_way(transaction, sent)
        until = sent.at + timedelta(days=settings.code_days)
        account_id = sent.caller.decider.id
        transaction.activation.hand_out(code.reference, command.physician_id, account_id, sent.at, until)

    def _make_way(self, transaction: WriteTransaction, sent: Sent) -> None:
        """End a code that can no longer be redeemed; one that can, of a colleague, is a conflict: his slip counts."""
        held = transaction.activation.held_by(sent.command.physician_id)
        if held is None:
            return
        if held.institution_id == sent.caller.institution_id and held.expires_at > sent.at:
            raise _told(
                sent, OutcomeKind.CONFLICT, FaultCode.CODE_HANDED_OUT, by=held.handed_out_by, at=held.handed_out_at
            )
        transaction.activation.end(held.reference, CodeState.VOIDED, sent.at)

    def _done(self, transaction: WriteTransaction, sent: Sent, action: str, code: CodeRecord, **detail: str) -> Outcome:
        command = sent.command
        transaction.record(
            sent.caller.event(action, command.physician_id, command=command.id, code=code.reference, **detail)
        )
        return accepted(command, 0, sent.at)


def _check_held(transaction: WriteTransaction, sent: Sent, code: CodeRecord) -> None:
    """Raise Stopped unless the code is in the physician's hands and good."""
    if code.physician_id != sent.command.physician_id:
        raise rejected(sent.command, FaultCode.CODE_UNKNOWN)
    if code.state is CodeState.HANDED_OUT:
        return
    if code.state is CodeState.REDEEMED:
        active = transaction.activation.of(sent.command.physician_id)
        at = active.activated_at if active is not None else None
        raise _told(sent, OutcomeKind.CONFLICT, FaultCode.ALREADY_ACTIVE, at=at)
    kind = OutcomeKind.SUPERSEDED if isinstance(sent.command.body, VoidCode) else OutcomeKind.CONFLICT
    raise _told(sent, kind, FaultCode.CODE_SPENT)


def _told(sent: Sent, kind: OutcomeKind, code: FaultCode, by: str = "", at: datetime | None = None) -> Stopped:
    return Stopped(Outcome(id=sent.command.id, kind=kind, code=code, by=by, at=at))
