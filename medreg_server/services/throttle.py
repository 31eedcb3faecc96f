"""Counts attempts at something secret before looking at them, so that attempts made at once cannot pass together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from math import ceil
from typing import Final

from medreg_core.contract.v1.faults import FaultCode
from medreg_server.services.environment import Environment
from medreg_server.services.faults import ServiceFault

_OF_ONE_LINE: Final = 64
"""Leading bits of an IPv6 address that a line is given; the others are its customer's to choose (RFC 6177 §2)."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing that is counted, and how often it may happen within the pause."""

    key: bytes
    attempts: int


def throttle_key(*parts: str) -> bytes:
    """Return under what is counted: a digest, so that no login and no address is kept."""
    return hashlib.sha256("\n".join(parts).encode()).digest()


def caller_at(address: str) -> str:
    """Return what counts as one caller: an address, of IPv6 the network of one line."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(found.ipv4_mapped or f"{int(found) >> 128 - _OF_ONE_LINE:x}/{_OF_ONE_LINE}")


def count(environment: Environment, limits: Sequence[Limit]) -> None:
    """Count one attempt under each limit. Raises ServiceFault TOO_MANY_ATTEMPTS with the wait.

    Where a limit is reached already nothing is written: who goes on guessing makes no work and fills no table.
    """
    now = environment.now()
    pause = timedelta(minutes=environment.settings.sign_in_pause_minutes)
    with environment.database.read() as seen:
        before = [(*seen.accounts.attempts(limit.key, now, pause), limit.attempts) for limit in limits]
    _refuse([since + pause for attempts, since, most in before if attempts >= most], now)
    with environment.database.write() as transaction:
        counted = [(*transaction.accounts.count_attempt(limit.key, now, pause), limit.attempts) for limit in limits]
        transaction.accounts.forget_old_attempts(now, pause)
    _refuse([since + pause for attempts, since, most in counted if attempts > most], now)


def _refuse(waits: Sequence[datetime], now: datetime) -> None:
    if waits:
        wait_s = ceil((max(waits) - now).total_seconds())
        raise ServiceFault(FaultCode.TOO_MANY_ATTEMPTS, wait_s=str(max(wait_s, 1)))
