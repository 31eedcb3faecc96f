"""The review lane: a supervisor carries rescued commands out one by one, or sets them aside (``sync.md`` §5.10)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from medreg_core.contract.v1.commands import Outcome
from medreg_core.contract.v1.devices import RescuedEntry
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.access import Action
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import OutcomeKind, RescueState
from medreg_server.db.rescued import Evidence, Settled
from medreg_server.db.scope import Scope
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.callers import Caller
from medreg_server.services.commands import CommandDesk, NotNow, final, key_of
from medreg_server.services.decisions import Sent
from medreg_server.services.environment import Environment
from medreg_server.services.faults import ServiceFault
from medreg_server.services.ids import is_id

PAGE_COMMANDS: Final = 100
_LONGEST_REASON: Final = 500


class ReviewLane:
    """What a supervisor does with the commands of a device that is gone."""

    def __init__(self, environment: Environment, commands: CommandDesk) -> None:
        self._environment = environment
        self._commands = commands

    def listed(self, after: str, caller: Caller) -> list[RescuedEntry]:
        """Return one page of the lane of the caller's institution. Raises ServiceFault FORBIDDEN, BAD_REQUEST."""
        caller.require(Action.REVIEW_RESCUED)
        if after and not is_id(after):
            raise ServiceFault(FaultCode.BAD_REQUEST, where="after")
        return self.entries(caller.scope, after)

    def entries(self, scope: Scope, after: str = "") -> list[RescuedEntry]:
        """Return one page of the lane in ``scope``, for the operator."""
        with self._environment.database.read() as transaction:
            return transaction.rescued.entries(scope, after, PAGE_COMMANDS)

    def confirm(self, command_id: CommandId, caller: Caller) -> Outcome:
        """Carry a command out under its own id, by the very rules it would have met; return the register's answer.

        An answer that is not final leaves it waiting, such as that what was decided before it on the same subject
        still waits: its device would not have sent it first. Confirmed again: the same answer, no second effect.
        Raises ServiceFault FORBIDDEN, NOT_FOUND, NOT_ALLOWED (who is said to have made it is none of the institution),
        STATE_CONFLICT (set aside).
        """
        caller.require(Action.REVIEW_RESCUED)
        try:
            with self._environment.database.write() as transaction:
                found = self._locked(transaction, command_id, caller)
                if found.state is RescueState.SET_ASIDE:
                    raise ServiceFault(FaultCode.STATE_CONFLICT, state=found.state.value)
                sent = self._sent(transaction, found, caller)
                if found.state is RescueState.WAITING:
                    _check_turn(transaction, found)
                    # Before the command: after it the feed's counter is held, and nothing else may be written.
                    self._settle(transaction, command_id, RescueState.CONFIRMED, caller)
                    transaction.record(sent.caller.event("rescued.confirm", command_id, origin=found.device_id))
                return final(self._commands.handled(transaction, sent))
        except NotNow as stop:
            return stop.outcome

    def set_aside(self, command_id: CommandId, reason: str, caller: Caller) -> None:
        """Close a command without carrying it out, for good: its id is answered, so that no other way brings it back.

        Raises ServiceFault FORBIDDEN, NOT_FOUND, REASON_MISSING, TOO_LARGE, BAD_REQUEST, STATE_CONFLICT (settled
        otherwise, or the register has answered it).
        """
        caller.require(Action.REVIEW_RESCUED)
        reason = reason.strip()
        if not reason:
            raise ServiceFault(FaultCode.REASON_MISSING)
        if len(reason) > _LONGEST_REASON:
            raise ServiceFault(FaultCode.TOO_LARGE)
        if "\0" in reason:  # PostgreSQL has no text for it
            raise ServiceFault(FaultCode.BAD_REQUEST, where="reason")
        with self._environment.database.write() as transaction:
            found = self._locked(transaction, command_id, caller)
            if found.state is RescueState.SET_ASIDE:
                return
            if found.state is not RescueState.WAITING:
                raise ServiceFault(FaultCode.STATE_CONFLICT, state=found.state.value)
            self._settle(transaction, command_id, RescueState.SET_ASIDE, caller, reason)
            made_by = found.rescued.account_id
            transaction.record(caller.event("rescued.set_aside", command_id, origin=found.device_id, made_by=made_by))
            self._answer_refused(transaction, found, caller)

    def _locked(self, transaction: WriteTransaction, command_id: CommandId, caller: Caller) -> Evidence:
        found = transaction.rescued.lock(command_id, caller.scope) if is_id(command_id) else None
        if found is None:
            raise ServiceFault(FaultCode.NOT_FOUND)
        return found

    def _sent(self, transaction: WriteTransaction, found: Evidence, caller: Caller) -> Sent:
        """Return the command as the supervisor sends it: his right, the maker's decision, the device's form number."""
        maker = transaction.accounts.get(found.rescued.account_id)
        device = transaction.devices.find(found.device_id, caller.scope)
        if maker is None or maker.institution_id != found.institution_id or device is None:
            raise ServiceFault(FaultCode.NOT_ALLOWED)
        rescued, confirming = found.rescued, replace(caller, confirms=maker)
        return Sent(rescued.command, confirming, device, self._environment.now(), rescued.receipt)

    def _settle(
        self, transaction: WriteTransaction, command_id: CommandId, state: RescueState, caller: Caller, reason: str = ""
    ) -> None:
        transaction.rescued.settle(command_id, Settled(state, caller.account.id, self._environment.now(), reason))

    def _answer_refused(self, transaction: WriteTransaction, found: Evidence, caller: Caller) -> None:
        device = transaction.devices.find(found.device_id, caller.scope)
        if device is None:
            raise LookupError("a rescued command without its device")
        command = found.rescued.command
        if transaction.commands.claim(key_of(Sent(command, caller, device, self._environment.now()))):
            refused = Outcome(id=command.id, kind=OutcomeKind.REJECTED, code=FaultCode.SET_ASIDE)
            transaction.commands.settle(refused)
            return
        answered = transaction.commands.answered(command.id, Scope(institution_id=found.institution_id))
        if answered is not None and answered.body_hash == found.body_hash:
            raise ServiceFault(FaultCode.STATE_CONFLICT, state=RescueState.ANSWERED.value)


def _check_turn(transaction: WriteTransaction, found: Evidence) -> None:
    """Raise NotNow while something before it on its subject is neither carried out nor set aside."""
    before = transaction.rescued.waiting_before(found)
    if before is not None:
        waits = Outcome(
            id=found.rescued.command.id,
            kind=OutcomeKind.DEFERRED,
            code=FaultCode.WAITS_FOR_COMMAND,
            waits_for=before,
        )
        raise NotNow(waits)
