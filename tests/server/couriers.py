"""A registrar whose PC has no network: decides, and writes the courier's file as the desktop program does."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import msgspec

from medreg_core.contract.v1.commands import Command, CommandBatch, CommandBody, Outcome
from medreg_core.contract.v1.courier import (
    AnswersBundle,
    BundleKind,
    CommandsBundle,
    Parcel,
    answer_key,
    open_sealed,
    seal,
)
from medreg_core.contract.v1.receipts import Link
from medreg_core.domain.records import Application, CommandId
from medreg_core.domain.vocabulary import Role
from medreg_server.db.clock import system_clock
from medreg_server.services.service import Service
from tests.helpers.receipts import Chain
from tests.helpers.server import Hospital
from tests.server.clients import Office, command


@dataclass
class Sender:
    """One registrar at one PC; ``send`` is the network, ``file`` the stick."""

    office: Office
    chain: Chain

    @classmethod
    def of(cls, service: Service, hospital: Hospital, role: Role = Role.REGISTRAR) -> Self:
        chain = Chain()
        return cls(Office(service, hospital, role, device_key=chain.public), chain)

    def decide(self, application: Application, body: CommandBody, **changes: Any) -> Parcel:
        sent = command(application, body, **changes)
        return Parcel(command=sent, link=self.chain.link(sent, self.office.caller.account.id))

    def bundle(self, parcels: Sequence[Parcel], **changes: Any) -> CommandsBundle:
        made = CommandsBundle(
            bundle_id=secrets.token_hex(32),
            server_id=self.office.service.environment.identity().server_id,
            device_id=self.office.device_id,
            answer_key=answer_key(self.chain.key).public_key().public_bytes_raw(),
            made_at=system_clock(),
            account_id=self.office.caller.account.id,
            parcels=tuple(parcels),
        )
        return msgspec.structs.replace(made, **changes)

    def file(self, parcels: Sequence[Parcel], **changes: Any) -> bytes:
        return self.sealed(msgspec.json.encode(self.bundle(parcels, **changes)))

    def sealed(self, payload: bytes) -> bytes:
        recipient = self.office.service.environment.keys.courier_key.public_key().public_bytes_raw()
        return seal(BundleKind.COMMANDS, payload, self.chain.key, recipient)

    def answers(self, file: bytes) -> dict[CommandId, Outcome]:
        """Open the answers as the device does, the service's signature checked."""
        opened = open_sealed(BundleKind.ANSWERS, file, answer_key(self.chain.key))
        assert opened.is_signed_by(self.office.service.environment.keys.public_key)
        answers = msgspec.json.decode(opened.payload, type=AnswersBundle)
        assert answers.device_id == self.office.device_id
        return {outcome.id: outcome for outcome in answers.answers.outcomes}

    def send(self, parcels: Sequence[Parcel]) -> tuple[Outcome, ...]:
        commands: tuple[Command, ...] = tuple(parcel.command for parcel in parcels)
        links: tuple[Link, ...] = tuple(parcel.link for parcel in parcels)
        batch = CommandBatch(device_id=self.office.device_id, commands=commands, receipts=links)
        return self.office.commands.answer(batch, self.office.caller).outcomes
