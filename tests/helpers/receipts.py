"""A device that keeps a chain of receipts, for tests without the desktop program."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.commands import Command
from medreg_core.contract.v1.receipts import CHAIN_START, Link, command_digest
from medreg_core.domain.records import AccountId


@dataclass
class Chain:
    """Links of one device, in the order made; ``copy`` is what a disk image of it would go on from."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    links: list[Link] = field(default_factory=list)

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def link(self, command: Command, actor: AccountId, at: datetime | None = None, **changes: Any) -> Link:
        last = self.links[-1] if self.links else None
        made = Link(
            device_key=self.public,
            n=last.n + 1 if last else 1,
            previous=last.digest if last else CHAIN_START,
            command_id=command.id,
            body_hash=command_digest(command),
            base_version=command.base_version,
            actor=actor,
            saved_at=at or command.made_at,
        )
        self.links.append(msgspec.structs.replace(made, **changes).signed_by(self.key))
        return self.links[-1]

    def copy(self) -> Chain:
        return Chain(self.key, list(self.links))


def undated(chain: Chain, link: Link) -> Link:
    """Return the link as a program that is not ours signs it: at a moment that has no date in UTC."""
    east = timezone(timedelta(hours=8))
    return msgspec.structs.replace(link, saved_at=datetime(1, 1, 1, tzinfo=east)).signed_by(chain.key)
