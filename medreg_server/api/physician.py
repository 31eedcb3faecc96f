"""The physician's operations."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Router, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody

from medreg_core.contract.v1.activation import Activated, Redemption
from medreg_core.contract.v1.receipts import Instant
from medreg_core.domain.records import Application, ApplicationId
from medreg_server.api.access import CALLER, Signed, UseCases, client_address
from medreg_server.services.applicants import Content, Submission
from medreg_server.services.moves import Seen


class Withdrawal(msgspec.Struct, frozen=True):
    """``POST …/withdraw``."""

    base_version: int
    reason: str = ""
    seen_at: Instant | None = None


class Resubmission(msgspec.Struct, frozen=True):
    """``POST …/resubmit``."""

    base_version: int
    content: Content
    seen_at: Instant | None = None


@post("/applications", status_code=200, sync_to_thread=True)
def submit(data: JSONBody[Submission], caller: Signed, desks: UseCases) -> Application:
    """Submit a new application; sent twice with the same id it is one."""
    return desks.applicants.submit(data, caller)


@post("/applications/{application_id:str}/withdraw", status_code=200, sync_to_thread=True)
def withdraw(application_id: FromPath[str], data: JSONBody[Withdrawal], caller: Signed, desks: UseCases) -> Application:
    """Withdraw an application that is not agreed to yet."""
    seen = Seen(data.base_version, data.seen_at)
    return desks.applicants.withdraw(ApplicationId(application_id), seen, data.reason, caller)


@post("/applications/{application_id:str}/resubmit", status_code=200, sync_to_thread=True)
def resubmit(
    application_id: FromPath[str], data: JSONBody[Resubmission], caller: Signed, desks: UseCases
) -> Application:
    """Submit a returned application again."""
    seen = Seen(data.base_version, data.seen_at)
    return desks.applicants.resubmit(ApplicationId(application_id), seen, data.content, caller)


@post("/activation", status_code=200, dependencies=CALLER, sync_to_thread=True)
def activate(
    request: Request[Any, Any, State], data: JSONBody[Redemption], caller: Signed, desks: UseCases
) -> Activated:
    """Redeem an activation code; sent twice it gives the same answer."""
    address = client_address(request, desks.environment.settings.trusted_proxies)
    return desks.activation.redeem(data, caller, address)


_applications = Router("/physician", route_handlers=[submit, withdraw, resubmit], dependencies=CALLER)
router = Router("", route_handlers=[_applications, activate], tags=["physician"])
