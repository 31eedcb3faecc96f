"""Where chance comes from: one independent stream per step and actor, so that dropping a step shifts no other."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Random = random.Random

WIDER_FROM = 300_001
"""The first seed that draws what no seed before did: bad networks from the first morning on, and more besides.

Those before stay as they were: tests, documents and kept runs name them.
"""


@dataclass(frozen=True, slots=True)
class Streams:
    """Streams of one run."""

    seed: int

    @property
    def is_wide(self) -> bool:
        """Whether the run may draw what came late to the simulation, see :data:`WIDER_FROM`."""
        return self.seed >= WIDER_FROM

    def of(self, *names: object) -> Random:
        """Return the stream of an actor at a step; the same names always give the same numbers."""
        return random.Random("/".join(map(str, (self.seed, *names))))  # noqa: S311 - chance of a game, no secret


@contextmanager
def entropy_from(stream: Random) -> Iterator[None]:
    """Let tokens, epochs and nonces of both programs come from ``stream``: they decide nothing, but are traced."""

    def token_bytes(nbytes: int | None = None) -> bytes:
        return stream.randbytes(32 if nbytes is None else nbytes)

    original, secrets.token_bytes = secrets.token_bytes, token_bytes
    try:
        yield
    finally:
        secrets.token_bytes = original
