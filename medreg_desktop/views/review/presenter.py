"""Decides what 审核窗口 shows and does. Knows no Qt; runs on the window's thread.

What is typed is saved as a draft with every change: one save is under way at most, and the newest text follows it, so
that a kill loses no more than the stroke of the moment. Opening, leaving and walking through the list decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from medreg_core.domain.records import ApplicationId, Material
from medreg_core.domain.rules import MaterialState
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import CommandKind
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Handle, Runner
from medreg_desktop.services.review.deciding import Decision, Receipt
from medreg_desktop.services.review.desk import Refused
from medreg_desktop.services.review.sheet import ReviewSheet
from medreg_desktop.views.review.phrases import agreeing, refusing, returning
from medreg_desktop.views.review.state import Asking, Claims, Reviews, ScreenState, View

T = TypeVar("T")

_KINDS = {Asking.RETURN: CommandKind.RETURN, Asking.REFUSE: CommandKind.REFUSE}


class ReviewPresenter:
    """Owned by the window. ``reading``, ``writing`` and ``background`` are the runners of those threads."""

    def __init__(
        self,
        view: View,
        reviews: Reviews,
        claims: Claims,
        tables: Tables,
        reading: Runner,
        writing: Runner,
        background: Runner,
    ) -> None:
        self._view, self._reviews, self._claims, self._tables = view, reviews, claims, tables
        self._reading, self._writing, self._background = reading, writing, background
        self._state = ScreenState()
        self._order: tuple[ApplicationId, ...] = ()
        self._materials: tuple[Material, ...] = ()
        self._handles: list[Handle] = []
        self._unsaved: tuple[ApplicationId, Draft] | None = None
        self._is_draft_saving = False

    # -- which application ------------------------------------------------------------------------------------------

    def open(self, application_id: ApplicationId, order: tuple[ApplicationId, ...]) -> None:
        """Put an application on the desk; ``order`` is the list it was opened from."""
        self._order = order if application_id in order else (application_id,)
        self._load(application_id)

    def next(self) -> None:
        """Open the next one in the list's order."""
        self._step(+1)

    def previous(self) -> None:
        """Open the one before."""
        self._step(-1)

    def reload(self) -> None:
        """Read the sheet again, after the feed or another screen changed the copy; typed words stay."""
        if self._state.sheet is not None and not self._state.is_saving:
            self._read(self._state.sheet.application.id, self._refreshed)

    def close(self) -> None:
        """Leave: the claim is given back, the draft stays."""
        self._release()
        for handle in self._handles:
            handle.cancel()

    # -- what is typed ----------------------------------------------------------------------------------------------

    def write_opinion(self, text: str) -> None:
        """Take the opinion as it is typed."""
        if text != self._state.opinion:
            self._show(opinion=text)
            self._keep()

    def write_reason(self, text: str) -> None:
        """Take the reason on the sheet as it is typed."""
        if text != self._state.reason:
            self._show(reason=text)
            self._keep()

    def use_phrase(self, n: int) -> None:
        """Put the n-th phrase offered in place (Alt+1…9)."""
        asking = self._state.asking is not Asking.NOTHING
        phrases = self._state.reason_phrases if asking else self._state.phrases
        if not 0 <= n < len(phrases):
            return
        (self.write_reason if asking else self.write_opinion)(phrases[n])

    def tick_material(self, code: str, *, seen: bool) -> None:
        """Note that an original was seen, or not; the rules look again at once."""
        if self._state.sheet is None:
            return
        lines = self._state.sheet.materials
        self._materials = tuple(
            replace(line.material, original_seen=seen, copies=max(line.material.copies, line.required.copies * seen))
            if line.material.code == code
            else line.material
            for line in lines
            if line.material.code == code or line.state is not MaterialState.MISSING or line.material.pages
        )
        self._keep()
        self._read(self._state.sheet.application.id, self._refreshed, after_write=True)

    # -- what is decided --------------------------------------------------------------------------------------------

    def agree(self) -> None:
        """同意: asks nothing, because it can be withdrawn until 受理."""
        if self._state.may_agree:
            self._decide(CommandKind.AGREE, self._state.opinion)

    def ask(self, asking: Asking) -> None:
        """Turn the action bar into the sheet for 退回修改 or 不同意; the reason typed before is still there."""
        sheet = self._state.sheet
        if sheet is None or not self._state.may(_KINDS[asking]):
            return
        offered = returning(sheet, self._tables) if asking is Asking.RETURN else refusing(sheet, self._tables)
        reason = self._state.reason or self._state.opinion if sheet.blockers else self._state.reason
        self._show(asking=asking, reason=reason, reason_phrases=offered, problems=())

    def leave_sheet(self) -> None:
        """返回: the evidence and the action bar as they were."""
        self._show(asking=Asking.NOTHING, problems=())

    def confirm(self) -> None:
        """确认: only from the open sheet, with a reason."""
        if self._state.asking is not Asking.NOTHING and self._state.reason.strip():
            self._decide(_KINDS[self._state.asking], self._state.reason.strip())

    def withdraw(self, application_id: ApplicationId | None = None) -> None:
        """Take a decision back: of the application shown, or (from the notice) of one decided before."""
        sheet = self._state.sheet
        target = application_id or (sheet.application.id if sheet else None)
        if target is None or self._state.is_saving:
            return
        self._show(is_saving=True)

        def done(_receipt: Receipt) -> None:
            self._show(is_saving=False)
            if sheet is not None:
                self._view.taken_back(sheet)
            self.reload()

        self._writing.submit(lambda: self._reviews.withdraw(target), done, self._failed)

    # -- small things -----------------------------------------------------------------------------------------------

    def preview(self) -> None:
        """Open 打印预览 of the application."""
        if self._state.sheet is not None:
            self._view.preview(self._state.sheet.application.id)

    def show_only_differences(self, *, on: bool) -> None:
        """Hide rows that are equal (Alt+D)."""
        self._show(only_differences=on)

    def go_on_after(self, *, on: bool) -> None:
        """Whether a decision opens the next one."""
        self._show(go_on=on)

    def reveal(self) -> None:
        """Show the full numbers of the application on the desk; hidden again with the next one."""
        self._show(reveal=True)

    # -- inside -----------------------------------------------------------------------------------------------------

    def _step(self, by: int) -> None:
        place = self._state.position - 1 + by
        if self._state.sheet is not None and 0 <= place < len(self._order) and not self._state.is_saving:
            self._load(self._order[place])

    def _load(self, application_id: ApplicationId) -> None:
        self._release()
        self._materials = ()
        self._read(application_id, self._loaded, after_write=True)

    def _read(
        self, application_id: ApplicationId, show: Callable[[ReviewSheet], None], *, after_write: bool = False
    ) -> None:
        # Through the writer thread when a draft is on its way there: the sheet must be read after it.
        runner = self._writing if after_write else self._reading
        self._handles = [runner.submit(lambda: self._reviews.open(application_id), show, self._failed)]

    def _loaded(self, sheet: ReviewSheet) -> None:
        draft = sheet.draft
        phrases = agreeing(sheet, self._tables)
        opinion = draft.opinion if draft and draft.opinion else (phrases[0] if phrases else "")
        self._materials = draft.materials if draft else ()
        self._state = ScreenState(
            sheet=sheet,
            position=self._order.index(sheet.application.id) + 1,
            total=len(self._order),
            opinion=opinion,
            phrases=phrases,
            reason=draft.reason if draft else "",
            only_differences=self._state.only_differences,
            go_on=self._state.go_on,
        )
        self._view.show_state(self._state)
        if sheet.moves:
            self._claim(sheet.application.id)

    def _refreshed(self, sheet: ReviewSheet) -> None:
        if self._state.sheet is not None and sheet.application.id == self._state.sheet.application.id:
            self._show(sheet=sheet, phrases=agreeing(sheet, self._tables))

    def _decide(self, kind: CommandKind, opinion: str) -> None:
        sheet = self._state.sheet
        if sheet is None or self._state.is_saving:
            return
        decision = Decision(kind, sheet.application.content_version, opinion, self._materials)
        self._unsaved = None
        self._show(is_saving=True, problems=(), fault="")

        def done(_receipt: Receipt) -> None:
            self._show(is_saving=False, asking=Asking.NOTHING, reason="")
            self._view.decided(sheet, kind)
            self._go_on(sheet)

        application_id = sheet.application.id
        self._writing.submit(lambda: self._reviews.decide(application_id, decision), done, self._failed)

    def _go_on(self, sheet: ReviewSheet) -> None:
        if not self._state.go_on:
            self.reload()
        elif self._state.position < self._state.total:
            self._load(self._order[self._state.position])
        else:
            self._release_of(sheet.application.id)
            self._view.leave()

    def _failed(self, error: Exception) -> None:
        if isinstance(error, Refused):
            gone = any(reason.code == "application_gone" for reason in error.reasons)
            self._show(is_saving=False, problems=error.reasons, gone=gone)
        elif isinstance(error, KnownFault):
            self._show(is_saving=False, fault=error.code)
        else:
            self._show(is_saving=False)
            raise error

    def _keep(self) -> None:
        if self._state.sheet is None or self._state.is_saving:
            return
        draft = Draft(
            content_version=self._state.sheet.application.content_version,
            decision=_KINDS.get(self._state.asking),
            opinion=self._state.opinion,
            reason=self._state.reason,
            materials=self._materials,
        )
        self._unsaved = (self._state.sheet.application.id, draft)
        self._save_next()

    def _save_next(self) -> None:
        if self._is_draft_saving or self._unsaved is None:
            return
        (application_id, draft), self._unsaved = self._unsaved, None
        self._is_draft_saving = True

        def done(_nothing: None) -> None:
            self._is_draft_saving = False
            self._save_next()

        def failed(error: Exception) -> None:
            self._is_draft_saving = False
            self._failed(error)

        self._writing.submit(lambda: self._reviews.save_draft(application_id, draft), done, failed)

    def _claim(self, application_id: ApplicationId) -> None:
        self._background.submit(lambda: self._claims.take(application_id), _heard, _unheard)

    def _release(self) -> None:
        if self._state.sheet is not None and self._state.sheet.moves:
            self._release_of(self._state.sheet.application.id)

    def _release_of(self, application_id: ApplicationId) -> None:
        self._background.submit(lambda: self._claims.release(application_id), _heard, _unheard)

    def _show(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]  # names are ScreenState's own fields
        self._view.show_state(self._state)


def _heard(_nothing: None) -> None:
    """A claim was taken; the feed shows it."""


def _unheard(error: Exception) -> None:
    """A claim could not be taken, which is usual offline and decides nothing."""
    if not isinstance(error, KnownFault):
        raise error
