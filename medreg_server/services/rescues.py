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


def note_gone(transaction: WriteTransaction, device: Device, kept: Sequence[HandedOver | Left], now: datetime) -> None:
    """Note that a device has destroyed its copy; one that is in order here is shut out again, for it is gone.

    Then a restore has taken the order that it obeyed. What it handed over stands in ``kept``, the file, all the same.
    """
    if transaction.devices.gone(device.id, now):
        burnt = burn_leases(transaction, device.id, now)
        transaction.record(device_event("device.gone", device, leases_burnt=str(burnt)))
    own = [line for line in kept if isinstance(line, HandedOver) and line.device_id == device.id]
    found = sum(take_in(transaction, line, device.institution_id) for line in own)
    if found:
        transaction.record(device_event("rescued.find", device, commands=str(found)))


def find_again(transaction: WriteTransaction, kept: Sequence[HandedOver | Left], now: datetime) -> None:
    """Bring back into a restored register what computers that are gone had handed over since its backup.

    Of one that is not gone nothing is taken: it has its commands still, and may be in order here.
    """
    for left in kept:
        if not isinstance(left, Left) or transaction.institutions.get(left.institution_id) is None:
            continue
        device = Device(left.device_id, left.institution_id, left.public_key, left.client_version)
        transaction.devices.add(device, AccountId(""), left.at)
        note_gone(transaction, device, kept, now)
        transaction.devices.wiped(device.id, left.at)
