"""A device of an office on its way out: revoked, handing over what it has not finished, gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import msgspec

from medreg_core.contract.v1.commands import Command
from medreg_core.contract.v1.devices import (
    Purpose,
    Rescue,
    RescuedCommand,
    RescuedEntry,
    RescueReceipt,
    SignedByDevice,
    WipeAnswer,
    WipeCheck,
    WipeDone,
    sign_as_device,
)
from medreg_core.contract.v1.receipts import Link
from medreg_core.domain.records import AccountId
from medreg_core.domain.vocabulary import RevocationReason, Role
from medreg_server.db.clock import system_clock
from medreg_server.services.devices import DeviceDesk
from medreg_server.services.review_lane import ReviewLane
from medreg_server.services.service import Service
from medreg_server.services.wipes import WipeDesk
from tests.helpers.server import Hospital
from tests.server.clients import Office

NONCE = "0123456789abcdef"


@dataclass
class Leaver:
    """One registrar's device, inside the process."""

    office: Office
    handed_over: list[Command] = field(default_factory=list)

    @classmethod
    def of(cls, service: Service, hospital: Hospital, role: Role = Role.REGISTRAR) -> Self:
        return cls(Office(service, hospital, role))

    @property
    def desk(self) -> WipeDesk:
        return WipeDesk(self.office.service.environment)

    @property
    def maker(self) -> AccountId:
        return self.office.caller.account.id

    def revoke(self, reason: RevocationReason = RevocationReason.LOST) -> None:
        """The operator shuts the device out."""
        DeviceDesk(self.office.service.environment).revoke_for_operator(self.office.device_id, reason)

    def signed(self, purpose: Purpose, content: msgspec.Struct) -> SignedByDevice:
        server_id = self.office.service.environment.identity().server_id
        return sign_as_device(purpose, content, self.office.signing_key, self.office.device_id, server_id)

    def check(self, nonce: str = NONCE) -> WipeAnswer:
        return self.desk.check(self.signed(Purpose.WIPE_CHECK, WipeCheck(nonce)))

    def rescue_of(self, *commands: Command, maker: str = "", links: Sequence[Link] = ()) -> Rescue:
        receipts = {link.command_id: link for link in links}
        rescued = tuple(
            RescuedCommand(
                command=each,
                account_id=AccountId(maker) if maker else self.maker,
                number=number,
                saved_at=system_clock(),
                state="queued",
                receipt=receipts.get(each.id),
            )
            for number, each in enumerate(commands, 1)
        )
        return Rescue(nonce=NONCE, commands=rescued)

    def rescue(self, *commands: Command, maker: str = "", links: Sequence[Link] = ()) -> RescueReceipt:
        self.handed_over += commands
        return self.desk.rescue(self.signed(Purpose.RESCUE, self.rescue_of(*commands, maker=maker, links=links)))

    def done(self) -> None:
        self.desk.done(self.signed(Purpose.WIPE_DONE, WipeDone(len(self.handed_over))))


def audit_rows(service: Service) -> int:
    with service.environment.database.read() as transaction:
        return sum(head.seq for head in transaction.audit.heads())


def only(lane: ReviewLane, supervisor: Office) -> RescuedEntry:
    (entry,) = lane.listed("", supervisor.caller)
    return entry
