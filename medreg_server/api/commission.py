"""The health commission's operations."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import Router, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from medreg_core.contract.v1.messages import ScanAnswer, ScanQuery
from medreg_core.domain.records import Application, ApplicationId
from medreg_core.domain.vocabulary import Move, State
from medreg_server.api.access import CALLER, Signed, UseCases
from medreg_server.services.authority import Ruling

MOVES: Final[dict[str, Move]] = {
    "accept": Move.ACCEPT,
    "not-accept": Move.NOT_ACCEPT,
    "supplement": Move.ASK_SUPPLEMENT,
    "supply": Move.SUPPLY,
    "approve": Move.APPROVE,
    "deny": Move.DENY,
    "certify": Move.CERTIFY,
    "collect": Move.COLLECT,
}
"""Last part of the path of each move."""


@get("/applications", sync_to_thread=True)
def applications(
    caller: Signed,
    desks: UseCases,
    states: Annotated[
        list[State] | None, QueryParameter(name="state", description="any of these states; none: all")
    ] = None,
    after: Annotated[str, QueryParameter(max_length=64, description="id of the last row of the page before")] = "",
) -> list[Application]:
    """List the applications of the commission's region, in order of id, 200 a page."""
    return desks.authority.list(tuple(states or ()), after, caller)


@post("/scans", status_code=200, sync_to_thread=True)
def scan(data: JSONBody[ScanQuery], caller: Signed, desks: UseCases) -> ScanAnswer:
    """Say what the register holds of a scanned form."""
    return desks.scans.scan(data.code, caller)


def _handler(path: str, move: Move) -> HTTPRouteHandler:
    @post(
        f"/applications/{{application_id:str}}/{path}",
        status_code=200,
        sync_to_thread=True,
        operation_id=f"commission_{move.value}",
        name=f"commission_{move.value}",
        description=f"Make the move {move.value} on an application of the commission's region.",
    )
    def ruled(application_id: FromPath[str], data: JSONBody[Ruling], caller: Signed, desks: UseCases) -> Application:
        return desks.authority.move(ApplicationId(application_id), move, data, caller)

    return ruled


router = Router(
    "/commission",
    route_handlers=[applications, scan, *(_handler(path, move) for path, move in MOVES.items())],
    dependencies=CALLER,
    tags=["commission"],
)
