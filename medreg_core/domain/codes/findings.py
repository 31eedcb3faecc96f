"""What a check of a code found: a code name and parameters, never a sentence (those are the client's texts)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (``hard``) or only unusual (a hint, which must never keep anybody out)."""

    code: str
    hard: bool
    params: dict[str, str] = field(default_factory=dict)


Findings = tuple[Finding, ...]


def hard(code: str, **params: str) -> Finding:
    """Return a finding that makes the code wrong."""
    return Finding(code, hard=True, params=params)


def hint(code: str, **params: str) -> Finding:
    """Return a finding that only deserves a look: tables age and real papers break strict formats."""
    return Finding(code, hard=False, params=params)


def is_valid(findings: Iterable[Finding]) -> bool:
    """Return whether nothing hard was found."""
    return not any(finding.hard for finding in findings)
