"""What makes files and their names outlast a power cut."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO


def sync_file(file: Path) -> None:
    """Make what others wrote into a file durable."""
    with file.open("rb+") as content:
        os.fsync(content.fileno())


def append_lines(path: Path, lines: Iterable[bytes], mode: int = 0o666) -> None:
    """Add lines to a file, made with ``mode`` if it is new, so that they outlast a power cut. Raises OSError."""
    is_new = not path.exists()
    with open(path, "a+b", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        # A power cut may have left half a line; what is written behind it would be lost with it.
        start = b"" if is_new or _ends_whole(file) else b"\n"
        file.write(start + b"".join(line + b"\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync_folder(path.parent)


def _ends_whole(file: BinaryIO) -> bool:
    if not file.seek(0, os.SEEK_END):
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def sync_folder(folder: Path) -> None:
    """Make new names durable. Windows has no such call: its file system orders them by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
