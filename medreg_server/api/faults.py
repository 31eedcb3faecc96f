"""Turns every failure into a :class:`Fault` with the right status; the reader never sees a traceback."""

from __future__ import annotations

import logging
import traceback
from typing import Any, Final
from uuid import uuid4

from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.messages import Fault
from medreg_server.db.transaction import DatabaseBusy
from medreg_server.services.faults import ServiceFault

_log: Final = logging.getLogger(__name__)

STATUS: Final[dict[FaultCode, int]] = {
    FaultCode.BAD_CREDENTIALS: 401,
    FaultCode.SESSION_EXPIRED: 401,
    FaultCode.TOO_MANY_ATTEMPTS: 429,
    FaultCode.FORBIDDEN: 403,
    FaultCode.NOT_ALLOWED: 403,
    FaultCode.DEVICE_REVOKED: 403,
    FaultCode.BAD_REQUEST: 400,
    FaultCode.TOO_LARGE: 413,
    FaultCode.NOT_FOUND: 404,
    FaultCode.CLIENT_TOO_OLD: 426,
    FaultCode.SERVER_TOO_OLD: 426,
    FaultCode.RESYNC: 410,
    FaultCode.SERVER_ERROR: 500,
    FaultCode.BUSY: 503,
    FaultCode.VERSION_CONFLICT: 409,
    FaultCode.STATE_CONFLICT: 409,
    FaultCode.REASON_MISSING: 422,
    FaultCode.ACTIVATION_REFUSED: 422,
    FaultCode.COURIER_NOT_A_BUNDLE: 422,
    FaultCode.COURIER_NEWER: 422,
    FaultCode.COURIER_TOO_LARGE: 413,
    FaultCode.COURIER_CUT: 422,
    FaultCode.COURIER_OTHER_KIND: 422,
    FaultCode.COURIER_OTHER_RECIPIENT: 422,
    FaultCode.COURIER_DAMAGED: 422,
    FaultCode.COURIER_FORGED: 422,
    FaultCode.COURIER_UNKNOWN_DEVICE: 422,
    FaultCode.COURIER_DEVICE_REVOKED: 422,
    FaultCode.COURIER_OTHER_INSTITUTION: 403,
    FaultCode.COURIER_MAKER_GONE: 422,
    FaultCode.COURIER_MAKER_UNKNOWN: 422,
}
"""HTTP status of each code that a whole request can end with."""

_BY_STATUS: Final = {
    401: FaultCode.SESSION_EXPIRED,
    403: FaultCode.FORBIDDEN,
    404: FaultCode.NOT_FOUND,
    405: FaultCode.NOT_FOUND,
    413: FaultCode.TOO_LARGE,
}
_RETRY_AFTER_S: Final = "5"
_HUNG_UP: Final = "client disconnected prematurely"
"""Litestar's words for a request whose connection ended before its body did: the network's doing, no bug of ours."""

AnyRequest = Request[Any, Any, State]


def on_service_fault(request: AnyRequest, fault: ServiceFault) -> Response[Fault]:
    """Answer what a use case refused."""
    headers = {"Retry-After": fault.params["wait_s"]} if "wait_s" in fault.params else {}
    return _answer(request, STATUS[fault.code], fault.code, fault.params, headers)


def on_busy(request: AnyRequest, _: DatabaseBusy) -> Response[Fault]:
    """Answer that the same request may succeed later."""
    return _answer(request, 503, FaultCode.BUSY, {}, {"Retry-After": _RETRY_AFTER_S})


def on_unreadable(request: AnyRequest, error: Exception) -> Response[Fault]:
    """Answer a body that is not what the contract says, naming the place in it but none of its content."""
    return _answer(request, 400, FaultCode.BAD_REQUEST, {"where": _place(str(error))})


def on_http(request: AnyRequest, error: HTTPException) -> Response[Fault]:
    """Answer what the framework refused."""
    if isinstance(error, ValidationException):
        return _answer(request, 400, FaultCode.BAD_REQUEST, {"where": _places(error)})
    if error.detail == _HUNG_UP:
        return _answer(request, 400, FaultCode.BAD_REQUEST, {"where": "body"})
    status = error.status_code
    if status >= 500:
        return on_bug(request, error)
    code = _BY_STATUS.get(status, FaultCode.BAD_REQUEST)
    return _answer(request, 404 if status == 405 else status, code, {})


def on_bug(request: AnyRequest, error: Exception) -> Response[Fault]:
    """Answer a bug of ours: logged under an id, without the message, which may hold personal data."""
    request_id = uuid4().hex
    where = request.scope.get("path_template", request.method)
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("request %s to %s failed: %s\n%s", request_id, where, type(error).__name__, frames)
    return _respond(500, Fault(code=FaultCode.SERVER_ERROR, request_id=request_id), {})


def _answer(
    request: AnyRequest, status: int, code: FaultCode, params: dict[str, str], headers: dict[str, str] | None = None
) -> Response[Fault]:
    request_id = uuid4().hex
    _log.info("request %s refused: %s %s %s", request_id, request.method, status, code.value)
    return _respond(status, Fault(code=code, params=params, request_id=request_id), headers or {})


def _respond(status: int, fault: Fault, headers: dict[str, str]) -> Response[Fault]:
    return Response(fault, status_code=status, headers=headers, media_type="application/json")


def _place(message: str) -> str:
    """Return the path at the end of a msgspec message: ``Expected `str`, got `int` - at `$.body.opinion```."""
    return message.rpartition(" - at ")[2].strip("`") if " - at " in message else "body"


def _places(error: ValidationException) -> str:
    extra = error.extra
    if isinstance(extra, list):
        keys = [str(item["key"]) for item in extra if isinstance(item, dict) and "key" in item]
        if keys:
            return ", ".join(keys)
    return "body"
