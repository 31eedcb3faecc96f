"""The way out of a revoked device: is it revoked, its unfinished commands into the lane, done (``sync.md`` §5.10).

It has no session. What it asks is believed by the signature of the key that hello registered; what it is told carries
the service's proof over its nonce. Asking again changes nothing, so a request caught on the way is worth nothing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from medreg_core.contract.v1.commands import BATCH_COMMANDS
from medreg_core.contract.v1.devices import (
    Purpose,
    Rescue,
    RescuedCommand,
    RescueReceipt,
    SignedByDevice,
    WipeAnswer,
    WipeCheck,
    WipeDone,
    is_signed_by_device,
    proof_message,
)
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.messages import MAGIC
from medreg_core.contract.v1.versions import fingerprint
from medreg_core.domain.records import DeviceId
from medreg_core.domain.vocabulary import Role
from medreg_server.db.devices import Device
from medreg_server.db.scope import Scope
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services import rescued_file
from medreg_server.services.environment import Environment
from medreg_server.services.faults import ServiceFault
from medreg_server.services.ids import is_id, misnamed
from medreg_server.services.rescued_file import HandedOver, Left
from medreg_server.services.rescues import device_event, shut_out_again, take_in

_NONCE: Final = re.compile(r"[0-9A-Za-z_-]{16,64}")
_P = TypeVar("_P", WipeAnswer, RescueReceipt)
_S = TypeVar("_S", bound=msgspec.Struct)


class WipeDesk:
    """Answers devices that have no session any more."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._data_dir = Path(environment.settings.data_dir)

    def check(self, signed: SignedByDevice) -> WipeAnswer:
        """Say whether the device is revoked, why, and by whom. Raises ServiceFault FORBIDDEN, BAD_REQUEST.

        One that is not known is not revoked, and is told so: after a restore to before its first hello it would else
        wait for a proof for ever. Only a hello makes it known again.
        """
        device = self._found(signed.device_id)
        if device is not None:
            self._check_signature(Purpose.WIPE_CHECK, signed, device)
        elif not is_id(signed.device_id):
            raise ServiceFault(FaultCode.FORBIDDEN)
        asked, identity = _content(signed, WipeCheck), self._environment.identity()
        answer = WipeAnswer(
            magic=MAGIC,
            server_id=identity.server_id,
            device_id=signed.device_id,
            nonce=_nonce(asked.nonce),
            wipe=False,
            epoch=identity.epoch if asked.asks_epoch else "",
        )
        if device is not None and device.revoked_at is not None:
            answer = msgspec.structs.replace(
                answer, wipe=True, reason=device.reason, by=_revoker(device), revoked_at=device.revoked_at
            )
        return self._proven(answer)

    def rescue(self, signed: SignedByDevice) -> RescueReceipt:
        """Keep what a revoked device has not finished; each id in the receipt is kept, or was answered before.

        Raises ServiceFault FORBIDDEN (also for a device in order: it sends its commands), TOO_LARGE, BAD_REQUEST.
        """
        device = self._device(Purpose.RESCUE, signed)
        rescue = _content(signed, Rescue)
        if device.revoked_at is None or device.wiped_at is not None:
            raise ServiceFault(FaultCode.FORBIDDEN)
        if len(rescue.commands) > BATCH_COMMANDS:
            raise ServiceFault(FaultCode.TOO_LARGE)
        for rescued in rescue.commands:
            _check_ids(rescued)
        now = self._environment.now()
        known_by = device.institution_id, device.public_key, device.client_version
        handed_over = [HandedOver(device.id, item, now, *known_by) for item in rescue.commands]
        with self._environment.database.write() as transaction:
            # None is under way any more: each had the device's turn, for which the revocation has waited.
            taken = [item for item in handed_over if take_in(transaction, item, device.institution_id)]
            kept = tuple(item.command.id for item in rescue.commands if _is_kept(transaction, item, device))
            if taken:
                transaction.record(device_event("device.rescue", device, commands=str(len(taken))))
                rescued_file.keep(self._data_dir, taken)
        receipt = RescueReceipt(
            magic=MAGIC,
            server_id=self._environment.identity().server_id,
            device_id=device.id,
            nonce=_nonce(rescue.nonce),
            kept=kept,
        )
        return self._proven(receipt)

    def done(self, signed: SignedByDevice) -> None:
        """Note that the device has destroyed its copy. Raises ServiceFault FORBIDDEN, BAD_REQUEST.

        One that is in order here obeyed an order which a restore has taken back: it is shut out again, for it is gone.
        """
        device = self._device(Purpose.WIPE_DONE, signed)
        done = _content(signed, WipeDone)
        now = self._environment.now()
        with self._environment.database.write() as transaction:
            shut_out_again(transaction, device, rescued_file.kept(self._data_dir), now)
            if transaction.devices.wiped(device.id, now):
                transaction.record(device_event("device.wiped", device, rescued=str(done.rescued)))
                left = Left(device.id, device.institution_id, device.public_key, device.client_version, now)
                rescued_file.keep(self._data_dir, [left])

    def _device(self, purpose: Purpose, signed: SignedByDevice) -> Device:
        """Return the device that signed. An unknown one and a wrong signature are answered alike."""
        device = self._found(signed.device_id)
        if device is None:
            raise ServiceFault(FaultCode.FORBIDDEN)
        self._check_signature(purpose, signed, device)
        return device

    def _found(self, device_id: DeviceId) -> Device | None:
        if not is_id(device_id):
            return None
        with self._environment.database.read() as transaction:
            return transaction.devices.get(device_id)

    def _check_signature(self, purpose: Purpose, signed: SignedByDevice, device: Device) -> None:
        server_id = self._environment.identity().server_id
        if not is_signed_by_device(purpose, signed, device.public_key, server_id):
            raise ServiceFault(FaultCode.FORBIDDEN)

    def _proven(self, answer: _P) -> _P:
        keys = self._environment.keys
        named = msgspec.structs.replace(answer, kid=keys.kid)
        return msgspec.structs.replace(named, proof=keys.sign(proof_message(named)))


def _is_kept(transaction: WriteTransaction, rescued: RescuedCommand, device: Device) -> bool:
    """Whether this very command stands in the lane: another device's, or another body under its id, is no safe copy."""
    found = transaction.rescued.lock(rescued.command.id, Scope(institution_id=device.institution_id))
    return found is not None and found.device_id == device.id and found.body_hash == fingerprint(rescued.command)


def _content(signed: SignedByDevice, shape: type[_S]) -> _S:
    return msgspec.json.decode(signed.content, type=shape)


def _nonce(text: str) -> str:
    if not _NONCE.fullmatch(text):
        raise ServiceFault(FaultCode.BAD_REQUEST, where="nonce")
    return text


def _check_ids(rescued: RescuedCommand) -> None:
    where = misnamed(rescued.command) or ("" if is_id(rescued.account_id) else "account_id")
    if where:
        raise ServiceFault(FaultCode.BAD_REQUEST, where=where)


def _revoker(device: Device) -> Role:
    return Role.INSTITUTION_ADMIN if device.revoked_by else Role.SYSTEM
