"""Decides what 同步中心 shows and does. Knows no Qt; runs on the window's thread.

Looking changes nothing: only a button settles an item, and 稍后处理 leaves everything as it is. Whatever changed in the
copy, the item being looked at stays, as long as it still needs the registrar.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from medreg_core.domain.deadlines import china_date
from medreg_core.domain.records import ApplicationId, CommandId
from medreg_desktop.services.cache.outbox import OutboxCounts, OutboxState
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock, Runner
from medreg_desktop.services.printing.whole_file import save_whole
from medreg_desktop.services.review.desk import Refused
from medreg_desktop.services.review.outbox_desk import Conflict, OutboxItem
from medreg_desktop.services.review.paper_desk import PaperLine
from medreg_desktop.services.review.quarantine_desk import HandOver, Reason, SetApart
from medreg_desktop.services.review.reconcile_desk import Reconciliation
from medreg_desktop.services.review.sheet import ReviewSheet
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.views.sync_center.reconcile_words import recall_list
from medreg_desktop.views.sync_center.state import ANSWERED_SHOWN, CenterServices, Group, ScreenState, View


@dataclass(frozen=True, slots=True)
class _Read:
    items: tuple[OutboxItem, ...]
    answered: tuple[OutboxItem, ...]
    papers: tuple[PaperLine, ...]
    counts: OutboxCounts


class SyncCenterPresenter:
    """Owned by the page. ``reading`` and ``writing`` are the runners of those threads."""

    def __init__(self, view: View, services: CenterServices, reading: Runner, writing: Runner, clock: Clock) -> None:
        self._view, self._outbox, self._papers = view, services.outbox, services.papers
        self._quarantine, self._attempts = services.quarantine, services.attempts
        self._reconciling, self._recall_printer = services.reconciling, services.recall_printer
        self._registrar = services.registrar
        self._reading, self._writing, self._clock = reading, writing, clock
        self._state = ScreenState()
        self._wanted: CommandId | None = None  # whose both versions are asked for or shown
        self._put_aside: set[CommandId] = set()  # 稍后处理: not offered again by itself
        self._reads = 0
        self._could_not_read = False
        self._is_closed = False

    def refresh(self) -> None:
        """Read everything again. Reads run side by side: only the newest one's answer is shown."""
        self._reads += 1
        this = self._reads

        def arrived(read: _Read) -> None:
            if this == self._reads and not self._is_closed:
                self._arrived(read)

        self._reading.submit(self._read, arrived, self._unread)
        if self._state.group is Group.RECONCILE:
            self._reconcile()

    def report(self, report: SyncReport) -> None:
        """Take the newest report of the sync loop; a rehearsal that says something brings its first item up."""
        before = self._state.foreseen
        self._show(report=report)
        if self._state.foreseen != before:
            self._offer()

    def seconds_left(self) -> int:
        """Return in how many seconds what passes the rehearsal goes by itself; 0 once it may."""
        rehearsed = self._state.report.rehearsed if self._state.report else None
        if rehearsed is None or rehearsed.sends_at is None:
            return 0
        return max(0, ceil((rehearsed.sends_at - self._clock.now()).total_seconds()))

    def choose(self, group: Group) -> None:
        """Show another tab; 对账 is read when it is shown, for it looks through the whole copy."""
        self._show(group=group, problem="")
        if group is Group.RECONCILE:
            self._reconcile()

    def print_recall_list(self) -> None:
        """打印收回清单: one page of the papers still about."""
        page = recall_list(self._state.outstanding, self._registrar, china_date(self._clock.now()))

        def done(pdf: bytes) -> None:
            if pdf:
                self._view.offer_file(f"{page.title}.pdf", pdf)
            else:
                self._view.tell(tr("The recall list was sent to the printer."))

        self._reading.submit(lambda: self._recall_printer.print(page), done, self._failed)

    def look_at(self, command_id: CommandId) -> None:
        """Show one item at the right."""
        self._wanted = command_id
        said = {item.row.command.id: item.foreseen for item in self._state.foreseen}.get(command_id)

        def read() -> tuple[Conflict, SetApart | None]:
            current = self._outbox.conflict(command_id, said)
            apart = current.row.state is OutboxState.QUARANTINED
            return current, self._quarantine.look(command_id) if apart else None

        def found(read: tuple[Conflict, SetApart | None]) -> None:
            current, apart = read
            if self._wanted == command_id and (current, apart) != (self._state.current, self._state.set_apart):
                asks = self._state.gives_up and apart is not None and apart == self._state.set_apart
                self._show(current=current, set_apart=apart, gives_up=asks)

        def gone(error: Exception) -> None:
            if self._wanted == command_id:
                self._wanted = None
                self._failed(error)

        self._reading.submit(read, found, gone)

    def look_at_application(self, application_id: ApplicationId) -> None:
        """Show the item of an application, coming from its row in the work list."""

        def find() -> CommandId | None:
            waiting = [item for item in self._outbox.items() if item.can_drop]
            ids = [item.row.command.id for item in waiting if item.row.command.application_id == application_id]
            return ids[-1] if ids else None

        def found(command_id: CommandId | None) -> None:
            if command_id is not None:
                self._put_aside.discard(command_id)
                self._show(group=Group.OPEN)
                self.look_at(command_id)

        self._reading.submit(find, found, self._failed)

    def next_waiting(self) -> None:
        """Show the next item that needs the registrar (F2), going round."""
        self._show(problem="")
        following = self._after(self._wanted)
        if following:
            self.look_at(following[0])

    def review_again(self) -> None:
        """按版本 n 重新审核: opens the window on the newest version, the words already there."""
        current = self._state.current
        if current is None or not current.can_review_again:
            return
        command_id = current.row.command.id
        if current.is_foreseen:
            application_id = current.row.command.application_id
            self._write(lambda: self._outbox.cancel(command_id), lambda: self._view.open_review(application_id))
            return

        def done(sheet: ReviewSheet) -> None:
            self._view.open_review(sheet.application.id)
            self.refresh()

        self._writing.submit(lambda: self._outbox.review_again(command_id), done, self._failed)

    def give_up(self) -> None:
        """放弃我的决定: the register's version stands; the refused command stays in the history."""
        current = self._state.current
        if current is None:
            return
        command_id = current.row.command.id
        if current.row.state is OutboxState.QUARANTINED:
            self._show(gives_up=True)  # may be known to the service: a reason first
        elif current.is_foreseen:
            self._write(lambda: self._outbox.cancel(command_id))
        else:
            self._write(lambda: self._outbox.drop(command_id))

    def give_up_for(self, reason: Reason) -> None:
        """放弃 of a command in quarantine, with its reason; its paper is listed to be recalled."""
        apart = self._state.set_apart
        if apart is not None:
            self._show(gives_up=False)
            self._write(lambda: self._quarantine.give_up(apart.command_id, reason))

    def keep(self) -> None:
        """Leave the question for a reason, or for a number of copies; nothing has changed."""
        self._show(gives_up=False, recalling=None)

    def hand_over(self) -> None:
        """转交处理: a reference for support, to be saved where the registrar wants it."""
        apart = self._state.set_apart
        if apart is None:
            return
        attempts = self._attempts.of_command(apart.command_id)

        def done(given: HandOver) -> None:
            self._view.offer_file(given.file_name, given.content)
            self.refresh()

        self._writing.submit(lambda: self._quarantine.hand_over(apart.command_id, attempts), done, self._failed)

    def save_file(self, path: Path, content: bytes) -> None:
        """Save what was offered where the registrar wants it."""
        self._write(lambda: save_whole(path, content))

    def later(self) -> None:
        """稍后处理: put the item away, nothing changes, it stays in 需处理; the next one not put away comes up."""
        if self._state.gives_up or self._state.recalling is not None:
            self.keep()
            return
        if self._wanted is None:
            return
        self._put_aside.add(self._wanted)
        following = [command_id for command_id in self._after(self._wanted) if command_id not in self._put_aside]
        self._wanted = None
        self._show(current=None, set_apart=None, problem="")
        if following:
            self.look_at(following[0])

    def retry(self, command_id: CommandId) -> None:
        """Try one command at once, a quarantined one included."""
        self._write(lambda: self._outbox.retry((command_id,)), self._view.sync_now)

    def cancel(self, command_id: CommandId) -> None:
        """撤回 of a decision that has not left this device."""
        self._write(lambda: self._outbox.cancel(command_id))

    def record_recall(self, line: PaperLine) -> None:
        """登记收回: asks first how many of the copies still about are back, for nobody can take the record back."""
        self._show(recalling=line, problem="")

    def recall(self, copies: int) -> None:
        """Record that so many copies of the form asked for are back."""
        line = self._state.recalling
        if line is not None:
            self._show(recalling=None)
            self._write(lambda: self._papers.record_recall(line.paper, copies))

    def close(self) -> None:
        """The page is gone: late answers are dropped."""
        self._is_closed = True

    # -- inside -----------------------------------------------------------------------------------------------------

    def _reconcile(self) -> None:
        def found(reconciled: Reconciliation) -> None:
            self._show(reconciled=reconciled)

        self._reading.submit(self._reconciling.read, found, self._failed)

    def _after(self, command_id: CommandId | None) -> list[CommandId]:
        """Return the items that need the registrar, beginning behind this one, going round."""
        ids = [item.row.command.id for item in self._state.to_look_at]
        at = ids.index(command_id) + 1 if command_id in ids else 0
        return ids[at:] + ids[:at]

    def _read(self) -> _Read:
        return _Read(
            tuple(self._outbox.items()),
            tuple(self._outbox.answered(ANSWERED_SHOWN)),
            tuple(self._papers.papers_to_recall()),
            self._outbox.counts(),
        )

    def _arrived(self, read: _Read) -> None:
        found = {"items": read.items, "answered": read.answered, "papers": read.papers, "counts": read.counts}
        self._state = replace(self._state, **found)  # type: ignore[arg-type]  # names are ScreenState's own fields
        self._state = replace(self._state, recalling=_again(self._state.recalling, self._state.outstanding))
        if self._could_not_read:
            self._could_not_read = False
            self._show(problem="")
        self._offer()
        self._view.tell_counts(read.counts)

    def _offer(self) -> None:
        """Keep the item in view as long as it needs the registrar, else bring up the first that was not put away."""
        waiting = [item.row.command.id for item in self._state.to_look_at]
        self._put_aside &= set(waiting)
        changes: dict[str, object] = {}
        if self._wanted not in waiting:
            offered = [command_id for command_id in waiting if command_id not in self._put_aside]
            self._wanted = offered[0] if offered else None
            changes = {"current": None, "set_apart": None, "gives_up": False}
        self._show(**changes)
        if self._wanted is not None:
            self.look_at(self._wanted)  # also the one shown: the register's side may be newer

    def _write(self, work: Callable[[], object], then: Callable[[], None] | None = None) -> None:
        def done(_answer: object) -> None:
            self._show(problem="")
            self.refresh()
            self._view.tell_saved()
            if then is not None:
                then()

        def failed(error: Exception) -> None:
            self._failed(error)
            self.refresh()  # what was refused is no longer as it was shown

        self._writing.submit(work, done, failed)

    def _unread(self, error: Exception) -> None:
        self._could_not_read = True
        self._failed(error)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, Refused):
            self._show(problem=error.reasons[0].code)
        elif isinstance(error, KnownFault):
            self._show(problem=error.code)
        else:
            raise error

    def _show(self, **changes: object) -> None:
        changes["now"] = self._clock.now()
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]  # names are ScreenState's own fields
        if not self._is_closed:
            self._view.show_state(self._state)


def _again(line: PaperLine | None, papers: Sequence[PaperLine]) -> PaperLine | None:
    """Return the line as it was read now; None if all its copies are back."""
    number = line.paper.form_number if line is not None else ""
    return next((paper for paper in papers if paper.paper.form_number == number), None)
