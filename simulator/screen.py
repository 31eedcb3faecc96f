"""What lies open on a screen: sheets, ticked rows and previews as they were once, while the register goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from medreg_core.contract.v1.feed import EntityKind
from medreg_core.domain.records import Application, ApplicationId
from medreg_core.domain.vocabulary import FormState, State
from medreg_desktop.services.cache import synced
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.review.desk import Refused
from medreg_desktop.services.review.paper_desk import FormToPrint
from simulator.streams import WIDER_FROM, Random

if TYPE_CHECKING:
    from simulator.pc import Pc

LEFT_OPEN = 0.5
"""How often somebody goes by what has lain open for a while."""


def held(conn: Connection) -> list[ApplicationId]:
    """Return which applications the copy holds, in order."""
    return [ApplicationId(key) for kind, key, _ in sorted(synced.keys(conn)) if kind == EntityKind.APPLICATION]


def lying_open(pc: Pc, chance: Random) -> Application:
    """Return a sheet that lies open, rather one whose application is another by now. All are opened once."""

    def work(conn: Connection) -> Application:
        sheets, versions = _opened(pc, conn), {key: version for _, key, version in synced.keys(conn)}
        there = [sheet for key, sheet in sorted(sheets.items()) if key in versions]
        moved = [sheet for sheet in there if versions[sheet.id] != sheet.version]
        return chance.choice([sheet for sheet in moved if _is_another(conn, sheet)] or there)

    return pc.running.store.read(work)


def open_all(pc: Pc) -> None:
    """Open every sheet that is not open yet; before the border that was left to who decides on an old one."""
    if pc.seed >= WIDER_FROM:
        pc.running.store.read(lambda conn: _opened(pc, conn))


def _opened(pc: Pc, conn: Connection) -> Mapping[ApplicationId, Application]:
    sheets = pc.running.sheets
    for key in held(conn):
        if key not in sheets and (found := synced.find(conn, key)) is not None:
            sheets[key] = found
    return sheets


def _is_another(conn: Connection, sheet: Application) -> bool:
    now = synced.find(conn, sheet.id)
    return now is not None and now.content_version != sheet.content_version


def ticked(pc: Pc, wanted: list[ApplicationId], chance: Random) -> dict[ApplicationId, Application]:
    """Return the rows that were ticked as they were then: now, or every other time a while ago.

    Then rather such as have moved on since, in the place of some that are wanted. Before the border none.
    """
    if pc.seed < WIDER_FROM:
        return {}

    def work(conn: Connection) -> dict[ApplicationId, Application]:
        now = {key: row for key in held(conn) if (row := synced.find(conn, key)) is not None}
        if Random(chance.random()).random() >= LEFT_OPEN:
            return {key: now[key] for key in wanted}
        sheets = _opened(pc, conn)
        moved = [key for key, row in now.items() if row.version != sheets[key].version]
        moved.sort(key=lambda key: now[key].state is not State.SUBMITTED)
        return {key: pc.running.sheets.pop(key) for key in dict.fromkeys((*moved, *wanted)[: len(wanted)])}

    return pc.running.store.read(work)


def draw(pc: Pc, application_id: ApplicationId) -> None:
    """Open the preview of what was just decided, and leave it open; before the border nobody does."""
    if pc.seed >= WIDER_FROM and (form := form_now(pc, application_id)) is not None:
        pc.running.previews.setdefault(application_id, form)


def preview(pc: Pc, application_id: ApplicationId, chance: Random) -> FormToPrint:
    """Return the form that is printed: drawn now, or every other time one that was drawn a while ago.

    Then rather one that may say something else by now. Raises Refused as :meth:`PaperDesk.form`.
    """
    papers, previews = pc.running.papers, pc.running.previews
    assert papers is not None
    if pc.seed < WIDER_FROM or not previews or Random(chance.random()).random() >= LEFT_OPEN:
        return papers.form(application_id)
    old = [form for _, form in sorted(previews.items())]
    picked = chance.choice([form for form in old if claim_now(pc, form) != form.claim] or old)
    return previews.pop(picked.application.id)


def claim_now(pc: Pc, form: FormToPrint) -> tuple[str, str, FormState, int] | None:
    """Return what a form of the same application may say now; None for nothing at all."""
    now = form_now(pc, form.application.id)
    return now.claim if now is not None else None


def form_now(pc: Pc, application_id: ApplicationId) -> FormToPrint | None:
    """Return the form of an application as it may be printed now, or None."""
    assert pc.running.papers is not None
    try:
        return pc.running.papers.form(application_id)
    except Refused:
        return None
