"""What makes files and their names outlast a power cut."""

from __future__ import annotations

import os
from pathlib import Path


def sync_file(file: Path) -> None:
    """Make what others wrote into a file durable."""
    with file.open("rb+") as content:
        os.fsync(content.fileno())


def sync_folder(folder: Path) -> None:
    """Make new names durable. Windows has no such call: its file system orders them by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
