"""Looks at an .xlsx as the zip file it is, before anything reads it as a workbook (``ecosystem.md`` §3.5).

Runs in the reader's child process: even listing a hostile archive costs memory.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Final

from medreg_server.services.exam.refusal import Refusal, WorkbookRefused

MAX_FILE_BYTES: Final = 10 * 1024 * 1024
MAX_PARTS: Final = 1_000
MAX_UNPACKED_BYTES: Final = 100 * 1024 * 1024
MAX_RATIO: Final = 100

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = bytes.fromhex("D0CF11E0A1B11AE1")  # an encrypted .xlsx, or an .xls of the time before 2007
_WORKBOOK: Final = "xl/workbook.xml"
_ENCRYPTED_FLAG: Final = 1
_BLOCK: Final = 256 * 1024
_FORBIDDEN_PARTS: Final = {
    "vbaproject.bin": Refusal.MACROS,
    "vbadata.xml": Refusal.MACROS,
    "macrosheets": Refusal.MACROS,
    "externallinks": Refusal.EXTERNAL_LINKS,
    "connections.xml": Refusal.EXTERNAL_LINKS,
    "querytables": Refusal.EXTERNAL_LINKS,
    "embeddings": Refusal.EMBEDDED_OBJECTS,
    "activex": Refusal.EMBEDDED_OBJECTS,
}
"""Names of files and folders that a list of names and numbers has no use for."""

_FORBIDDEN_MARKUP: Final = (b"<!DOCTYPE", b"<!ENTITY", "<!DOCTYPE".encode("utf-16-le"), "<!DOCTYPE".encode("utf-16-be"))


def check_file(path: Path) -> None:
    """Refuse by size and by the first bytes, without opening the archive. Raises WorkbookRefused."""
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise WorkbookRefused(Refusal.FILE_TOO_LARGE, size=str(size), limit=str(MAX_FILE_BYTES))
    with path.open("rb") as file:
        magic = file.read(len(_OLE))
    if magic == _OLE:
        raise WorkbookRefused(Refusal.ENCRYPTED_OR_OLD)
    if not magic.startswith(_ZIP):
        raise WorkbookRefused(Refusal.NOT_A_WORKBOOK)


def check_archive(path: Path) -> None:
    """Refuse an archive that is too large, packed too tightly, encrypted, or holds more than sheets.

    Raises WorkbookRefused.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_parts(archive.infolist())
            for part in archive.infolist():
                _check_content(archive, part)
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        EOFError,
        OSError,
        UnicodeDecodeError,
        zipfile.LargeZipFile,
        zlib.error,
    ) as error:
        raise WorkbookRefused(Refusal.DAMAGED) from error


def _check_parts(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > MAX_PARTS:
        raise WorkbookRefused(Refusal.TOO_MANY_PARTS, count=str(len(parts)), limit=str(MAX_PARTS))
    if any(part.flag_bits & _ENCRYPTED_FLAG for part in parts):
        raise WorkbookRefused(Refusal.ENCRYPTED_OR_OLD)
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if unpacked > MAX_UNPACKED_BYTES:
        raise WorkbookRefused(Refusal.UNPACKS_TOO_LARGE, size=str(unpacked), limit=str(MAX_UNPACKED_BYTES))
    if unpacked > MAX_RATIO * max(packed, 1):
        raise WorkbookRefused(Refusal.PACKED_TOO_TIGHTLY, limit=str(MAX_RATIO))
    for part in parts:
        for name in PurePosixPath(part.filename.lower()).parts:
            if name in _FORBIDDEN_PARTS:
                raise WorkbookRefused(_FORBIDDEN_PARTS[name])
    if _WORKBOOK not in {part.filename for part in parts}:
        raise WorkbookRefused(Refusal.NOT_A_WORKBOOK)


def _check_content(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Read a part to its end, which verifies its check sum, and refuse markup that declares entities."""
    tail = b""
    with archive.open(part) as content:
        while block := content.read(_BLOCK):
            window = tail + block
            if any(markup in window for markup in _FORBIDDEN_MARKUP):
                raise WorkbookRefused(Refusal.DECLARES_ENTITIES)
            if b"macroEnabled" in window and part.filename == "[Content_Types].xml":
                raise WorkbookRefused(Refusal.MACROS)
            tail = window[-32:]
