"""Applications as the screen shows them: the server's row under the overlay of the registrar at the screen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from medreg_core.domain.records import AccountId, Application, ApplicationId
from medreg_core.domain.vocabulary import State
from medreg_desktop.services.cache import outbox, overlay, sync_state, synced
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow
from medreg_desktop.services.search import index
from medreg_desktop.services.search.conditions import RowSync
from medreg_desktop.services.search.rows import form_number_of


@dataclass(frozen=True, slots=True)
class CachedApplication:
    """An application with what this registrar did to it; ``application`` itself is untouched server data."""

    application: Application
    shown_state: State
    row_sync: RowSync
    next_base_version: int  # what a further command of this registrar must name as its base
    seen_at: datetime | None  # and when that came about
    decision: OutboxRow | None  # the command whose effect is shown
    commands: tuple[OutboxRow, ...]  # all of this registrar's, oldest first
    others_pending: int  # open commands of other registrars on this PC, as a number only


def get(conn: Connection, application_id: ApplicationId, actor: AccountId | None = None) -> CachedApplication | None:
    """Return one application as ``actor`` has it, who else the registrar at the screen is.

    None if it is not (or no longer) in the institution's scope.
    """
    application = synced.find(conn, application_id)
    if application is None:
        return None
    viewer = sync_state.viewer(conn)
    whose = viewer.actor if actor is None else actor
    rows = outbox.of_application(conn, application_id, whose)
    shown = overlay.of(application, rows, viewer.epoch, viewer.seq)
    others = outbox.open_of_others(conn, application_id, whose)
    return CachedApplication(
        application, shown.state, shown.sync, shown.version, shown.seen_at, shown.decision, tuple(rows), others
    )


def refresh(conn: Connection, ids: Iterable[ApplicationId]) -> None:
    """Bring the searchable rows in line with the outbox; part of the transaction that changed it."""
    viewer = sync_state.viewer(conn)
    for application_id in dict.fromkeys(ids):
        application = synced.find(conn, application_id)
        if application is None:
            continue
        rows = outbox.of_application(conn, application_id, viewer.actor)
        shown = overlay.of(application, rows, viewer.epoch, viewer.seq)
        handler = shown.handler(viewer.name, application)
        number = form_number_of(application, shown.form_number)
        index.update_overlay(conn, application_id, shown.state, shown.sync, handler, number)


def switch_actor(conn: Connection, actor: AccountId, name: str) -> None:
    """Show the copy to this registrar: the effects of the one before disappear from sight, nothing else changes."""
    before = sync_state.viewer(conn).actor
    sync_state.write(conn, actor=actor, actor_name=name)
    if before != actor:
        refresh(conn, outbox.applications_of(conn, (before, actor)))
