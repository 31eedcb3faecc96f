"""Saves a finished file whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from medreg_desktop.services.faults import KnownFault


def save_whole(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` by way of a temporary file beside it, so that no half file is ever seen.

    Raises KnownFault ``disk_full`` or ``file_not_written`` with the folder; a file that was there stays as it was.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        code = "disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "file_not_written"
        raise KnownFault(code, folder=str(path.parent)) from error
