"""The physician's operations."""

from __future__ import annotations

import msgspec
from litestar import Router, post
from litestar.params import FromPath, JSONBody

from medreg_core.domain.records import Application, ApplicationId
from medreg_server.api.access import CALLER, Signed, UseCases
from medreg_server.services.applicants import Content, Submission


class Withdrawal(msgspec.Struct, frozen=True):
    """``POST …/withdraw``."""

    base_version: int
    reason: str = ""


class Resubmission(msgspec.Struct, frozen=True):
    """``POST …/resubmit``."""

    base_version: int
    content: Content


@post("/applications", status_code=200, sync_to_thread=True)
def submit(data: JSONBody[Submission], caller: Signed, desks: UseCases) -> Application:
    """Submit a new application; sent twice with the same id it is one."""
    return desks.applicants.submit(data, caller)


@post("/applications/{application_id:str}/withdraw", status_code=200, sync_to_thread=True)
def withdraw(application_id: FromPath[str], data: JSONBody[Withdrawal], caller: Signed, desks: UseCases) -> Application:
    """Withdraw an application that is not agreed to yet."""
    return desks.applicants.withdraw(ApplicationId(application_id), data.base_version, data.reason, caller)


@post("/applications/{application_id:str}/resubmit", status_code=200, sync_to_thread=True)
def resubmit(
    application_id: FromPath[str], data: JSONBody[Resubmission], caller: Signed, desks: UseCases
) -> Application:
    """Submit a returned application again."""
    return desks.applicants.resubmit(ApplicationId(application_id), data.base_version, data.content, caller)


router = Router("/physician", route_handlers=[submit, withdraw, resubmit], dependencies=CALLER, tags=["physician"])
