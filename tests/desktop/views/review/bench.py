"""The presenter of 审核窗口 over the real review service on a real cache; answers come when the test releases them."""

from __future__ import annotations

from dataclasses import dataclass, field

from medreg_core.domain.records import ApplicationId
from medreg_core.domain.vocabulary import CommandKind
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.faults import KnownFault, Problem
from medreg_desktop.services.review.deciding import Decision, Receipt
from medreg_desktop.services.review.sheet import ReviewSheet
from medreg_desktop.views.review.presenter import ReviewPresenter
from medreg_desktop.views.review.state import Decided, ScreenState
from tests.desktop.review.office import Office, application, tables
from tests.helpers.runners import ImmediateRunner, ManualRunner

ONE, TWO, THREE = (application(n).id for n in (1, 2, 3))
ORDER = (ONE, TWO, THREE)


@dataclass
class Watched:
    """The real service; remembers what was saved, and fails when told to."""

    office: Office
    saved: list[tuple[ApplicationId, Draft]] = field(default_factory=list)
    decided: list[tuple[ApplicationId, Decision]] = field(default_factory=list)
    fault: KnownFault | None = None

    def open(self, application_id: ApplicationId) -> ReviewSheet:
        return self.office.reviews.open(application_id)

    def save_draft(self, application_id: ApplicationId, draft: Draft) -> None:
        self._fail()
        self.saved.append((application_id, draft))
        self.office.reviews.save_draft(application_id, draft)

    def decide(self, application_id: ApplicationId, decision: Decision) -> Receipt:
        self._fail()
        receipt = self.office.reviews.decide(application_id, decision)
        self.decided.append((application_id, decision))
        return receipt

    def withdraw(self, application_id: ApplicationId, reason: str = "") -> Receipt:
        self._fail()
        return self.office.reviews.withdraw(application_id, reason)

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault


@dataclass
class Claims:
    log: list[tuple[str, ApplicationId]] = field(default_factory=list)

    def take(self, application_id: ApplicationId) -> None:
        self.log.append(("take", application_id))

    def release(self, application_id: ApplicationId) -> None:
        self.log.append(("release", application_id))


@dataclass
class FakeView:
    states: list[ScreenState] = field(default_factory=list)
    told: list[tuple[ApplicationId, CommandKind]] = field(default_factory=list)
    made: list[Decided] = field(default_factory=list)
    taken: list[ApplicationId] = field(default_factory=list)
    kept: list[tuple[ApplicationId, tuple[Problem, ...]]] = field(default_factory=list)
    undecided: list[tuple[ApplicationId, CommandKind, list[str]]] = field(default_factory=list)
    previewed: list[ApplicationId] = field(default_factory=list)
    left: int = 0

    @property
    def state(self) -> ScreenState:
        return self.states[-1]

    @property
    def shown(self) -> ApplicationId | None:
        return self.state.sheet.application.id if self.state.sheet else None

    def show_state(self, state: ScreenState) -> None:
        self.states.append(state)

    def decided(self, decided: Decided) -> None:
        self.told.append((decided.sheet.application.id, decided.kind))
        self.made.append(decided)

    def not_decided(self, sheet: ReviewSheet, kind: CommandKind, problems: tuple[Problem, ...]) -> None:
        self.undecided.append((sheet.application.id, kind, [problem.code for problem in problems]))

    def taken_back(self, sheet: ReviewSheet) -> None:
        self.taken.append(sheet.application.id)

    def not_taken_back(self, sheet: ReviewSheet, problems: tuple[Problem, ...]) -> None:
        self.kept.append((sheet.application.id, problems))

    def preview(self, application_id: ApplicationId) -> None:
        self.previewed.append(application_id)

    def leave(self) -> None:
        self.left += 1


class Bench:
    """An opened window: ``writing`` holds what was submitted until the test releases it."""

    def __init__(self, office: Office, application_id: ApplicationId = ONE, *, claims: Claims | None = None) -> None:
        self.office = office
        self.view, self.reviews, self.claims = FakeView(), Watched(office), claims or Claims()
        self.writing = ManualRunner()
        self.presenter = ReviewPresenter(
            self.view, self.reviews, self.claims, tables(), self.writing, ImmediateRunner(), office.clock
        )
        self.presenter.open(application_id, ORDER)
        self.settle()

    def settle(self) -> None:
        """Deliver every answer."""
        self.writing.release_all()

    def draft(self, application_id: ApplicationId) -> Draft | None:
        """What a window opened after a kill would find."""
        return self.office.reviews.open(application_id).draft
