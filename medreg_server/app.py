"""The ASGI application: joins the use cases to HTTP, once per process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException

from medreg_core.contract.v1.reading import UNREADABLE
from medreg_server.api import commission, devices, physician, session, sync
from medreg_server.api.desks import Desks, open_desks
from medreg_server.api.faults import on_bug, on_busy, on_http, on_service_fault, on_unreadable
from medreg_server.api.headers import header_writer
from medreg_server.api.schema import ChangeSchema, openapi_config
from medreg_server.db.transaction import DatabaseBusy
from medreg_server.services.audit_heads import AuditHeads
from medreg_server.services.faults import ServiceFault
from medreg_server.services.service import Service, open_service
from medreg_server.settings import load_settings

MAX_BODY_BYTES: Final = 1024 * 1024
_HEADS_EVERY_S: Final = 600
_THREADS: Final = 40  # as many as the database gives connections, see db.engine


def create_app(service: Service) -> Litestar:
    """Return the ASGI application over a joined service; the service is closed with the application."""
    desks = open_desks(service.environment, service.passwords)

    def provide_desks() -> Desks:
        return desks

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="medreg"))
        desks.watch.start()
        heads = loop.create_task(_keep_heads(service.audit_heads))
        try:
            yield
        finally:
            heads.cancel()
            await asyncio.gather(heads, return_exceptions=True)
            await desks.watch.stop()
            service.close()

    return Litestar(
        route_handlers=[
            Router(
                "/api/v1",
                route_handlers=[
                    session.router,
                    sync.router,
                    devices.router,
                    physician.router,
                    commission.router,
                ],
            )
        ],
        dependencies={"desks": Provide(provide_desks, sync_to_thread=False)},
        exception_handlers={
            ServiceFault: on_service_fault,
            DatabaseBusy: on_busy,
            **dict.fromkeys(UNREADABLE, on_unreadable),
            HTTPException: on_http,
            Exception: on_bug,
        },
        before_send=[header_writer(service.environment.identity().server_id)],
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=openapi_config(),
        plugins=[ChangeSchema()],
        lifespan=[lifespan],
        logging_config=None,
    )


async def _keep_heads(heads: AuditHeads) -> None:
    """Keep the last heads of the audit again and again: of a chain that rests, nothing else would."""
    while True:
        await asyncio.sleep(_HEADS_EVERY_S)
        await asyncio.to_thread(heads.keep_last)


def from_environment() -> Litestar:
    """Return the application as the environment variables describe it; the entry for ASGI servers with workers."""
    return create_app(open_service(load_settings()))
