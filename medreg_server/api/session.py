"""Sign-in and sign-out."""

from __future__ import annotations

from typing import Any

from litestar import Request, Router, delete, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import State
from litestar.params import JSONBody

from medreg_core.contract.v1.messages import Session, SignIn
from medreg_server.api.access import CALLER, Signed, UseCases, bearer_token, client_address


@post("/session", status_code=200)
async def sign_in(data: JSONBody[SignIn], request: Request[Any, Any, State], desks: UseCases) -> Session:
    """Open a session: the answer carries the bearer token of all other requests."""
    address = client_address(request, desks.environment.settings.trusted_proxies)
    async with desks.sign_ins.turn():  # waited for in a thread, a rush of strangers would leave none to anybody else
        return await sync_to_thread(desks.sign_in.open, data, address)


@delete("/session", dependencies=CALLER, sync_to_thread=True)
def sign_out(request: Request[Any, Any, State], caller: Signed, desks: UseCases) -> None:
    """End the session of the token sent."""
    desks.sign_in.close(bearer_token(request), caller)


router = Router("", route_handlers=[sign_in, sign_out], tags=["session"])
