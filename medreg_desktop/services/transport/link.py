"""Where the service is, and what all transports of one program share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock
from medreg_desktop.services.transport.attempts import AttemptLog
from medreg_desktop.services.transport.watched import CONNECT_S, STALL_S

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where the service is and how its certificate is judged. ``pin``: see :func:`.watched.pin_of`."""

    base_url: str
    ca_file: Path | None = None
    pin: str = ""
    proxy: str = ""

    def checked(self) -> ServerAddress:
        """Return itself if it can be used. Raises KnownFault ``address_invalid``; plain http only on this computer."""
        try:
            parts = urlsplit(self.base_url)
            usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            usable, parts = False, urlsplit("")
        plain_here = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not usable or not (parts.scheme == "https" or plain_here) or parts.query or parts.fragment:
            raise KnownFault("address_invalid")
        return self


@dataclass(slots=True)
class Link:
    """What all transports of one program share: the token (only ever in memory), whose answers count, the attempts."""

    address: ServerAddress
    clock: Clock
    client_version: str = ""
    log: AttemptLog = field(default_factory=AttemptLog)
    token: str = ""
    server_id: str = ""
    answered_by: str = ""
    order_keys: Mapping[str, bytes] = field(default_factory=dict)
    ping_keys: Mapping[str, bytes] = field(default_factory=dict)
    connect_s: float = CONNECT_S
    stall_s: float = STALL_S
    monotonic: Callable[[], float] = time.monotonic  # measures both limits
    closing: threading.Event = field(default_factory=threading.Event)
