"""Counts attempts at something secret before looking at them, so that attempts made at once cannot pass together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from medreg_core.contract.v1.faults import FaultCode
from medreg_server.services.environment import Environment
from medreg_server.services.faults import ServiceFault


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing that is counted, and how often it may happen within the pause."""

    key: bytes
    attempts: int


def throttle_key(*parts: str) -> bytes:
    """Return under what is counted: a digest, so that no login and no address is kept."""
    return hashlib.sha256("\n".join(parts).encode()).digest()


def count(environment: Environment, limits: Sequence[Limit]) -> None:
    """Count one attempt under each limit. Raises ServiceFault TOO_MANY_ATTEMPTS with the wait."""
    now = environment.now()
    pause = timedelta(minutes=environment.settings.sign_in_pause_minutes)
    with environment.database.write() as transaction:
        counted = [(limit, *transaction.accounts.count_attempt(limit.key, now, pause)) for limit in limits]
    waits = [since + pause for limit, attempts, since in counted if attempts > limit.attempts]
    if waits:
        wait_s = ceil((max(waits) - now).total_seconds())
        raise ServiceFault(FaultCode.TOO_MANY_ATTEMPTS, wait_s=str(max(wait_s, 1)))
