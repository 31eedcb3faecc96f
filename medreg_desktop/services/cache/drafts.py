"""What a registrar has typed and not yet decided; saved while he types, so that it survives a kill."""

from __future__ import annotations

from datetime import datetime

import msgspec

from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import AccountId, Application, ApplicationId, Material
from medreg_core.domain.vocabulary import CommandKind
from medreg_desktop.services.cache.connection import Connection


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The unfinished review of one application. ``content_version`` and ``digest`` tell which text he had read.

    ``digest`` is "" in a draft of an older program.
    """

    content_version: int
    decision: CommandKind | None = None
    opinion: str = ""
    reason: str = ""
    materials: tuple[Material, ...] = ()
    saved_at: datetime | None = None
    digest: str = ""

    def is_on(self, application: Application) -> bool:
        """Return whether the application still is what the registrar had read: numbers are given anew by a restore."""
        if self.content_version != application.content_version:
            return False
        return not self.digest or self.digest == content_digest(application)


def save(conn: Connection, application_id: ApplicationId, actor: AccountId, draft: Draft, now: datetime) -> None:
    """Store the draft in place of the one before."""
    text = msgspec.json.encode(msgspec.structs.replace(draft, saved_at=now)).decode()
    conn.execute(
        "INSERT INTO draft(application_id, actor, saved_at, body) VALUES(?, ?, ?, ?)"
        " ON CONFLICT(application_id, actor) DO UPDATE SET saved_at = excluded.saved_at, body = excluded.body",
        (application_id, actor, now.isoformat(), text),
    )


def find(conn: Connection, application_id: ApplicationId, actor: AccountId) -> Draft | None:
    """Return this registrar's draft, or None."""
    row = conn.execute(
        "SELECT body FROM draft WHERE application_id = ? AND actor = ?", (application_id, actor)
    ).fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=Draft)


def discard(conn: Connection, application_id: ApplicationId, actor: AccountId) -> None:
    """Forget the draft: it was decided, or given up."""
    conn.execute("DELETE FROM draft WHERE application_id = ? AND actor = ?", (application_id, actor))
