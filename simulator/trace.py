"""What happened in a run, line by line, and the hash that two runs of one seed must share (I10)."""

from __future__ import annotations

import hashlib
from collections import Counter


class Trace:
    """Grows by lines; holds no wall-clock times of the machine and no path."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.visited: Counter[str] = Counter()
        """What befell how often, by name; says nothing of order and is not hashed."""
        self._hash = hashlib.sha256()

    def note(self, *words: object) -> None:
        """Add a line."""
        line = " ".join(map(str, words))
        self.lines.append(line)
        self._hash.update(line.encode() + b"\n")

    @property
    def digest(self) -> str:
        """Return the hash over all lines, in hex."""
        return self._hash.hexdigest()
