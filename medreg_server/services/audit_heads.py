"""Keeps signed heads of the audit chains outside the database, and proves the chains against them.

Inside the database a chain can be cut back to an older signed head without a trace. The heads written here, best on
another machine's disk, are what shows it (``ecosystem.md`` §3.5, insider edits the past).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from medreg_core.contract.v1.signing import is_signed
from medreg_server.db.audit import START, Audit, Head, head_message
from medreg_server.db.durable import sync_folder
from medreg_server.db.transaction import Database

_EVERY_ROWS: Final = 1_000
_EVERY: Final = timedelta(minutes=10)
FILE: Final = "audit-heads.ndjson"


class AuditHeads:
    """Appends a chain's head to a file every 1,000 rows or 10 minutes, and at the first row it sees."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: dict[str, tuple[int, datetime]] = {}
        self._lock = threading.Lock()

    def keep(self, head: Head) -> None:
        """Write the head when it is due. Called after each commit, on the writing thread."""
        with self._lock:
            seq, at = self._last.get(head.chain, (0, None))
            if at is not None and head.seq - seq < _EVERY_ROWS and head.signed_at - at < _EVERY:
                return
            self._last[head.chain] = (head.seq, head.signed_at)
            self._append(msgspec.json.encode(head))

    def _append(self, line: bytes) -> None:
        is_new = not self._path.exists()
        with self._path.open("a+b") as file:
            # A power cut may have left half a line; what is written behind it would be lost with it.
            start = b"" if is_new or _ends_whole(file) else b"\n"
            file.write(start + line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_folder(self._path.parent)

    def kept(self) -> Iterator[Head]:
        """Yield the heads kept so far; a line that a power cut tore was never promised to anybody, and is left out."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for line in file:
                with suppress(msgspec.DecodeError, UnicodeDecodeError):
                    yield msgspec.json.decode(line, type=Head)


def _ends_whole(file: BinaryIO) -> bool:
    if not file.seek(0, os.SEEK_END):
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


@dataclass(frozen=True, slots=True)
class Flaw:
    """Where a chain does not hold. ``reason``: hash | gap | head | signature | cut | rewritten."""

    chain: str
    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of going over every chain."""

    chains: int
    rows: int
    flaws: tuple[Flaw, ...]


def verify_audit(database: Database, kept: AuditHeads) -> Verification:
    """Recompute every chain and compare it with its signed head and with the heads kept outside."""
    outside: dict[str, dict[int, Head]] = {}
    for head in kept.kept():
        outside.setdefault(head.chain, {})[head.seq] = head
    flaws: list[Flaw] = []
    rows = 0
    with database.read() as transaction:
        keys = transaction.server_state.public_keys()
        heads = {head.chain: head for head in transaction.audit.heads()}
        signed = (*heads.values(), *(one for chain in outside.values() for one in chain.values()))
        flaws += [Flaw(head.chain, head.seq, "signature") for head in signed if not _is_ours(head, keys)]
        chains = sorted(heads.keys() | transaction.audit.chains() | outside.keys())
        for chain in chains:
            count, found = _verify_chain(transaction.audit, chain, heads.get(chain), outside.get(chain, {}))
            rows += count
            flaws += found
    return Verification(len(chains), rows, tuple(flaws))


def _is_ours(head: Head, keys: Mapping[str, bytes]) -> bool:
    return is_signed(keys.get(head.kid, b""), head.signature, head_message(head.chain, head.seq, head.hash))


def _verify_chain(audit: Audit, chain: str, head: Head | None, outside: dict[int, Head]) -> tuple[int, list[Flaw]]:
    """Return how many rows the chain has and what is wrong with it, stopping at the first broken row."""
    seq, digest = 0, START
    flaws: list[Flaw] = []
    for entry in audit.entries(chain):
        if entry.seq != seq + 1:
            return seq, [*flaws, Flaw(chain, entry.seq, "gap")]
        seq, digest = entry.seq, entry.chained(digest, chain)
        if digest != entry.hash:
            return seq, [*flaws, Flaw(chain, seq, "hash")]
        if seq in outside and outside[seq].hash != digest:
            flaws.append(Flaw(chain, seq, "rewritten"))
    if head is None or (head.seq, head.hash) != (seq, digest):
        flaws.append(Flaw(chain, seq, "head"))
    flaws += [Flaw(chain, later, "cut") for later in outside if later > seq]
    return seq, flaws
