"""Decides what 审核窗口 shows and does. Knows no Qt; runs on the window's thread.

What is typed is saved as a draft with every change (:mod:`draft_keeper`). Opening, leaving and walking through the list
decide nothing. An answer that arrives after another application was asked for, or after the window was closed, is
dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import ApplicationId, Material
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import CommandKind
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.faults import KnownFault, Problem
from medreg_desktop.services.ports import Clock, Runner
from medreg_desktop.services.review.deciding import Decision, Receipt
from medreg_desktop.services.review.desk import Refused
from medreg_desktop.services.review.sheet import ReviewSheet
from medreg_desktop.views.review import originals
from medreg_desktop.views.review.claim_holder import ClaimHolder
from medreg_desktop.views.review.draft_keeper import DraftKeeper
from medreg_desktop.views.review.phrases import agreeing, refusing, returning
from medreg_desktop.views.review.state import Asking, Claims, Decided, Passing, Reviews, ScreenState, View, reasons_of

_READING_S = 1.5
"""Nobody has read contents that came under his eyes a shorter while ago; a press by then meant those before."""

_KINDS = {Asking.RETURN: CommandKind.RETURN, Asking.REFUSE: CommandKind.REFUSE}
_DECISIONS = frozenset({CommandKind.AGREE, CommandKind.RETURN, CommandKind.REFUSE})


class ReviewPresenter:
    """Owned by the window. ``writing`` and ``background`` are the runners of those threads."""

    def __init__(
        self,
        view: View,
        reviews: Reviews,
        claims: Claims,
        tables: Tables,
        writing: Runner,
        background: Runner,
        clock: Clock,
    ) -> None:
        self._clock, self._readable_at = clock, 0.0  # monotonic: when what was put in the place of what he read is read
        self._view, self._reviews, self._tables, self._writing = view, reviews, tables, writing
        self._claim = ClaimHolder(claims, background)
        self._state = ScreenState()
        self._order: tuple[ApplicationId, ...] = ()
        self._wanted: ApplicationId | None = None  # whose sheet is asked for or shown; None once closed
        self._last: Decided | None = None  # Ctrl+Z takes it back
        self._went_on = False  # from it to the next sheet, and he has asked for no other since
        self._settled = False  # the sheet shown is decided: what is typed now belongs to nothing
        self._offered = ""  # the reason on the sheet that nobody typed
        self._materials: tuple[Material, ...] = ()
        self._drafts = DraftKeeper(reviews.save_draft, writing, self._kept, self._unkept)
        self._passing = Passing.NOTHING

    # -- which application ------------------------------------------------------------------------------------------

    def open(self, application_id: ApplicationId, order: tuple[ApplicationId, ...]) -> None:
        """Put an application on the desk; ``order`` is the list it was opened from."""
        self._order = order if application_id in order else (application_id,)
        self._went_on = False
        self._load(application_id)

    def next(self) -> None:
        """Open the next one in the list's order."""
        self._went_on = False
        self._step(+1)

    def previous(self) -> None:
        """Open the one before."""
        self._went_on = False
        self._step(-1)

    def reload(self) -> None:
        """Read the sheet again, after the feed or another screen changed the copy; typed words stay."""
        sheet = self._state.sheet
        if sheet is not None and sheet.application.id == self._wanted and not self._state.is_saving:
            self._read(self._wanted, self._refreshed)

    def close(self) -> None:
        """Leave: the claim is given back, the draft stays, late answers are dropped."""
        self._drafts.flush()
        self._claim.release()
        self._wanted = None

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
        sheet = self._state.sheet
        if sheet is None or code not in {line.required.code for line in sheet.materials}:
            return
        self._materials = originals.with_tick(sheet, self._materials, code, seen=seen)
        self._keep()
        self._read(sheet.application.id, self._refreshed)

    # -- what is decided --------------------------------------------------------------------------------------------

    def agree(self) -> None:
        """同意: asks nothing, because it can be withdrawn until 受理."""
        if self._state.may_agree:
            self._decide(CommandKind.AGREE, self._state.opinion)

    def ask(self, asking: Asking) -> None:
        """Turn the action bar into the sheet for 退回修改 or 不同意; the reason typed before is still there.

        For returning, what stands in the way is the reason unless he types another; nobody is refused for it.
        """
        sheet = self._state.sheet
        if sheet is None or not self._state.may(_KINDS[asking]):
            return
        is_return = asking is Asking.RETURN
        phrases = returning(sheet, self._tables) if is_return else refusing(sheet, self._tables)
        typed = self._typed_reason()
        self._offered = self._state.opinion if is_return and sheet.blockers and not typed else ""
        self._show(asking=asking, reason=typed or self._offered, reason_phrases=phrases, problems=())

    def leave_sheet(self) -> None:
        """返回: the evidence and the action bar as they were."""
        self._show(asking=Asking.NOTHING, problems=())

    def confirm(self) -> None:
        """确认: only from the open sheet, with a reason."""
        if self._state.asking is not Asking.NOTHING and self._state.reason.strip():
            self._decide(_KINDS[self._state.asking], self._state.reason.strip())

    def withdraw(self, decided: Decided | None = None) -> None:
        """Take a decision back: that of the application shown, or (from its notice) one made before and no later."""
        sheet = decided.sheet if decided else self._state.sheet
        is_shown = sheet is not None and sheet.application.id == self._wanted
        if sheet is None or (is_shown and self._state.is_saving):
            return
        if is_shown:
            self._show(is_saving=True)
        self._last = None

        def done(_receipt: Receipt) -> None:
            if is_shown:
                self._show(is_saving=False)
            self._view.taken_back(sheet)
            self.reload()

        def failed(error: Exception) -> None:
            if is_shown and sheet.application.id == self._wanted:
                self._failed(error)
            else:
                self._view.not_taken_back(sheet, reasons_of(error))

        application_id = sheet.application.id

        def take_back() -> Receipt:
            standing = self._reviews.open(application_id).decision if decided else None
            if decided and standing and standing.command.id != decided.command_id:
                raise Refused(Problem("cannot_be_undone"))
            return self._reviews.withdraw(application_id)

        self._writing.submit(take_back, done, failed)

    def undo(self) -> None:
        """Ctrl+Z: take back the decision just made, else the one shown, else the one made last from this window."""
        if self._state.may(CommandKind.WITHDRAW_CONSENT) and not self._went_on:
            self.withdraw()
        elif self._last is not None:
            self.withdraw(self._last)

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
        if self._wanted is None or self._state.is_saving:
            return
        place = self._order.index(self._wanted) + by
        if 0 <= place < len(self._order):
            self._load(self._order[place])

    def _load(self, application_id: ApplicationId) -> None:
        self._claim.release()
        self._wanted = application_id
        self._read(application_id, self._loaded)

    def _read(self, application_id: ApplicationId, show: Callable[[ReviewSheet], None]) -> None:
        # Through the writer thread: a draft on its way there is then already in the sheet.
        self._drafts.flush()

        def arrived(sheet: ReviewSheet) -> None:
            if application_id == self._wanted:
                show(sheet)

        def failed(error: Exception) -> None:
            if application_id == self._wanted:
                self._not_read(application_id, error)

        self._writing.submit(lambda: self._reviews.open(application_id), arrived, failed)

    def _not_read(self, application_id: ApplicationId, error: Exception) -> None:
        """Show why there is no sheet; the list can still be walked on."""
        shown = self._state.sheet
        if shown is None or shown.application.id != application_id:
            self._state = ScreenState(
                position=self._order.index(application_id) + 1,
                total=len(self._order),
                only_differences=self._state.only_differences,
                go_on=self._state.go_on,
            )
        self._failed(error, Passing.READ)

    def _loaded(self, sheet: ReviewSheet) -> None:
        draft = sheet.draft
        phrases = agreeing(sheet, self._tables)
        self._settled, self._passing, self._readable_at = False, Passing.NOTHING, 0.0
        self._offered, self._materials = "", originals.ticked(sheet)
        self._state = ScreenState(
            sheet=sheet,
            position=self._order.index(sheet.application.id) + 1,
            total=len(self._order),
            opinion=draft.opinion if draft and draft.opinion else _first(phrases),
            phrases=phrases,
            reason=draft.reason if draft else "",
            problems=(Problem("content_changed"),) if sheet.draft_is_stale and sheet.moves & _DECISIONS else (),
            only_differences=self._state.only_differences,
            go_on=self._state.go_on,
        )
        self._view.show_state(self._state)
        self._claim.hold(sheet)

    def _refreshed(self, sheet: ReviewSheet) -> None:
        self._over(Passing.READ)
        before = self._state
        if before.sheet is None or sheet.application.id != before.sheet.application.id:
            return
        phrases = agreeing(sheet, self._tables)
        changes: dict[str, object] = {"sheet": sheet, "phrases": phrases, "gone": False}
        if before.opinion == _first(before.phrases):
            changes["opinion"] = _first(phrases)  # nobody typed it: it follows what the rules say now
        if before.asking is Asking.RETURN:
            changes["reason_phrases"] = returning(sheet, self._tables)
        if self._offered and before.reason == self._offered:
            self._offered = str(changes.get("opinion", before.opinion)) if sheet.blockers else ""
            changes["reason"] = self._offered
        if before.asking is not Asking.NOTHING and _KINDS[before.asking] not in sheet.moves:
            changes["asking"] = Asking.NOTHING
        if content_digest(sheet.application) != content_digest(before.sheet.application):
            changes["problems"] = (Problem("content_changed"),)
            self._materials = originals.ticked(sheet)
            self._readable_at = self._clock.monotonic() + _READING_S
        if sheet.moves & _DECISIONS and (self._settled or not before.sheet.moves & _DECISIONS):
            changes |= self._taken_up(sheet)
        self._show(**changes)
        self._claim.hold(sheet)

    def _taken_up(self, sheet: ReviewSheet) -> dict[str, object]:
        """Return what was written in a decision that was taken back: it is the draft again, and goes on from there."""
        self._settled = False
        draft = sheet.draft
        if draft is None:
            return {}
        self._offered, self._materials = "", originals.ticked(sheet)
        words: dict[str, object] = {"reason": draft.reason}
        return words | {"opinion": draft.opinion} if draft.opinion else words

    def _decide(self, kind: CommandKind, opinion: str) -> None:
        sheet = self._state.sheet
        if sheet is None or sheet.application.id != self._wanted or self._state.is_saving:
            return
        if self._clock.monotonic() < self._readable_at:
            return  # pressed at what stood there before: the sentence that it has changed has only just appeared
        read = sheet.application
        decision = Decision(kind, read.content_version, opinion, self._materials, content_digest(read))
        self._drafts.flush()
        self._show(is_saving=True, problems=(), fault="")

        def done(receipt: Receipt) -> None:
            self._drafts.forget(application_id)
            self._settled, self._last = True, Decided(sheet, kind, receipt.command_id)
            self._show(is_saving=False, asking=Asking.NOTHING, reason="")
            self._view.decided(self._last)
            self._go_on()

        def failed(error: Exception) -> None:
            if application_id == self._wanted:
                self._failed(error)
            else:
                self._view.not_decided(sheet, kind, reasons_of(error))
            if self._state.sheet is not None and self._state.sheet.application.id == application_id:
                self._state = replace(self._state, is_saving=False)
                self._keep()  # what was typed while it was being saved

        application_id = sheet.application.id
        self._writing.submit(lambda: self._reviews.decide(application_id, decision), done, failed)

    def _go_on(self) -> None:
        if not self._state.go_on:
            self.reload()
        elif self._state.position < self._state.total:
            self._step(+1)
            self._went_on = True
        elif self._wanted is not None:
            self._view.leave()

    def _kept(self) -> None:
        self._over(Passing.KEPT)

    def _unkept(self, error: Exception) -> None:
        self._failed(error, Passing.KEPT)

    def _over(self, with_what: Passing) -> None:
        """Show a fault of reading or keeping no longer than it lasts."""
        if self._passing is with_what:
            self._passing = Passing.NOTHING
            self._show(fault="", problems=())

    def _failed(self, error: Exception, passing: Passing = Passing.NOTHING) -> None:
        self._passing = passing
        if isinstance(error, Refused):
            gone = any(reason.code == "application_gone" for reason in error.reasons)
            self._show(is_saving=False, problems=error.reasons, gone=gone)
        elif isinstance(error, KnownFault):
            self._show(is_saving=False, fault=error.code)
        else:
            self._show(is_saving=False)
            raise error

    def _keep(self) -> None:
        sheet = self._state.sheet
        if sheet is None or self._state.is_saving or self._settled or not sheet.moves & _DECISIONS:
            return
        # What nobody typed is offered anew, by what the rules say then.
        opinion = self._state.opinion if self._state.opinion != _first(self._state.phrases) else ""
        draft = Draft(
            content_version=sheet.application.content_version,
            decision=_KINDS.get(self._state.asking),
            opinion=opinion,
            reason=self._typed_reason(),
            materials=self._materials,
            digest=content_digest(sheet.application),
        )
        self._drafts.keep(sheet.application.id, draft)

    def _typed_reason(self) -> str:
        return self._state.reason if self._state.reason != self._offered else ""

    def _show(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]  # names are ScreenState's own fields
        if self._wanted is not None:
            self._view.show_state(self._state)


def _first(phrases: tuple[str, ...]) -> str:
    return phrases[0] if phrases else ""
