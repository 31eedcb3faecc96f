"""Historic bugs of other systems (``sync.md`` §6, L6) as patches: the simulator must find each of them again."""

from __future__ import annotations

from simulator.mutants import client, leaving, paper, service, unasked, words
from simulator.mutants.patching import KILLERS, Mutant, killer

__all__ = ["ALL", "KILLERS", "Mutant", "killer"]

ALL: tuple[Mutant, ...] = (
    *client.MUTANTS,
    *leaving.MUTANTS,
    *service.MUTANTS,
    *words.MUTANTS,
    *paper.MUTANTS,
    *unasked.MUTANTS,
)
"""Every bug, those of the desktop first."""
