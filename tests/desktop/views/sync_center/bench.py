"""An office with one command of every kind of trouble, and the presenter of 同步中心 over its real outbox."""

from __future__ import annotations

from dataclasses import dataclass, field

from medreg_core.domain.records import Application, ApplicationId, CommandId
from medreg_core.domain.vocabulary import CommandKind, OutcomeKind
from medreg_desktop.services.cache import outbox, outbox_moves
from medreg_desktop.services.cache.outbox import OutboxCounts
from medreg_desktop.services.printing.recall_list import RecallList
from medreg_desktop.services.review.deciding import Decision
from medreg_desktop.services.transport.attempts import AttemptLog
from medreg_desktop.views.sync_center.presenter import SyncCenterPresenter
from medreg_desktop.views.sync_center.state import CenterServices, ScreenState
from tests.core.builders import person, qualification, request
from tests.desktop.cache.office import NOW
from tests.desktop.review.office import Office, application
from tests.helpers.runners import ManualRunner

AGREE = Decision(CommandKind.AGREE, 1, "同意聘用，拟执业地点与机构核准一致。")
RETURN = Decision(CommandKind.RETURN, 1, "请补照片。")
NAMES = ("盖星河", "尉迟朗", "宓舟", "朴成", "曾予安", "华与归")


@dataclass(frozen=True, slots=True)
class Story:
    """The command ids of a troubled morning."""

    conflict: CommandId
    rejected: CommandId
    quarantined: CommandId
    queued: CommandId


def ids(*numbers: int) -> tuple[ApplicationId, ...]:
    """The ids of these applications."""
    return tuple(application(n).id for n in numbers)


def named(n: int) -> Application:
    """The n-th application, of a person with a name of his own."""
    name = NAMES[n - 1]
    return application(n, person=person(name=name), qualification=qualification(name=name))


def troubled(office: Office) -> Story:
    """A conflict with printed paper, a refused and a quarantined command, one waiting."""
    office.receives(*(named(n) for n in range(1, len(NAMES) + 1)))
    conflict = _decided(office, 1)
    office.papers.record_print(office.papers.form(application(1).id), 2, to_file=False)
    rejected = _decided(office, 2)
    office.sends()
    edited = application(
        1,
        version=2,
        content_version=2,
        person=person(name=NAMES[0], phone="13900000000"),
        request=request(department="急诊科"),
    )
    office.hears(
        conflict, OutcomeKind.CONFLICT, code="version_conflict", by="applicant", at=NOW, current=edited, version=2
    )
    office.hears(rejected, OutcomeKind.REJECTED, code="check_failed")
    quarantined = _decided(office, 3, RETURN)
    office.store.write(lambda conn: outbox_moves.quarantine(conn, quarantined, "server_error"))
    return Story(conflict, rejected, quarantined, _decided(office, 4))


def _decided(office: Office, n: int, decision: Decision = AGREE) -> CommandId:
    command_id = office.reviews.decide(application(n).id, decision).command_id
    assert command_id is not None
    return command_id


def services(office: Office) -> CenterServices:
    """What the page works with, over the office's real copy."""
    return CenterServices(
        office.outbox,
        office.papers,
        office.quarantine,
        AttemptLog(),
        office.reconciling,
        PlainPrinter(),
        office.account.name,
    )


@dataclass
class PlainPrinter:
    """Keeps what it was given to print; with ``pdf`` there is no printer."""

    pdf: bytes = b""
    pages: list[RecallList] = field(default_factory=list)

    def print(self, page: RecallList) -> bytes:
        self.pages.append(page)
        return self.pdf


@dataclass
class FakeView:
    states: list[ScreenState] = field(default_factory=list)
    opened: list[ApplicationId] = field(default_factory=list)
    synced: int = 0
    saved: int = 0
    counted: list[OutboxCounts] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def state(self) -> ScreenState:
        return self.states[-1]

    @property
    def current(self) -> CommandId | None:
        return self.state.current.row.command.id if self.state.current else None

    def show_state(self, state: ScreenState) -> None:
        self.states.append(state)

    def open_review(self, application_id: ApplicationId) -> None:
        self.opened.append(application_id)

    def tell(self, text: str) -> None:
        self.told.append(text)

    def offer_file(self, name: str, content: bytes) -> None:
        self.files[name] = content

    def tell_counts(self, counts: OutboxCounts) -> None:
        self.counted.append(counts)

    def tell_saved(self) -> None:
        self.saved += 1

    def sync_now(self) -> None:
        self.synced += 1


class Bench:
    """The opened page; answers come when the test releases them."""

    def __init__(self, office: Office) -> None:
        self.office, self.view = office, FakeView()
        self.reading, self.writing = ManualRunner(), ManualRunner()
        self.presenter = SyncCenterPresenter(self.view, services(office), self.reading, self.writing, office.clock)
        self.presenter.refresh()
        self.settle()

    def settle(self) -> None:
        """Deliver every answer."""
        while self.writing.queue or self.reading.queue:
            self.writing.release_all()
            self.reading.release_all()

    def rows(self) -> dict[CommandId, tuple[str, str, int]]:
        """What the outbox holds of each command, to see whether anything changed."""
        rows = self.office.store.read(lambda conn: outbox.rows(conn, self.office.account.id, open_only=False))
        return {row.command.id: (row.state.value, row.resolution.value, row.attempts) for row in rows}
