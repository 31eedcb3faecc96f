"""Keeps signed heads of the audit chains outside the database, and proves the chains against them.

Inside the database a chain can be cut back to an older signed head without a trace. The heads written here, best on
another machine's disk, are what shows it (``ecosystem.md`` §3.5, insider edits the past). A restore cuts the chains as
well, and honestly: it is noted here under the same key, so that it is told and not taken for a crime. The public keys
that judge all this are kept here too: whoever can write to the database can put a key of his own into it.
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

from medreg_core.contract.v1.messages import PublicKey
from medreg_core.contract.v1.signing import is_signed
from medreg_server.db.audit import REGISTER, START, Audit, Head, Signer, head_message
from medreg_server.db.durable import append_lines
from medreg_server.db.transaction import Database

_log: Final = logging.getLogger(__name__)
_EVERY_ROWS: Final = 1_000
_EVERY: Final = timedelta(minutes=10)
_KEYS: Final = "public-keys.ndjson"
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
    """Appends a chain's head to a file every 1,000 rows or 10 minutes, and at the first row it sees.

    What comes behind that is kept by :meth:`keep_last`, which a timer calls and the end of the process. The public keys
    lie in a file beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = path.with_name(_KEYS)
        self._last: dict[str, tuple[int, datetime]] = {}
        self._waiting: dict[str, Head] = {}
        self._lock = threading.Lock()

    def keep(self, head: Head) -> None:
        """Write the head when it is due. Called after each commit, on the writing thread.

        What is committed is done, whatever becomes of its head: one that cannot be written is told in the log, and the
        next head of the chain is tried.
        """
        with self._lock:
            seq, at = self._last.get(head.chain, (0, None))
            self._waiting[head.chain] = head
            if at is None or head.seq - seq >= _EVERY_ROWS or head.signed_at - at >= _EVERY:
                self._write([head])

    def keep_last(self) -> None:
        """Write the heads that were not due yet: until then the end of their chains could be cut or rewritten."""
        with self._lock:
            self._write(list(self._waiting.values()))

    def _write(self, heads: list[Head]) -> None:
        if not heads:
            return
        try:
            append_lines(self._path, map(msgspec.json.encode, heads))
        except OSError:
            _log.exception("the audit heads of %s were not kept", ", ".join(f"{h.chain} {h.seq}" for h in heads))
            return
        for head in heads:
            del self._waiting[head.chain]
            self._last[head.chain] = (head.seq, head.signed_at)

    def keep_keys(self, own: Signer, published: Mapping[str, bytes]) -> None:
        """Keep the service's own public key, beside those it had before.

        Where none is kept, by a version before or in another directory, what the register has ``published`` is believed
        once. Raises OSError.
        """
        known = self.keys()
        new = {own.kid: own.public_key} if known else {**published, own.kid: own.public_key}
        lines = [msgspec.json.encode(PublicKey(kid, key)) for kid, key in new.items() if kid not in known]
        if lines:
            append_lines(self._keys, lines, mode=0o600)

    def keys(self) -> dict[str, bytes]:
        """Return the public keys that a signature of the service may be of, oldest first."""
        found: dict[str, bytes] = {}
        for line in self._keys.read_bytes().splitlines() if self._keys.exists() else ():
            with suppress(msgspec.DecodeError, UnicodeDecodeError):  # torn by a power cut; kept anew at the next start
                key = msgspec.json.decode(line, type=PublicKey)
                found[key.kid] = key.key
        return found

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
    keys = kept.keys()
    before = list(kept.kept())  # read later, it would tell of rows that are not in this view of the register yet
    with database.read() as transaction:
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
