"""Files that a courier brings: carried out under their maker's name and rights exactly as if he had sent them.

The signature of a registered device proves where a file comes from; who made a decision is the word of the program
there, believed of those alone who have signed in and greeted from that device (ADR 020). Keys,
rules and transactions are those of the network, so a file brought twice, or beside the network, changes nothing.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import msgspec

from medreg_core.contract.v1.commands import Outcome, OutcomeBatch
from medreg_core.contract.v1.courier import (
    AnswersBundle,
    BundleKind,
    BundleRefused,
    CommandsBundle,
    Opened,
    can_be_sealed_to,
    open_sealed,
    seal,
)
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.messages import MAGIC, CourierAnswer
from medreg_core.contract.v1.reading import UNREADABLE
from medreg_core.contract.v1.receipts import flaw_of
from medreg_core.domain.access import Action
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_server.db.audit import Event
from medreg_server.db.devices import Device
from medreg_server.db.server_state import Identity
from medreg_server.services.callers import Caller
from medreg_server.services.commands import LONGEST_BATCH, CommandDesk
from medreg_server.services.environment import Environment
from medreg_server.services.faults import ServiceFault
from medreg_server.services.ids import is_id

_FINAL = frozenset(OutcomeKind) - {OutcomeKind.DEFERRED, OutcomeKind.RETRY}


@dataclass(frozen=True, slots=True)
class _Brought:
    """A file that was found genuine: whose decisions, made where, and the service as it was then."""

    bundle: CommandsBundle
    device: Device
    maker: Caller
    identity: Identity


class CourierDesk:
    """Takes files of commands and seals files of answers."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._commands = CommandDesk(environment)

    def take(self, file: bytes, carrier: Caller | None = None) -> CourierAnswer:
        """Carry out a file and return the answers for its device; ``carrier`` is None at the operator's console.

        Raises ServiceFault with a code of the courier or FORBIDDEN; nothing was carried out then.
        """
        if carrier is not None:
            carrier.require(Action.CARRY_COURIER)
        try:
            brought = self._genuine(open_sealed(BundleKind.COMMANDS, file, self._environment.keys.courier_key), carrier)
        except BundleRefused as refused:
            raise ServiceFault(refused.code) from refused
        outcomes = self._carried_out(brought)
        final = tuple(outcome for outcome in outcomes if outcome.kind in _FINAL)
        answer = CourierAnswer(
            magic=MAGIC,
            file=self._sealed(brought, final),
            carried_out=len(final),
            left=len(brought.bundle.parcels) - len(final),
        )
        self._record(brought, answer, carrier)
        return answer

    def _genuine(self, opened: Opened, carrier: Caller | None) -> _Brought:
        """Return what the file holds if a device of ours made it and every receipt in it is good."""
        try:
            bundle = msgspec.json.decode(opened.payload, type=CommandsBundle)
        except UNREADABLE as error:
            raise BundleRefused(FaultCode.COURIER_DAMAGED) from error
        with self._environment.database.read() as transaction:
            device = transaction.devices.get(bundle.device_id) if is_id(bundle.device_id) else None
            account = transaction.accounts.get(bundle.account_id) if is_id(bundle.account_id) else None
            is_user = bool(device and account) and transaction.devices.is_used_by(bundle.device_id, bundle.account_id)
            identity = transaction.server_state.identity()  # what a restore undoes must not be told as its own
        if device is None:
            raise BundleRefused(FaultCode.COURIER_UNKNOWN_DEVICE)
        if not opened.is_signed_by(device.public_key) or not can_be_sealed_to(bundle.answer_key):
            raise BundleRefused(FaultCode.COURIER_FORGED)
        if device.revoked_at is not None:
            raise BundleRefused(FaultCode.COURIER_DEVICE_REVOKED)
        if carrier is not None and device.institution_id != carrier.institution_id:
            raise BundleRefused(FaultCode.COURIER_OTHER_INSTITUTION)
        if account is None or account.disabled_at is not None or account.institution_id != device.institution_id:
            raise BundleRefused(FaultCode.COURIER_MAKER_GONE)
        for parcel in bundle.parcels:
            if flaw_of(parcel.link, parcel.command, actor=account.id, device_key=device.public_key) is not None:
                raise BundleRefused(FaultCode.COURIER_FORGED)
        if not is_user:
            raise BundleRefused(FaultCode.COURIER_MAKER_UNKNOWN)
        return _Brought(bundle, device, Caller(account, device.id), identity)

    def _carried_out(self, brought: _Brought) -> list[Outcome]:
        """Carry the commands out in their order; what stands behind one that has to wait waits with it.

        Nothing is begun that its carrier would not wait for, nor for a device that is shut out meanwhile.
        """
        outcomes: list[Outcome] = []
        held: set[str] = set()
        until = self._environment.now() + LONGEST_BATCH
        with self._environment.database.series() as write, suppress(ServiceFault):
            for parcel in brought.bundle.parcels:
                command = parcel.command
                if command.subject in held:
                    continue
                if self._environment.now() >= until:
                    break
                outcome = self._commands.answer_one(write, command, brought.maker, brought.device, parcel.link)
                outcomes.append(outcome)
                if outcome.kind not in _FINAL:
                    held.add(command.subject)
        return outcomes

    def _sealed(self, brought: _Brought, outcomes: tuple[Outcome, ...]) -> bytes:
        environment, bundle, identity = self._environment, brought.bundle, brought.identity
        answers = AnswersBundle(
            bundle_id=bundle.bundle_id,
            server_id=identity.server_id,
            device_id=bundle.device_id,
            kid=environment.keys.kid,
            answers=OutcomeBatch(magic=MAGIC, outcomes=outcomes, server_time=environment.now(), epoch=identity.epoch),
        )
        payload = msgspec.json.encode(answers)
        return seal(BundleKind.ANSWERS, payload, environment.keys.private_key, bundle.answer_key)

    def _record(self, brought: _Brought, answer: CourierAnswer, carrier: Caller | None) -> None:
        detail = {
            "maker": brought.maker.account.id,
            "made_on": brought.device.id,
            "carried_out": str(answer.carried_out),
            "left": str(answer.left),
        }
        bundle_id, chain = brought.bundle.bundle_id, brought.device.institution_id
        event = (
            carrier.event("courier.take", bundle_id, **detail)
            if carrier is not None
            else Event("courier.take", bundle_id, chain=chain, detail=detail)
        )
        with self._environment.database.write() as transaction:
            transaction.record(event)
