"""Where tests keep their files: in memory where the machine offers enough of it, so that no test waits for a disk.

Nothing is proved less: a killed process leaves what it wrote whole in either place, and no test can pull the plug.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 2 * 2**30  # a whole run keeps some hundred MB; containers often offer 64 MB, which would fill up


def scratch_root() -> Path | None:
    """Return the folder for temporary files, or None for the system's own."""
    if not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _ENOUGH_BYTES:
        return None
    return _MEMORY
