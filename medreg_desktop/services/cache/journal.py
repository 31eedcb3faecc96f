"""The rescue journal: an append-only, sealed copy of the precious rows beside the database (ADR 013).

The database is the truth; the journal is its replica and is only read when the database cannot be. Each frame is
sealed on its own (AES-256-GCM under a key derived from the database key), so frames after a damaged one can still be
read, and a frame that opens proves that the key is right: that is how a wrong key is told from a damaged file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_FRAME_START = b"\xe5\x8c\xbbMRJ1\xe5"
"""Marks where a frame may begin, so that reading can go on behind damage; the seal proves that one really does."""

_LENGTH_BYTES = 4
_NONCE_BYTES = 12
_HEADER_BYTES = len(_FRAME_START) + _LENGTH_BYTES + _NONCE_BYTES
_TAIL_BYTES = 1 << 20
_ROWS_PER_FRAME = 500

JsonValue = str | int | float | None


class Entry(msgspec.Struct, frozen=True):
    """The newest content of row ``n`` of a precious table; ``row`` is None when it was deleted."""

    table: str
    n: int
    row: dict[str, JsonValue] | None


class Frame(msgspec.Struct, frozen=True):
    """What was committed together; ``audit_head`` is the number of the last audit line at that moment."""

    audit_head: int
    entries: tuple[Entry, ...]


_decode = msgspec.json.Decoder(Frame).decode
_encode = msgspec.json.Encoder().encode


class Journal:
    """The journal file of one database. Used by the writer thread alone."""

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self._cipher = AESGCM(_derived(key))

    def exists(self) -> bool:
        """Return whether anything was ever written."""
        return self.path.exists() and self.path.stat().st_size > 0

    def append(self, frame: Frame) -> None:
        """Add a frame and force it to the disk. Raises OSError; the file may then end in half a frame."""
        with self.path.open("ab") as file:
            file.write(self._sealed(frame))
            _sync(file)

    def replace(self, audit_head: int, entries: Iterable[Entry]) -> None:
        """Write the journal anew from the rows as they are now; the old one stays until the new one is on the disk."""
        fresh = self.path.with_suffix(".journal-new")
        try:
            with fresh.open("wb") as file:
                self._write_all(file, audit_head, entries)
        except BaseException:
            fresh.unlink(missing_ok=True)  # on a full disk it would hold what the database needs
            raise
        fresh.replace(self.path)
        sync_folder(self.path.parent)

    def _write_all(self, file: BinaryIO, audit_head: int, entries: Iterable[Entry]) -> None:
        file.write(self._sealed(Frame(0, ())))
        batch: list[Entry] = []
        for entry in entries:
            batch.append(entry)
            if len(batch) == _ROWS_PER_FRAME:
                file.write(self._sealed(Frame(audit_head, tuple(batch))))
                batch.clear()
        file.write(self._sealed(Frame(audit_head, tuple(batch))))
        _sync(file)

    def frames(self) -> Iterator[Frame]:
        """Yield every frame that can still be read, oldest first."""
        yield from self._frames_in(self.path.read_bytes()) if self.exists() else ()

    def audit_head(self) -> int:
        """Return the number of the last audit line the journal knows of; 0 if nothing can be read."""
        if not self.exists():
            return 0
        size, tail = self.path.stat().st_size, _TAIL_BYTES
        with self.path.open("rb") as file:
            while True:
                file.seek(max(0, size - tail))
                heads = [frame.audit_head for frame in self._frames_in(file.read())]
                if heads or tail >= size:
                    return max(heads, default=0)
                tail *= 8  # the last frame alone may be larger: a restored register touches all rows at once

    def opens(self) -> bool:
        """Return whether any frame opens with the key: if not, the key is wrong, or nothing is left."""
        return next(self.frames(), None) is not None

    def _sealed(self, frame: Frame) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, _encode(frame), _FRAME_START)
        return _FRAME_START + len(sealed).to_bytes(_LENGTH_BYTES, "big") + nonce + sealed

    def _frames_in(self, content: bytes) -> Iterator[Frame]:
        at = content.find(_FRAME_START)
        while at >= 0:
            frame, behind = self._frame_at(content, at)
            if frame is not None:
                yield frame
            at = content.find(_FRAME_START, behind)

    def _frame_at(self, content: bytes, at: int) -> tuple[Frame | None, int]:
        start = at + _HEADER_BYTES
        length = int.from_bytes(content[at + len(_FRAME_START) : at + len(_FRAME_START) + _LENGTH_BYTES], "big")
        nonce = content[start - _NONCE_BYTES : start]
        try:
            opened = self._cipher.decrypt(nonce, content[start : start + length], _FRAME_START)
        except (InvalidTag, ValueError):
            return None, at + 1
        return _decode(opened), start + length


def _derived(key: bytes) -> bytes:
    return HKDF(hashes.SHA256(), length=32, salt=None, info=b"medreg rescue journal 1").derive(key)


def _sync(file: BinaryIO) -> None:
    file.flush()  # what still stands in Python's buffer no fsync can reach
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename durable. Windows has no such call: its journal orders renames by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
