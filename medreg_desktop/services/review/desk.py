"""What every use case of the review stands on: the copy, the registrar at the screen, and what the rules look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from medreg_core.contract.v1.messages import Account
from medreg_core.domain.calendar import NotPublished
from medreg_core.domain.deadlines import china_date, review_deadline
from medreg_core.domain.records import AccountId, Application, ApplicationId, CommandId, Institution, Material
from medreg_core.domain.rules import Blocker, Check, ReviewContext, check, may_agree
from medreg_core.domain.tables import Tables
from medreg_desktop.services.cache import applications, sync_state
from medreg_desktop.services.cache.applications import CachedApplication
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault, Problem
from medreg_desktop.services.ports import Clock, IdSource


class Refused(Exception):
    """The act cannot be done as asked; nothing was saved. Each reason is something the registrar can see to."""

    def __init__(self, *reasons: Problem) -> None:
        super().__init__(", ".join(reason.code for reason in reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of an application as it lies on the desk."""

    checks: tuple[Check, ...]
    blockers: tuple[Blocker, ...]
    deadline: date | NotPublished | None


class Desk:
    """Shared by the services of this package; one for each registrar who has signed in. Any thread."""

    def __init__(
        self,
        store: CacheStore,
        clock: Clock,
        ids: IdSource,
        tables: Tables,
        account: Account,
        is_online: Callable[[], bool],
    ) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.tables = tables
        self.account = account
        self._is_online = is_online

    @property
    def actor(self) -> AccountId:
        """The registrar's account."""
        return self.account.id

    def new_command_id(self) -> CommandId:
        """Return a fresh idempotency key."""
        return CommandId(self.ids.new_id())

    def today(self) -> date:
        """Return the calendar day in China."""
        return china_date(self.clock.now())

    def application(self, conn: Connection, application_id: ApplicationId) -> CachedApplication:
        """Return an application. Raises Refused ``application_gone`` if it has left the institution's scope.

        As this desk's registrar has it: what he asked for may have its turn when a colleague is at the screen already.
        """
        found = applications.get(conn, application_id, self.actor)
        if found is None:
            raise Refused(Problem("application_gone"))
        return found

    def institution(self, conn: Connection) -> Institution:
        """Return the office's own institution. Raises KnownFault ``not_synced_yet`` before the first contact."""
        institution = sync_state.institution(conn)
        if institution is None:
            raise KnownFault("not_synced_yet")
        return institution

    def verdict(self, application: Application, institution: Institution) -> Verdict:
        """Apply the rules of review."""
        context = ReviewContext(self.today(), self.tables, self.tables.calendar, institution, self._is_online())
        checks = check(application, context)
        deadline = review_deadline(application, self.tables.calendar, self.tables)
        return Verdict(checks, may_agree(application, checks, self.tables), deadline)


def on_the_desk(cached: CachedApplication, materials: tuple[Material, ...]) -> Application:
    """Return the application with its shown state and with the materials as the registrar has ticked them."""
    return replace(cached.application, state=cached.shown_state, materials=materials or cached.application.materials)
