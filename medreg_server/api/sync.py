"""The sync protocol of ``sync.md`` §5: hello, snapshot, changes, commands, digest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream

from medreg_core.contract.v1.commands import BATCH_BYTES, CommandBatch, OutcomeBatch
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.feed import BucketRows, ChangePage, DigestAnswer, DigestQuery
from medreg_core.contract.v1.messages import ClaimQuery, CourierAnswer, CourierUpload, Hello, Pong, Welcome
from medreg_core.domain.records import Claim, CommandId
from medreg_server.api.access import CALLER, Signed, UseCases
from medreg_server.api.packing import packed_json, packed_stream
from medreg_server.services.faults import ServiceFault

_CHUNK: Final = 64 * 1024


@get("/ping", sync_to_thread=True)
def ping(nonce: FromQuery[str], desks: UseCases) -> Pong:
    """Prove that this is the service: the answer signs the nonce."""
    return desks.hello.pong(nonce)


@post("/hello", status_code=200, sync_to_thread=True)
def hello(data: JSONBody[Hello], caller: Signed, desks: UseCases) -> Welcome:
    """Agree on the protocol; learn identity, keys, epoch and form numbers."""
    return desks.hello.hello(data, caller)


@get("/snapshot", media_type="application/x-ndjson", sync_to_thread=True)
def snapshot(request: Request[Any, Any, State], caller: Signed, desks: UseCases, after: FromQuery[str] = "") -> Stream:
    """Stream the institution's rows as NDJSON (``SnapshotLine``), packed if accepted; ``after`` resumes at a mark."""
    return packed_stream(_chunks(desks.snapshot.begin(after, caller)), _accepted(request))


@get("/changes", responses={200: ResponseSpec(ChangePage, generate_examples=False)})
async def changes(
    request: Request[Any, Any, State], caller: Signed, desks: UseCases, cursor: FromQuery[str], wait: FromQuery[int] = 0
) -> Response[bytes]:
    """Return the changes after ``cursor``; with none, wait up to ``wait`` seconds (25 at most) for the first."""
    position = desks.feed.position(cursor, caller)
    with desks.watch.reader(position) as reader:
        page = await sync_to_thread(desks.feed.page, position)
        if wait > 0 and not page.changes:
            await reader.wait(min(wait, desks.environment.settings.long_poll_seconds))
            page = await sync_to_thread(desks.feed.page, position, caller)
    return await sync_to_thread(_packed, page, _accepted(request))


@post("/commands", status_code=200)
async def commands(
    request: Request[Any, Any, State], data: JSONBody[CommandBatch], caller: Signed, desks: UseCases
) -> OutcomeBatch:
    """Carry out commands; every id gets its outcome."""
    if int(request.headers.get("Content-Length") or 0) > BATCH_BYTES:
        raise ServiceFault(FaultCode.TOO_LARGE)
    if data.dry_run:  # may wait seconds for a row, and takes nobody's turn meanwhile
        return await sync_to_thread(desks.commands.answer, data, caller)
    async with desks.turns:
        return await sync_to_thread(desks.commands.answer, data, caller)


@get("/outcomes", sync_to_thread=True)
def outcomes(caller: Signed, desks: UseCases, ids: Annotated[str, QueryParameter(max_length=8_000)]) -> OutcomeBatch:
    """Return the outcomes of commands by their ids, separated by commas; unknown ids are left out."""
    return desks.commands.known([CommandId(part) for part in ids.split(",") if part], caller)


@post("/digest", status_code=200, sync_to_thread=True)
def digest(data: JSONBody[DigestQuery], caller: Signed, desks: UseCases) -> DigestAnswer:
    """Compare the client's copy with the register, by buckets."""
    return desks.feed.compare(data, caller)


@get("/buckets/{number:int}", sync_to_thread=True, responses={200: ResponseSpec(BucketRows, generate_examples=False)})
def bucket(
    request: Request[Any, Any, State], number: FromPath[int], caller: Signed, desks: UseCases
) -> Response[bytes]:
    """Return all rows of one bucket."""
    return _packed(desks.feed.bucket(number, caller), _accepted(request))


@post("/claims", status_code=200, dependencies=CALLER, sync_to_thread=True)
def claim(data: JSONBody[ClaimQuery], caller: Signed, desks: UseCases) -> Claim | None:
    """Take, extend or release a soft claim; the answer is the claim that stands afterwards."""
    return desks.claims.claim(data, caller)


def _accepted(request: Request[Any, Any, State]) -> str:
    return request.headers.get("Accept-Encoding", "")


@post("/courier", status_code=200, dependencies=CALLER, sync_to_thread=True)
def courier(data: JSONBody[CourierUpload], caller: Signed, desks: UseCases) -> CourierAnswer:
    """Carry out a colleague's sealed file of decisions; the answer is the file to carry back."""
    return desks.courier.take(data.file, caller)


def _packed(rows: ChangePage | BucketRows, accepted: str) -> Response[bytes]:
    """Return rows as JSON, packed; run beside the event loop, which a page would hold for milliseconds."""
    return packed_json(msgspec.json.encode(rows), accepted)


def _chunks(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Join lines to chunks: one trip to the event loop for many rows, memory as for one."""
    chunk = bytearray()
    for line in lines:
        chunk += line
        if len(chunk) >= _CHUNK:
            yield bytes(chunk)
            chunk.clear()
    yield bytes(chunk)


_sync = Router(
    "/sync",
    route_handlers=[hello, snapshot, changes, commands, outcomes, digest, bucket],
    dependencies=CALLER,
)
router = Router("", route_handlers=[ping, _sync, claim, courier], tags=["sync"])
