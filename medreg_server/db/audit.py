"""The audit chain: each row holds the hash of itself and everything before it; the head is signed at every append.

One chain per institution, and one named ``register`` for what belongs to none, so that institutions never wait for
each other. Whoever alters, drops or inserts a row breaks the hashes; whoever rewrites a whole chain lacks the key of
the head. Rolling a chain back to an older signed head shows only against the heads kept outside the database
(:mod:`medreg_server.services.audit_heads`, ``ecosystem.md`` §3.5).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final, Protocol

import msgspec
from sqlalchemy import bindparam, select

from medreg_core.domain.records import AccountId
from medreg_core.domain.vocabulary import Role
from medreg_server.db.insert import insert_if_absent
from medreg_server.db.tables import audit, audit_head
from medreg_server.db.writes import Repository, Writes

REGISTER: Final = "register"
START: Final = "0" * 64

_HEAD: Final = (
    select(audit_head.c.seq, audit_head.c.hash).where(audit_head.c.chain == bindparam("key")).with_for_update()
)


class Signer(Protocol):
    """Signs the heads of chains with the server's own key."""

    @property
    def kid(self) -> str:
        """Name of the key in use."""

    @property
    def public_key(self) -> bytes:
        """Its public half, 32 raw bytes."""

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature of ``message``."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, without any personal data: ids, codes and counts only."""

    action: str
    subject: str = ""
    actor: AccountId | None = None
    role: Role = Role.SYSTEM
    chain: str = REGISTER
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain as it was signed."""

    chain: str
    seq: int
    hash: str
    kid: str
    signature: bytes
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a chain as it is stored."""

    seq: int
    at: str
    actor: str
    role: str
    action: str
    subject: str
    detail: str
    hash: str

    def chained(self, previous: str, chain: str) -> str:
        """Return the hash this row must have after ``previous``."""
        parts = [previous, chain, self.seq, self.at, self.actor, self.role, self.action, self.subject, self.detail]
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def head_message(chain: str, seq: int, digest: str) -> bytes:
    """Return the bytes that the head's signature covers."""
    return f"medreg-audit-head.{chain}.{seq}.{digest}".encode()


class Audit(Repository):
    """Appends to and reads the chains within one transaction."""

    def __init__(self, writes: Writes) -> None:
        super().__init__(writes)
        self._pending: list[Event] = []

    def add(self, event: Event) -> None:
        """Note an event; :meth:`append` chains it at the end of the transaction, to lock the chain only briefly."""
        self._pending.append(event)

    def append(self, at: datetime, signer: Signer) -> list[Head]:
        """Chain the noted events in sorted order of chains, sign each new head, return the heads."""
        groups: dict[str, list[Event]] = defaultdict(list)
        for event in self._pending:
            groups[event.chain].append(event)
        self._pending.clear()
        return [self._extend(chain, groups[chain], at, signer) for chain in sorted(groups)]

    def _extend(self, chain: str, events: list[Event], at: datetime, signer: Signer) -> Head:
        seq, digest = self._lock_head(chain, at)
        rows: list[dict[str, object]] = []
        for event in events:
            seq += 1
            entry = _entry(event, seq, at)
            digest = entry.chained(digest, chain)
            rows.append({"chain": chain, **asdict(entry), "hash": digest})
        self._writes.insert(audit, rows)
        signature = signer.sign(head_message(chain, seq, digest))
        values = {"seq": seq, "hash": digest, "kid": signer.kid, "signature": signature, "signed_at": at}
        self._writes.update(audit_head, chain, values)
        return Head(chain, seq, digest, signer.kid, signature, at)

    def _lock_head(self, chain: str, at: datetime) -> tuple[int, str]:
        connection = self._writes.beside(audit_head)
        row = connection.execute(_HEAD, {"key": chain}).one_or_none()
        if row is None:
            first = {"chain": chain, "seq": 0, "hash": START, "kid": "", "signature": b"", "signed_at": at}
            insert_if_absent(connection, audit_head, first)
            row = connection.execute(_HEAD, {"key": chain}).one()
        return row.seq, row.hash

    def heads(self) -> list[Head]:
        """Return the signed end of every chain."""
        rows = self._connection.execute(select(audit_head).order_by(audit_head.c.chain))
        return [Head(r.chain, r.seq, r.hash, r.kid, r.signature, r.signed_at) for r in rows]

    def entries(self, chain: str) -> Iterator[Entry]:
        """Yield the rows of a chain in order."""
        query = select(audit).where(audit.c.chain == chain).order_by(audit.c.seq)
        with self._connection.execute(query, execution_options={"yield_per": 2_000}) as rows:
            for row in rows:
                yield Entry(row.seq, row.at, row.actor, row.role, row.action, row.subject, row.detail, row.hash)

    def chains(self) -> set[str]:
        """Return every chain that has rows, whether or not it still has a head."""
        return set(self._connection.execute(select(audit.c.chain).distinct()).scalars())


def _entry(event: Event, seq: int, at: datetime) -> Entry:
    return Entry(
        seq=seq,
        at=at.isoformat(),
        actor=event.actor or "",
        role=event.role.value,
        action=event.action,
        subject=event.subject,
        detail=msgspec.json.encode(dict(event.detail), order="sorted").decode(),
        hash="",
    )
