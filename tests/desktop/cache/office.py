"""A small office for the tests of the cache: applications, commands, a clock that stands still, pages of the feed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec

from medreg_core.contract.v1.commands import Agree, Command
from medreg_core.contract.v1.feed import Change, ChangePage, Op
from medreg_core.contract.v1.messages import MAGIC
from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import (
    AccountId,
    Application,
    ApplicationId,
    CommandId,
    Institution,
    InstitutionId,
    Person,
    PhysicianId,
    Qualification,
    Request,
    Statement,
)
from medreg_core.domain.vocabulary import Category, Kind, Level, Sex, State
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.cache.synced import ReviewFacts

KEY = bytes(range(32))
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
WANG = AccountId("account-wang")
LI = AccountId("account-li")
EPOCH = "epoch-1"


class StillClock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.moment = NOW
        self.behind = timedelta()  # how far somebody has set the wall clock back

    def now(self) -> datetime:
        return self.moment - self.behind

    def monotonic(self) -> float:
        return (self.moment - NOW).total_seconds()

    def pass_by(self, **span: float) -> None:
        self.moment += timedelta(**span)

    def set_back(self, **span: float) -> None:
        self.behind += timedelta(**span)


def judge(application: Application, institution: Institution | None) -> ReviewFacts:
    """A verdict that tells rows apart."""
    return ReviewFacts(passed=application.version, need=2, have=1, deadline=date(2026, 12, 1))


def application(number: int = 1, **changes: object) -> Application:
    """A submitted registration; ``changes`` replace fields."""
    made = Application(
        id=ApplicationId(f"{number:032x}"),
        institution_id=InstitutionId("hospital"),
        physician_id=PhysicianId(f"physician-{number}"),
        kind=Kind.REGISTRATION,
        state=State.SUBMITTED,
        version=1,
        content_version=1,
        submitted_at=NOW - timedelta(days=number % 20),
        person=Person(f"欧阳娜{number}", Sex.FEMALE, date(1990, 1, 1), "11010519491231002X", phone="13800000000"),
        qualification=Qualification(
            "201811110110105194912310021",
            Level.PHYSICIAN,
            Category.CLINICAL,
            "11",
            date(2018, 12, 1),
            "x",
            "欧阳娜",
            "",
        ),
        registration=None,
        request=Request(
            "99", "第一医院", "code", "address", "100000", "内科", Level.PHYSICIAN, Category.CLINICAL, ("01",), None
        ),
        statement=Statement(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def body(entity: Application) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(entity))


def upsert(seq: int, entity: Application) -> Change:
    return Change(seq, "application", entity.id, entity.version, Op.UPSERT, body(entity))


def removal(seq: int, entity_id: str, op: Op = Op.TOMBSTONE) -> Change:
    return Change(seq, "application", entity_id, 0, op)


def page(after: int, changes: Iterable[Change], *, epoch: str = EPOCH, last: int | None = None) -> ChangePage:
    rows = tuple(changes)
    end = last if last is not None else max([after, *(row.seq for row in rows)])
    return ChangePage(
        magic=MAGIC,
        epoch=epoch,
        after=after,
        last=end,
        changes=rows,
        cursor=f"cursor-{end}",
        more=False,
        server_time=NOW,
    )


def numbered(first: int = 1) -> Iterator[CommandId]:
    while True:
        yield CommandId(f"{first:032d}")
        first += 1


def agree(entity: Application, command_id: str, form_number: str = "990100-2026-000001-X") -> Command:
    consent = Agree(
        content_version=entity.content_version,
        opinion="同意",
        materials=(),
        form_number=form_number,
        digest=content_digest(entity),
    )
    return Command(
        id=CommandId(command_id), application_id=entity.id, base_version=entity.version, made_at=NOW, body=consent
    )


def read(store: CacheStore, sql: str, *parameters: object) -> list[tuple[object, ...]]:
    """Rows as a reader sees them now."""
    conn: Connection = store.reader()
    return conn.execute(sql, parameters).fetchall()
