"""Devices: their administration, the requests a revoked one signs itself, and the review lane of what it left."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from medreg_core.contract.v1.commands import Outcome
from medreg_core.contract.v1.devices import (
    DeviceEntry,
    RescuedEntry,
    RescueReceipt,
    Revocation,
    SetAside,
    SignedByDevice,
    WipeAnswer,
)
from medreg_core.domain.records import CommandId, DeviceId
from medreg_server.api.access import CALLER, Signed, UseCases


@get("/devices", sync_to_thread=True)
def devices(caller: Signed, desks: UseCases) -> list[DeviceEntry]:
    """List the devices of the administrator's institution."""
    return desks.devices.listed(caller)


@post("/devices/{device_id:str}/revoke", status_code=204, sync_to_thread=True)
def revoke(device_id: FromPath[str], data: JSONBody[Revocation], caller: Signed, desks: UseCases) -> None:
    """Shut a device out for good."""
    desks.devices.revoke(DeviceId(device_id), data.reason, caller)


@get("/rescued", sync_to_thread=True)
def rescued(
    caller: Signed,
    desks: UseCases,
    after: Annotated[str, QueryParameter(max_length=64, description="id of the last command of the page before")] = "",
) -> list[RescuedEntry]:
    """List the commands rescued from revoked devices of the supervisor's institution, 100 a page."""
    return desks.lane.listed(after, caller)


@post("/rescued/{command_id:str}/confirm", status_code=200, sync_to_thread=True)
def confirm(command_id: FromPath[str], caller: Signed, desks: UseCases) -> Outcome:
    """Carry a rescued command out under its own id; the answer is its outcome."""
    return desks.lane.confirm(CommandId(command_id), caller)


@post("/rescued/{command_id:str}/set-aside", status_code=204, sync_to_thread=True)
def set_aside(command_id: FromPath[str], data: JSONBody[SetAside], caller: Signed, desks: UseCases) -> None:
    """Close a rescued command without carrying it out."""
    desks.lane.set_aside(CommandId(command_id), data.reason, caller)


@post("/wipe/check", status_code=200, sync_to_thread=True)
def wipe_check(data: JSONBody[SignedByDevice], desks: UseCases) -> WipeAnswer:
    """Tell a device whether it is revoked; content: ``WipeCheck``."""
    return desks.wipes.check(data)


@post("/rescue", status_code=200, sync_to_thread=True)
def rescue(data: JSONBody[SignedByDevice], desks: UseCases) -> RescueReceipt:
    """Take what a revoked device has not finished into the review lane; content: ``Rescue``."""
    return desks.wipes.rescue(data)


@post("/wipe/done", status_code=204, sync_to_thread=True)
def wipe_done(data: JSONBody[SignedByDevice], desks: UseCases) -> None:
    """Note that a revoked device has destroyed its copy; content: ``WipeDone``."""
    desks.wipes.done(data)


_signed_in = Router("", route_handlers=[devices, revoke, rescued, confirm, set_aside], dependencies=CALLER)
_signed_by_device = Router("/device", route_handlers=[wipe_check, rescue, wipe_done])
router = Router("", route_handlers=[_signed_in, _signed_by_device], tags=["devices"])
