"""Keeps signed heads of the audit chains outside the database, and proves the chains against them.

Inside the database a chain can be cut back to an older signed head without a trace. The heads written here, best on
another machine's disk, are what shows it (``ecosystem.md`` §3.5, insider edits the past). A restore cuts the chains as
well, and honestly: it is noted here under the same key, so that it is told and not taken for a crime.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from medreg_core.contract.v1.signing import is_signed
from medreg_server.db.audit import REGISTER, START, Audit, Head, Signer, head_message
from medreg_server.db.durable import append_lines
from medreg_server.db.transaction import Database

_log: Final = logging.getLogger(__name__)
_EVERY_ROWS: Final = 1_000
_EVERY: Final = timedelta(minutes=10)
FILE: Final = "audit-heads.ndjson"


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """Where each chain ended in the backup that a restore has put in the register's place."""

    epoch: str
    at: datetime
    ends: dict[str, int]
    kid: str
    signature: bytes = b""

    def message(self) -> bytes:
        """Return the bytes that the signature covers."""
        ends = ".".join(f"{chain}.{seq}" for chain, seq in sorted(self.ends.items()))
        return f"medreg-audit-restored.{self.epoch}.{self.at.isoformat()}.{ends}".encode()


class AuditHeads:
    """Appends a chain's head to a file every 1,000 rows or 10 minutes, and at the first row it sees."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: dict[str, tuple[int, datetime]] = {}
        self._lock = threading.Lock()

    def keep(self, head: Head) -> None:
        """Write the head when it is due. Called after each commit, on the writing thread.

        What is committed is done, whatever becomes of its head: one that cannot be written is told in the log, and the
        next head of the chain is tried.
        """
        with self._lock:
            seq, at = self._last.get(head.chain, (0, None))
            if at is not None and head.seq - seq < _EVERY_ROWS and head.signed_at - at < _EVERY:
                return
            try:
                append_lines(self._path, [msgspec.json.encode(head)])
            except OSError:
                _log.exception("the audit head %s of chain %s was not kept", head.seq, head.chain)
                return
            self._last[head.chain] = (head.seq, head.signed_at)

    def note_restored(self, ends: Mapping[str, int], epoch: str, at: datetime, signer: Signer) -> None:
        """Write that a restore has begun ``epoch`` with a register whose chains end at ``ends``."""
        note = Restored(epoch=epoch, at=at, ends=dict(ends), kid=signer.kid)
        note = msgspec.structs.replace(note, signature=signer.sign(note.message()))
        with self._lock:
            append_lines(self._path, [msgspec.json.encode(note)])

    def kept(self) -> Iterator[Head | Restored]:
        """Yield the heads and restores kept so far, in order.

        A line that a power cut tore was never promised to anybody, and is left out.
        """
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for line in file:
                with suppress(msgspec.DecodeError, UnicodeDecodeError):
                    yield _line(line)


def _line(line: bytes) -> Head | Restored:
    try:
        return msgspec.json.decode(line, type=Head)
    except msgspec.ValidationError:
        return msgspec.json.decode(line, type=Restored)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Where a chain does not hold. ``reason``: hash | gap | head | signature | cut | rewritten."""

    chain: str
    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows of a chain that a restore has taken: those behind ``end``, up to ``known`` at least."""

    chain: str
    end: int
    known: int
    epoch: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of going over every chain. What restores have lost is told, and is no flaw."""

    chains: int
    rows: int
    flaws: tuple[Flaw, ...]
    lost: tuple[Loss, ...] = ()


def verify_audit(database: Database, kept: AuditHeads) -> Verification:
    """Recompute every chain and compare it with its signed head and with the heads kept outside."""
    rows = 0
    before = list(kept.kept())  # read later, it would tell of rows that are not in this view of the register yet
    with database.read() as transaction:
        keys = transaction.server_state.public_keys()
        heads = {head.chain: head for head in transaction.audit.heads()}
        flaws = [Flaw(head.chain, head.seq, "signature") for head in heads.values() if not _is_ours(head, keys)]
        outside, lost = _sorted_out(before, keys, flaws)
        chains = sorted(heads.keys() | transaction.audit.chains() | outside.keys())
        for chain in chains:
            count, found = _verify_chain(transaction.audit, chain, heads.get(chain), outside.get(chain, {}))
            rows += count
            flaws += found
    return Verification(len(chains), rows, tuple(flaws), tuple(lost))


def _sorted_out(
    kept: Iterable[Head | Restored], keys: Mapping[str, bytes], flaws: list[Flaw]
) -> tuple[dict[str, dict[int, Head]], list[Loss]]:
    """Return the heads that must still be met, by chain and row, and what restores have lost of them."""
    outside: dict[str, dict[int, Head]] = {}
    lost: list[Loss] = []
    for line in kept:
        if isinstance(line, Head):
            flaws += [] if _is_ours(line, keys) else [Flaw(line.chain, line.seq, "signature")]
            outside.setdefault(line.chain, {})[line.seq] = line
        elif is_signed(keys.get(line.kid, b""), line.signature, line.message()):
            lost += _taken_by(line, outside)
        else:
            flaws.append(Flaw(REGISTER, line.ends.get(REGISTER, 0), "signature"))
    return outside, lost


def _taken_by(restore: Restored, outside: dict[str, dict[int, Head]]) -> Iterator[Loss]:
    """Take the heads that a restore has lost out of those that must still be met."""
    for chain, heads in outside.items():
        end = restore.ends.get(chain, 0)
        gone = [seq for seq in heads if seq > end]
        for seq in gone:
            del heads[seq]
        if gone:
            yield Loss(chain, end, max(gone), restore.epoch, restore.at)


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
