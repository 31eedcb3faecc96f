"""中断小结: one page on an outage for the head physician: from when to when, why, and what became of the decisions.

Counts and the names of registrars only; nothing of a physician is on it (``sync.md`` §3, none has, 10).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from medreg_core.contract.v1.commands import Agree
from medreg_core.domain.deadlines import CHINA
from medreg_core.domain.records import AccountId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.cache import outages, outbox, papers, sync_state
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outages import Outage
from medreg_desktop.services.cache.outbox import OutboxRow
from medreg_desktop.services.cache.overlay import MOVES

SHOWN = 12
"""Registrars that fit the page; the others are summed up in the last line."""

FIELDS = frozenset(
    {"institution", "began", "ended", "lasted", "causes", "printed", "total_decided", "total_sent", "total_accepted"}
    | {"total_conflicts", "total_refused", "total_waiting", "total_recall"}
    | {f"{column}_{n}" for n in range(SHOWN) for column in
       ("name", "decided", "sent", "accepted", "conflicts", "refused", "waiting", "recall")}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of somebody's decisions; ``recall`` are printed papers that must come back."""

    decided: int = 0
    sent: int = 0
    accepted: int = 0
    conflicts: int = 0
    refused: int = 0
    waiting: int = 0
    recall: int = 0

    def plus(self, other: Tally) -> Tally:
        """Return the sum."""
        return Tally(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class OutageReport:
    """One outage and its decisions, by registrar in the order of their first one."""

    outage: Outage
    institution: str
    lines: tuple[tuple[str, Tally], ...]

    @property
    def total(self) -> Tally:
        """All registrars together."""
        total = Tally()
        for _, tally in self.lines:
            total = total.plus(tally)
        return total


def report_of(conn: Connection, outage: Outage, names: Mapping[str, str]) -> OutageReport:
    """Count what became of the decisions of an outage, as the copy knows it. ``names`` by account id."""
    tallies: dict[AccountId, Tally] = defaultdict(Tally)
    forms: dict[AccountId, set[str]] = defaultdict(set)
    for command_id in outages.commands_of(conn, outage):
        row = outbox.row_of(conn, command_id)
        if row.kind not in MOVES:
            continue  # a sheet printed, a code handed out: no decision
        tallies[row.actor] = tallies[row.actor].plus(_tally(row))
        if isinstance(row.command.body, Agree):
            forms[row.actor].add(row.command.body.form_number)
    viewer = sync_state.viewer(conn)
    for actor, numbers in forms.items():
        void = papers.to_recall(conn, replace(viewer, actor=actor))
        back = sum(paper.outstanding for paper in void if paper.form_number in numbers)
        tallies[actor] = tallies[actor].plus(Tally(recall=back))
    institution = sync_state.institution(conn)
    lines = tuple((names.get(actor, actor), tally) for actor, tally in tallies.items())
    return OutageReport(outage, institution.name if institution else "", lines)


def texts_of(report: OutageReport, causes: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Return what stands on the page. ``causes``: words for the codes."""
    outage = report.outage
    texts = {
        "institution": report.institution,
        "began": _moment(outage.began_at),
        "ended": _moment(outage.ended_at) if outage.ended_at else "尚未恢复",
        "lasted": _span(((outage.ended_at or now) - outage.began_at).total_seconds()),
        "causes": "；".join(causes.get(code, code) for code in outage.causes),
        "printed": _moment(now),
        **_columns("total", "", report.total),
    }
    for n, (name, tally) in enumerate(_fitting(report.lines)):
        texts |= {f"name_{n}": name, **_columns("", f"_{n}", tally)}
    return {field: texts.get(field, "") for field in FIELDS}


def _tally(row: OutboxRow) -> Tally:
    """Count a decision as what the register made of it; one that a restored register no longer holds waits again."""
    kind = row.outcome.kind if row.outcome is not None else None
    taken = kind in {OutcomeKind.ACCEPTED, OutcomeKind.SUPERSEDED}
    conflicts, refused = kind is OutcomeKind.CONFLICT, kind in {OutcomeKind.REJECTED, OutcomeKind.MISMATCH}
    return Tally(
        decided=1,
        sent=int(row.sent),
        accepted=int(taken and not row.is_open and not row.resolution),
        conflicts=int(conflicts),
        refused=int(refused),
        waiting=int(row.is_open and not conflicts and not refused),
    )


def _fitting(lines: tuple[tuple[str, Tally], ...]) -> tuple[tuple[str, Tally], ...]:
    if len(lines) <= SHOWN:
        return lines
    rest = Tally()
    for _, tally in lines[SHOWN - 1 :]:
        rest = rest.plus(tally)
    return (*lines[: SHOWN - 1], (f"其他 {len(lines) - SHOWN + 1} 人", rest))


def _columns(before: str, after: str, tally: Tally) -> dict[str, str]:
    head = f"{before}_" if before else ""
    return {f"{head}{name}{after}": str(getattr(tally, name)) for name in tally.__slots__}


def _moment(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"


def _span(seconds: float) -> str:
    minutes = max(0, round(seconds / 60))
    hours, rest = divmod(minutes, 60)
    return f"{hours} 小时 {rest} 分钟" if hours else f"{rest} 分钟"
