"""One true time for all processes: a number in a file that everybody has mapped."""

from __future__ import annotations

import mmap
import struct
import threading
from pathlib import Path

from simulator.clocks import WorldTime

_FORM = struct.Struct("d")  # eight aligned bytes: written and read whole


class SharedTime(WorldTime):
    """The true time of every process that opens the same file. Only one of them lets it pass."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_FORM.pack(0.0))
        self.path = path
        self._passing = threading.Lock()
        with path.open("r+b") as file:
            self._bytes = mmap.mmap(file.fileno(), _FORM.size)

    def pass_by(self, seconds: float) -> None:
        """Let time pass for everybody; threads add up, none takes another's time back."""
        with self._passing:
            super().pass_by(seconds)

    @property
    def seconds(self) -> float:
        """Seconds since the world began."""
        return float(_FORM.unpack_from(self._bytes)[0])

    @seconds.setter
    def seconds(self, value: float) -> None:
        _FORM.pack_into(self._bytes, 0, value)
