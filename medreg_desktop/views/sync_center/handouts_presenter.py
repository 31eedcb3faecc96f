"""Decides what 信使与小结 says and does: files for a courier, pages on outages, receipts. Knows no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from medreg_core.domain.deadlines import CHINA
from medreg_core.domain.records import CommandId
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Runner
from medreg_desktop.services.printing.outage_report import OutageReport
from medreg_desktop.services.sync.bundles import BundleNote
from medreg_desktop.services.sync.courier_desk import Brought, Carried
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.services.texts.translator import together, tr, trn

T = TypeVar("T")

SHOWN = 6
"""Outages listed; the page of any of them can be saved and printed."""


@dataclass(frozen=True, slots=True)
class Handouts:
    """What the window shows. ``news`` is the last thing that came out, ``is_bad`` whether it failed."""

    outages: tuple[OutageReport, ...] = ()
    decision: CommandId | None = None
    news: str = ""
    is_bad: bool = False


class Source(Protocol):
    """The courier and the reports of the office; all of it may be slow, and may raise KnownFault."""

    def write_to(self, folder: Path) -> None:
        """Have what waits written into a file; how it came out stands in the report of sync."""
        ...

    def read(self, path: Path) -> Brought:
        """Take the answers a courier brought back."""
        ...

    def carry(self, path: Path) -> Carried:
        """Bring a colleague's file to the service."""
        ...

    def outages(self) -> list[OutageReport]:
        """Return the outages, newest first."""
        ...

    def save_outage(self, report: OutageReport, path: Path) -> None:
        """Save the page of one outage."""
        ...

    def save_receipt(self, command_id: CommandId, path: Path) -> None:
        """Save the page that proves a decision."""
        ...


class HandoutsPresenter:
    """Owned by the window. ``shown`` is called on its thread, ``opened`` with each page that was saved."""

    def __init__(
        self, source: Source, runner: Runner, shown: Callable[[Handouts], None], opened: Callable[[Path], None]
    ) -> None:
        self._source, self._runner = source, runner
        self._shown, self._opened = shown, opened
        self._state = Handouts()
        self._bundle_n = -1

    def open(self, decision: CommandId | None, note: BundleNote) -> None:
        """Show the window for the decision that was looked at; what came out earlier is no news."""
        self._bundle_n = note.n
        self._show(decision=decision, news="", is_bad=False)
        self._runner.submit(self._source.outages, self._listed, self._failed)

    def report(self, note: BundleNote) -> None:
        """Tell how the file that was asked for came out."""
        if note.is_being_written or self._bundle_n in (-1, note.n):
            return
        self._bundle_n = note.n
        if note.code:
            self._show(news=sentence(note.code), is_bad=True)
            return
        carried = trn("{n} decision is in {name}.", "{n} decisions are in {name}.", note.carried, name=note.name)
        left = trn("{n} did not fit and waits.", "{n} did not fit and wait.", note.left) if note.left else ""
        self._show(news=together(carried, left, tr("They stay here until answers come back.")), is_bad=False)

    def write_to(self, folder: Path) -> None:
        """交信使: write what waits onto the stick."""
        self._show(news=tr("Writing…"), is_bad=False)  # before it is asked for: sync may have told the end by then
        self._runner.submit(lambda: self._source.write_to(folder), lambda _none: None, self._failed)

    def read(self, path: Path) -> None:
        """读入答复."""

        def told(brought: Brought) -> str:
            read = trn("{n} answer read.", "{n} answers read.", brought.answers)
            return together(read, trn("{n} was still open.", "{n} were still open.", brought.still_open))

        self._ask(lambda: self._source.read(path), told)

    def carry(self, path: Path) -> None:
        """替同事带交."""

        def told(carried: Carried) -> str:
            text = "{n} decision answered; carry {name} back."
            said = trn(text, "{n} decisions answered; carry {name} back.", carried.carried_out, name=carried.name)
            text = "{n} has no final answer yet: bring the file to the service once more."
            left = trn(text, "{n} have no final answer yet: bring the file to the service once more.", carried.left)
            return together(said, left) if carried.left else said

        self._ask(lambda: self._source.carry(path), told)

    def save_outage(self, place: int, path: Path) -> None:
        """Save the page of a listed outage and show it, to be printed from there."""
        report = self._state.outages[place]
        self._ask(lambda: self._source.save_outage(report, path), self._saved(path))

    def save_receipt(self, path: Path) -> None:
        """Save the receipt of the decision that was looked at."""
        decision = self._state.decision
        if decision is not None:
            self._ask(lambda: self._source.save_receipt(decision, path), self._saved(path))

    def _saved(self, path: Path) -> Callable[[object], str]:
        def told(_none: object) -> str:
            self._opened(path)
            return tr("Saved.")

        return told

    def _ask(self, work: Callable[[], T], told: Callable[[T], str]) -> None:
        self._runner.submit(work, lambda answer: self._show(news=told(answer), is_bad=False), self._failed)

    def _listed(self, reports: list[OutageReport]) -> None:
        self._show(outages=tuple(reports[:SHOWN]))

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, KnownFault):
            raise error
        self._show(news=sentence(error.code, **error.params), is_bad=True)

    def _show(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]  # names are Handouts' own fields
        self._shown(self._state)


def outage_line(report: OutageReport) -> str:
    """Return one outage in one line: from when to when, and how many decisions it concerned."""
    outage, total = report.outage, report.total
    began = f"{outage.began_at.astimezone(CHINA):%m-%d %H:%M}"
    ended = f"{outage.ended_at.astimezone(CHINA):%m-%d %H:%M}" if outage.ended_at else tr("still lasts")
    return tr(
        "{began} to {ended}: {decided} decided, {accepted} accepted, {conflicts} in conflict, {recall} to recall",
        began=began, ended=ended, decided=total.decided, accepted=total.accepted, conflicts=total.conflicts,
        recall=total.recall,
    )  # fmt: skip
