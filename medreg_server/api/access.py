"""Who calls, from the request: the bearer token, and the address as far as it can be believed."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide

from medreg_core.contract.v1.faults import FaultCode
from medreg_server.api.desks import Desks
from medreg_server.services.callers import Caller
from medreg_server.services.faults import ServiceFault

UseCases = NamedDependency[Desks]
"""The use cases, as a handler receives them."""

Signed = NamedDependency[Caller]
"""The signed-in caller, as a handler receives it."""

_SCHEME: Final = "bearer "
_LONGEST_TOKEN: Final = 200


def bearer_token(request: ASGIConnection[Any, Any, Any, State]) -> str:
    """Return the token of the Authorization header. Raises ServiceFault SESSION_EXPIRED."""
    header = request.headers.get("Authorization", "")
    if header[: len(_SCHEME)].lower() != _SCHEME or len(header) > _LONGEST_TOKEN:
        raise ServiceFault(FaultCode.SESSION_EXPIRED)
    return header[len(_SCHEME) :].strip()


def provide_caller(request: Request[Any, Any, State], desks: UseCases) -> Caller:
    """Return the signed-in caller. Raises ServiceFault SESSION_EXPIRED or DEVICE_REVOKED."""
    return desks.sign_in.caller(bearer_token(request))


def client_address(request: Request[Any, Any, State], trusted_proxies: tuple[str, ...]) -> str:
    """Return the caller's address. A forwarded one counts only as written by a proxy that the operator named."""
    address = request.client.host if request.client else ""
    if address not in trusted_proxies:
        return address
    # A proxy may write a header of its own behind the caller's: together they are the list that others extend.
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", []))
    chain = [part.strip() for part in forwarded.split(",") if part.strip()]
    untrusted = [part for part in chain if part not in trusted_proxies]
    return untrusted[-1] if untrusted else address


CALLER: Final = {"caller": Provide(provide_caller, sync_to_thread=True)}
"""Dependency of every handler that needs a signed-in caller."""
