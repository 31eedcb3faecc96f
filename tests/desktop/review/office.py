"""A registrar at his desk over a real cache, with the real rules and tables."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

import medreg_core.tables
from medreg_core.contract.v1.commands import Outcome
from medreg_core.contract.v1.feed import Change, Op
from medreg_core.contract.v1.messages import MAGIC, Account, FormLease, Welcome
from medreg_core.domain.records import AccountId, Application, ApplicationId, CommandId
from medreg_core.domain.tables import Tables, load_tables
from medreg_core.domain.vocabulary import OutcomeKind, Role
from medreg_desktop.services.cache import applications, commands, outbox, outbox_moves, sync_state
from medreg_desktop.services.cache.feed import Feed
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.review.desk import Desk
from medreg_desktop.services.review.judging import Judging
from medreg_desktop.services.review.outbox_desk import OutboxDesk
from medreg_desktop.services.review.paper_desk import PaperDesk
from medreg_desktop.services.review.quarantine_desk import QuarantineDesk
from medreg_desktop.services.review.reconcile_desk import ReconcileDesk
from medreg_desktop.services.review.service import ReviewService
from tests.core.builders import application as sound
from tests.core.builders import institution
from tests.desktop.cache.office import EPOCH, NOW, StillClock, page

WANG = Account(AccountId("account-wang"), "wang", "王经办", Role.REGISTRAR)
LI = Account(AccountId("account-li"), "li", "李经办", Role.REGISTRAR)
READER = Account(AccountId("account-zhao"), "zhao", "赵", Role.READ_ONLY)

HOSPITAL = institution()


@cache
def tables() -> Tables:
    folder = Path(next(iter(medreg_core.tables.__path__)))
    return load_tables(lambda name: (folder / name).read_text("utf-8"))


class Numbers:
    """Command ids that count."""

    def __init__(self) -> None:
        self._next = 0

    def new_id(self) -> str:
        self._next += 1
        return f"{self._next:032x}"


def application(number: int = 1, **changes: Any) -> Application:
    """An application with which nothing is wrong; ``changes`` spoil it."""
    return sound(id=ApplicationId(f"{number:032x}"), **changes)


class Office:
    """The services of one registrar, and the server's side of the story as far as a test tells it."""

    def __init__(
        self, store: CacheStore, clock: StillClock, account: Account = WANG, ids: Numbers | None = None
    ) -> None:
        self.store, self.clock, self.account = store, clock, account
        self.ids = ids or Numbers()
        desk = Desk(store, clock, self.ids, tables(), account, is_online=lambda: False)
        self.judge = Judging(tables(), clock)
        self.feed = Feed(store, self.judge)
        self.reviews = ReviewService(desk)
        self.outbox = OutboxDesk(desk, self.judge)
        self.papers = PaperDesk(desk)
        self.quarantine = QuarantineDesk(desk)
        self.reconciling = ReconcileDesk(desk)
        store.write(lambda conn: applications.switch_actor(conn, account.id, account.name))

    def greeted(self, numbers: int = 50, *, epoch: str = EPOCH) -> None:
        """Contact with the server has been made; in another ``epoch`` than the copy's it was restored since."""
        welcome = Welcome(
            magic=MAGIC,
            server_id="server",
            protocol=1,
            server_version="1",
            epoch=epoch,
            server_time=NOW,
            account=self.account,
            institution=HOSPITAL,
            offline_until=NOW + timedelta(days=14),
            keys=(),
            lease=FormLease("110101", 2026, 1, numbers),
        )
        self.store.write(lambda conn: sync_state.note_welcome(conn, welcome, NOW))
        self.store.write(lambda conn: sync_state.write(conn, epoch=EPOCH, seq="0", cursor="c"))

    def receives(self, *entities: Application) -> None:
        """The feed brings rows."""
        seq = self.store.read(sync_state.read).seq
        rows = [
            Change(
                seq + n, "application", entity.id, entity.version, Op.UPSERT, msgspec.Raw(msgspec.json.encode(entity))
            )
            for n, entity in enumerate(entities, 1)
        ]
        self.feed.apply_page(page(seq, rows))

    def sends(self) -> list[CommandId]:
        """Everything due is on its way."""
        ids = [
            row.command.id for row in self.store.read(lambda conn: outbox.due(conn, self.account.id, self.clock.now()))
        ]
        self.store.write(lambda conn: outbox_moves.set_in_flight(conn, ids))
        return ids

    def hears(self, command_id: CommandId, kind: OutcomeKind, **answer: object) -> None:
        """The server answers."""
        outcome = Outcome(id=command_id, kind=kind, **answer)  # type: ignore[arg-type]
        self.store.write(lambda conn: commands.settle(conn, outcome, self.clock.now()))
