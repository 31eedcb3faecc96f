"""Makes a failing run short: drops steps for as long as the same invariant still breaks (delta debugging)."""

from __future__ import annotations

from simulator.run import Result, run


def shrink(found: Result, count: int, most_runs: int = 120) -> Result:
    """Return a run of the same seed with as few steps as ``most_runs`` tries could find."""
    best, wanted, tried = found, found.names, 0
    pieces = 2
    while len(best.steps) > 1 and tried < most_runs:
        numbers = [step.number for step in best.steps]
        size = max(1, len(numbers) // pieces)
        for start in range(0, len(numbers), size):
            tried += 1
            kept = frozenset(numbers[:start] + numbers[start + size :])
            shorter = run(found.seed, count, kept)
            if shorter.names & wanted:
                best = shorter
                break
            if tried >= most_runs:
                break
        else:
            if size == 1:
                break
            pieces *= 2
    return best
