"""Takes the receipts that come with commands, and signs beside them what became of each.

Nothing here ever stops a decision: what does not fit is an alarm in the institution's audit. A receipt that is not its
command's, or that its device has not signed, gets no signature of ours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

import msgspec

from medreg_core.contract.v1.commands import Command, Outcome
from medreg_core.contract.v1.receipts import CounterSignature, Link, flaw_of
from medreg_server.db.devices import Device
from medreg_server.db.receipts import Standing
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.callers import Caller
from medreg_server.services.environment import Environment
from medreg_server.services.ids import is_id

MOST_LINKS: Final = 200
"""Links in one request: those of a full batch, and as many again of commands called back in between."""


class ReceiptDesk:
    """Called inside the transaction of the command, so that link, effect and counter-signature are one commit.

    The device's turn is taken by then.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def take(
        self, transaction: WriteTransaction, link: Link | None, command: Command, caller: Caller, device: Device
    ) -> Link | None:
        """Store the receipt of ``command`` and return it if it is good."""
        if link is None:
            return None
        flaw = flaw_of(link, command, actor=caller.decider.id, device_key=device.public_key)
        if flaw is not None:
            transaction.record(caller.event("receipt.invalid", command.id, flaw=flaw.value, n=str(link.n)))
            return None
        self._keep(transaction, link, caller, device)
        return link

    def take_beside(
        self,
        transaction: WriteTransaction,
        links: Iterable[Link],
        coming: Collection[str],
        caller: Caller,
        device: Device,
    ) -> None:
        """Store links of commands that never left their device, so that calling one back leaves no gap.

        ``coming`` are the digests of all links of the request.
        """
        for link in links:
            ids_are_ids = is_id(link.command_id) and is_id(link.actor)
            if ids_are_ids and link.device_key == device.public_key and link.is_signed:
                self._keep(transaction, link, caller, device, coming)

    def counter_signed(self, transaction: WriteTransaction, link: Link, outcome: Outcome, at: datetime) -> Outcome:
        """Return the final outcome with the service's signature over it and the link."""
        keys = self._environment.keys
        counter = CounterSignature(
            kid=keys.kid,
            receipt=link.digest,
            outcome=outcome.kind,
            version=outcome.version,
            seq=outcome.seq,
            epoch=transaction.server_state.identity().epoch,
            at=at,
        )
        signed = msgspec.structs.replace(counter, signature=keys.sign(counter.message))
        return msgspec.structs.replace(outcome, receipt=signed)

    def _keep(
        self,
        transaction: WriteTransaction,
        link: Link,
        caller: Caller,
        device: Device,
        coming: Collection[str] = (),
    ) -> None:
        now = self._environment.now()
        standing = transaction.receipts.add(link, device.id, device.institution_id, now, coming=coming)
        if standing in {Standing.GAP, Standing.FORK}:
            detail = {"n": str(link.n), "link": link.digest, "previous": link.previous}
            transaction.record(caller.event(f"receipt.{standing}", link.command_id, **detail))
