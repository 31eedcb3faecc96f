"""Commands of revoked computers on their way into the review lane, and back into the lane of a restored register."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from medreg_core.contract.v1.versions import fingerprint
from medreg_core.domain.records import AccountId, InstitutionId
from medreg_core.domain.vocabulary import RescueState, Role
from medreg_server.db.audit import Event
from medreg_server.db.devices import Device
from medreg_server.db.rescued import Evidence
from medreg_server.db.scope import Scope
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.devices import burn_leases
from medreg_server.services.rescued_file import HandedOver, Left


def take_in(transaction: WriteTransaction, found: HandedOver, institution_id: InstitutionId) -> bool:
    """Keep one command in the lane; return False when its id is kept already.

    What the register has answered already is kept as such, and nobody need look at it.
    """
    command = found.rescued.command
    body_hash = fingerprint(command)
    answered = transaction.commands.answered(command.id, Scope(institution_id=institution_id))
    is_answered = answered is not None and answered.body_hash == body_hash
    return transaction.rescued.keep(
        Evidence(
            rescued=found.rescued,
            institution_id=institution_id,
            device_id=found.device_id,
            body_hash=body_hash,
            received_at=found.received_at,
            state=RescueState.ANSWERED if is_answered else RescueState.WAITING,
        )
    )


def device_event(action: str, device: Device, **detail: str) -> Event:
    """Return an event of a device with which nobody was signed in."""
    return Event(action, device.id, role=Role.SYSTEM, chain=device.institution_id, detail=detail)


def shut_out_again(
    transaction: WriteTransaction, device: Device, kept: Sequence[HandedOver | Left], now: datetime
) -> None:
    """Shut a device out on which a restore has taken the order that it obeys, and bring back what it handed over.

    That stands in ``kept``, the file. One that is shut out here already stays as it is.
    """
    if transaction.devices.gone(device.id, now):
        burnt = burn_leases(transaction, device.id, now)
        transaction.record(device_event("device.gone", device, leases_burnt=str(burnt)))
    own = [line for line in kept if isinstance(line, HandedOver) and line.device_id == device.id]
    found = sum(take_in(transaction, line, device.institution_id) for line in own)
    if found:
        transaction.record(device_event("rescued.find", device, commands=str(found)))


def find_again(transaction: WriteTransaction, kept: Sequence[HandedOver | Left], now: datetime) -> None:
    """Bring back into a restored register what computers have handed over since its backup, and shut them out again.

    Whether one has destroyed its copy since is not known before its last word, which may never come. One that still has
    it asks what is ordered, hands over once more, and goes: nothing that lies in the lane is sent as well.
    """
    for device_id in dict.fromkeys(line.device_id for line in kept):
        own = [line for line in kept if line.device_id == device_id]
        device = transaction.devices.get(device_id) or _named_in(own)
        if device is None or transaction.institutions.get(device.institution_id) is None:
            continue
        transaction.devices.add(device, AccountId(""), now)
        shut_out_again(transaction, device, own, now)
        for left in own:
            if isinstance(left, Left):
                transaction.devices.wiped(device_id, left.at)


def _named_in(lines: Sequence[HandedOver | Left]) -> Device | None:
    """Return the device that these lines are of, None if they are all of before and do not say its key."""
    for line in lines:
        if line.public_key:
            return Device(line.device_id, line.institution_id, line.public_key, line.client_version)
    return None
