"""Commands as ``sync.md`` §5.6: one transaction each, the key and its answer in the transaction of the effect."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from typing import Final, assert_never

import msgspec

from medreg_core.contract.v1.commands import (
    BATCH_COMMANDS,
    Agree,
    CodeBody,
    Command,
    CommandBatch,
    Outcome,
    OutcomeBatch,
    RecordPrint,
    RecordRecall,
    Refuse,
    Return,
    WithdrawConsent,
)
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.messages import MAGIC
from medreg_core.contract.v1.receipts import Link
from medreg_core.contract.v1.versions import fingerprint, upcast
from medreg_core.domain.records import Application, CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_server.db.commands import CommandKey
from medreg_server.db.devices import Device
from medreg_server.db.scope import Scope
from medreg_server.db.transaction import DatabaseBusy, ReadTransaction, Write, WriteTransaction
from medreg_server.services.answers import Stopped, rejected
from medreg_server.services.callers import Caller
from medreg_server.services.codes import CodeDesk
from medreg_server.services.decisions import DecisionDesk, Sent
from medreg_server.services.environment import Environment
from medreg_server.services.faults import ServiceFault
from medreg_server.services.ids import is_id, misnamed
from medreg_server.services.papers import record_print, record_recall
from medreg_server.services.receipts import MOST_LINKS, ReceiptDesk

_log: Final = logging.getLogger(__name__)
_RETRY_AFTER_S: Final = 5

LONGEST_BATCH: Final = timedelta(seconds=20)
"""Who sends hears nothing meanwhile, and hangs up after 30 s. Where each command waits for a lock in vain, the rest is
answered "later": else one institution would hold the turns of all."""

_LONGEST_REHEARSAL: Final = timedelta(seconds=5)
"""A rehearsal holds the rows it looks at; beyond this it answers "later" for the rest, so that deciding never waits."""


class CommandDesk:
    """Answers batches of commands; every id gets an outcome, whatever becomes of the others."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._decisions = DecisionDesk(environment)
        self._receipts = ReceiptDesk(environment)
        self._codes = CodeDesk(environment)

    def answer(self, batch: CommandBatch, caller: Caller) -> OutcomeBatch:
        """Carry the batch out in its order. Raises ServiceFault when the envelope itself cannot be accepted.

        The answer names the epoch read before the first command: what a restore undoes must not be told as its own.
        """
        with self._environment.database.read() as transaction:
            device = self._device(transaction, batch, caller)
            epoch = transaction.server_state.identity().epoch
        if batch.dry_run:
            return msgspec.structs.replace(self._batch(self._rehearsed(batch, caller, device), epoch), dry_run=True)
        until = self._environment.now() + LONGEST_BATCH
        with self._environment.database.series() as write:
            links = self._links(write, batch, caller, device)
            outcomes = tuple(
                self.answer_one(write, command, caller, device, links.get(command.id))
                if self._environment.now() < until
                else _later(command)
                for command in batch.commands
            )
        return self._batch(outcomes, epoch)

    def _links(self, write: Write, batch: CommandBatch, caller: Caller, device: Device) -> dict[CommandId, Link]:
        """Return the receipts of the batch's commands, and store those of commands that never left the device."""
        links = {link.command_id: link for link in batch.receipts}
        own = {command.id for command in batch.commands}
        beside = [link for link in batch.receipts if link.command_id not in own]
        if beside:
            with suppress(DatabaseBusy), write() as transaction:
                transaction.take_turn(device.id)
                coming = {link.digest for link in batch.receipts}
                self._receipts.take_beside(transaction, beside, coming, caller, device)
        return links

    def known(self, ids: list[CommandId], caller: Caller) -> OutcomeBatch:
        """Return the outcomes already given for ``ids``; those never received are missing from the answer."""
        if len(ids) > BATCH_COMMANDS:
            raise ServiceFault(FaultCode.TOO_LARGE)
        scope = Scope(institution_id=caller.institution_id)
        with self._environment.database.read() as transaction:
            found = transaction.commands.outcomes([key for key in ids if is_id(key)], scope)
            epoch = transaction.server_state.identity().epoch
        return self._batch(tuple(found[key] for key in ids if key in found), epoch)

    def _batch(self, outcomes: tuple[Outcome, ...], epoch: str) -> OutcomeBatch:
        return OutcomeBatch(magic=MAGIC, outcomes=outcomes, server_time=self._environment.now(), epoch=epoch)

    def _device(self, transaction: ReadTransaction, batch: CommandBatch, caller: Caller) -> Device:
        """Return the sending device: the one that signed in, known by its hello, of the same institution.

        Raises SESSION_EXPIRED when the commands are another registrar's of that PC: he has to sign in for them;
        DEVICE_REVOKED.
        """
        if len(batch.commands) > BATCH_COMMANDS or len(batch.receipts) > MOST_LINKS:
            raise ServiceFault(FaultCode.TOO_LARGE)
        if batch.account_id and batch.account_id != caller.account.id:
            raise ServiceFault(FaultCode.SESSION_EXPIRED)
        institution_id = caller.institution_id
        device = transaction.devices.get(caller.device_id)
        if device is None or device.institution_id != institution_id or batch.device_id != caller.device_id:
            raise ServiceFault(FaultCode.FORBIDDEN)
        if device.revoked_at is not None:
            raise ServiceFault(FaultCode.DEVICE_REVOKED)
        return device

    def answer_one(
        self, write: Write, command: Command, caller: Caller, device: Device, link: Link | None = None
    ) -> Outcome:
        """Carry one command out in a transaction of its own; ``link`` is the receipt that came with it."""
        sent = Sent(upcast(command), caller, device, self._environment.now(), link)
        try:
            with write() as transaction:
                return final(self.handled(transaction, sent))
        except NotNow as stop:
            return stop.outcome
        except ServiceFault:
            raise
        except DatabaseBusy:
            return _later(command)
        except Exception:  # noqa: BLE001 - one command that trips a bug must not stop the others (sync.md §5.6)
            _log.exception("command %s failed", command.id)
            return Outcome(
                id=command.id, kind=OutcomeKind.RETRY, code=FaultCode.SERVER_ERROR, retry_after_s=_RETRY_AFTER_S
            )

    def _rehearsed(self, batch: CommandBatch, caller: Caller, device: Device) -> tuple[Outcome, ...]:
        """Answer as if, seeing the effects of earlier commands of the batch, and keep nothing: not even a signature."""
        until = self._environment.now() + _LONGEST_REHEARSAL
        outcomes: list[Outcome] = []
        with self._environment.database.rehearsal() as write:
            self._take_rows(write, batch, caller)
            for command in batch.commands:
                in_time = self._environment.now() < until
                outcome = self.answer_one(write, command, caller, device) if in_time else _later(command)
                outcomes.append(msgspec.structs.replace(outcome, form=None, seq=0))
        return tuple(outcomes)

    def _take_rows(self, write: Write, batch: CommandBatch, caller: Caller) -> None:
        """Lock all rows first, in one order for everybody: two rehearsals must not wait for each other."""
        with write() as transaction:
            for application_id in sorted({c.application_id for c in batch.commands if is_id(c.application_id)}):
                transaction.applications.lock(application_id, caller.scope)
            for physician_id in sorted({c.physician_id for c in batch.commands if is_id(c.physician_id)}):
                transaction.physicians.lock(physician_id)

    def handled(self, transaction: WriteTransaction, sent: Sent) -> Outcome:
        """Claim the id, carry the command out, store its answer; or return the answer it had before.

        Raises ServiceFault DEVICE_REVOKED when the device was shut out meanwhile.
        """
        command = sent.command
        if where := misnamed(command):
            return rejected(command, FaultCode.BAD_REQUEST, where=where).outcome
        key = key_of(sent)
        if not transaction.commands.claim(key):
            return self._repeated(transaction, key)
        if transaction.take_turn(sent.device.id) and sent.caller.confirms is None:
            # No final answer, so that it reaches the review lane; and no effect, or a supervisor would be asked about
            # what is done already.
            raise ServiceFault(FaultCode.DEVICE_REVOKED)
        link = self._receipts.take(transaction, sent.link, command, sent.caller, sent.device)
        try:
            self._check_dependency(transaction, sent)
            outcome = self._executed(transaction, sent)
        except Stopped as stop:
            outcome = stop.outcome
            if not _is_final(outcome):
                return outcome
            transaction.record(
                sent.caller.event(
                    "command.refuse", command.subject, command=command.id, kind=outcome.kind, code=outcome.code
                )
            )
        outcome = msgspec.structs.replace(outcome, seq=_position(transaction, key, outcome))
        if link is not None:
            outcome = self._receipts.counter_signed(transaction, link, outcome, sent.at)
        transaction.commands.settle(outcome)
        return outcome

    def _repeated(self, transaction: WriteTransaction, key: CommandKey) -> Outcome:
        before = transaction.commands.answered(key.id)
        if before is None or before.institution_id != key.institution_id or before.body_hash != key.body_hash:
            return Outcome(id=key.id, kind=OutcomeKind.MISMATCH, code=FaultCode.BODY_MISMATCH)
        return before.outcome

    def _check_dependency(self, transaction: WriteTransaction, sent: Sent) -> None:
        command = sent.command
        if command.depends_on is None:
            return
        before = transaction.commands.answered(command.depends_on, sent.caller.scope)
        if before is None:
            raise Stopped(
                Outcome(
                    id=command.id,
                    kind=OutcomeKind.DEFERRED,
                    code=FaultCode.WAITS_FOR_COMMAND,
                    waits_for=command.depends_on,
                )
            )
        if before.outcome.kind is not OutcomeKind.ACCEPTED:
            raise rejected(command, FaultCode.DEPENDENCY_FAILED, dependency=command.depends_on)

    def _executed(self, transaction: WriteTransaction, sent: Sent) -> Outcome:
        body = sent.command.body
        if isinstance(body, CodeBody):
            return self._codes.carry_out(transaction, sent, body)
        application = self._application(transaction, sent)
        match body:
            case Agree() | Return() | Refuse() | WithdrawConsent():
                return self._decisions.decide(transaction, sent, body, application)
            case RecordPrint():
                return record_print(transaction, sent, body, application)
            case RecordRecall():
                return record_recall(transaction, sent, body, application)
            case _:
                assert_never(body)

    def _application(self, transaction: WriteTransaction, sent: Sent) -> Application:
        application = transaction.applications.lock(sent.command.application_id, sent.caller.scope)
        if application is None:
            raise rejected(sent.command, FaultCode.APPLICATION_UNKNOWN)
        return application


def key_of(sent: Sent) -> CommandKey:
    """Return under what the command and its answer are kept: its own id, and who made it where."""
    return CommandKey(
        id=sent.command.id,
        institution_id=sent.caller.institution_id,
        account_id=sent.caller.decider.id,
        device_id=sent.device.id,
        application_id=sent.command.application_id,
        physician_id=sent.command.physician_id,
        body_hash=fingerprint(sent.command),
        received_at=sent.at,
    )


def _position(transaction: WriteTransaction, key: CommandKey, outcome: Outcome) -> int:
    """Return the feed position by which a copy has what the outcome tells of, 0 where it tells of no decision."""
    heads = transaction.seal()
    if outcome.kind is OutcomeKind.SUPERSEDED:  # the colleague's decision is committed: the row was locked after it
        return transaction.feed.bounds(key.institution_id).head
    return heads.get(key.institution_id, 0)


def _later(command: Command) -> Outcome:
    return Outcome(id=command.id, kind=OutcomeKind.RETRY, code=FaultCode.BUSY, retry_after_s=_RETRY_AFTER_S)


class NotNow(Exception):
    """Rolls a command back that got no final answer, so that its id stays free for the next attempt."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


def final(outcome: Outcome) -> Outcome:
    """Return a final answer. Raises NotNow for any other."""
    if not _is_final(outcome):
        raise NotNow(outcome)
    return outcome


def _is_final(outcome: Outcome) -> bool:
    return outcome.kind not in {OutcomeKind.DEFERRED, OutcomeKind.RETRY}
