"""When the moves of an application happened: a legal walk through the state machine on working days before today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final, assert_never

from medreg_core.domain.calendar import NotPublished, WorkCalendar
from medreg_core.domain.deadlines import CHINA, china_date
from medreg_core.domain.records import HistoryEntry
from medreg_core.domain.states import rule_for
from medreg_core.domain.vocabulary import Move, Role, State

_TO_AGREED: Final = (Move.SUBMIT, Move.AGREE)
_TO_ACCEPTED: Final = (*_TO_AGREED, Move.ACCEPT)
PATHS: Final[dict[State, tuple[Move, ...]]] = {
    State.SUBMITTED: (Move.SUBMIT,),
    State.AGREED: _TO_AGREED,
    State.ACCEPTED: _TO_ACCEPTED,
    State.APPROVED: (*_TO_ACCEPTED, Move.APPROVE),
    State.CERTIFIED: (*_TO_ACCEPTED, Move.APPROVE, Move.CERTIFY),
    State.COLLECTED: (*_TO_ACCEPTED, Move.APPROVE, Move.CERTIFY, Move.COLLECT),
    State.DENIED: (*_TO_ACCEPTED, Move.DENY),
    State.SUPPLEMENT: (*_TO_AGREED, Move.ASK_SUPPLEMENT),
    State.NOT_ACCEPTED: (*_TO_AGREED, Move.NOT_ACCEPT),
    State.RETURNED: (Move.SUBMIT, Move.RETURN),
    State.REFUSED: (Move.SUBMIT, Move.REFUSE),
    State.WITHDRAWN: (Move.SUBMIT, Move.WITHDRAW),
}
"""The shortest way to every state that an institution ever sees (a draft is the applicant's alone)."""

_DETOURS: Final = {
    Move.SUBMIT: (0.12, (Move.RETURN, Move.RESUBMIT)),
    Move.AGREE: (0.04, (Move.WITHDRAW_CONSENT, Move.AGREE)),
}
"""What may come between: after which move, how often, which moves."""

_GAPS: Final[dict[Move, tuple[int, int]]] = {
    Move.SUBMIT: (0, 0),
    Move.RESUBMIT: (1, 6),
    Move.WITHDRAW: (1, 8),
    Move.AGREE: (1, 8),
    Move.RETURN: (1, 6),
    Move.REFUSE: (1, 8),
    Move.WITHDRAW_CONSENT: (1, 2),
    Move.ACCEPT: (1, 5),
    Move.NOT_ACCEPT: (1, 4),
    Move.ASK_SUPPLEMENT: (1, 4),
    Move.SUPPLY: (1, 5),
    Move.APPROVE: (5, 18),
    Move.DENY: (5, 18),
    Move.CERTIFY: (1, 3),
    Move.COLLECT: (1, 10),
}
"""Working days since the move before: fewest and most."""

REGISTRARS: Final = ("查若溪", "李四")
OFFICER: Final = "周正言"

_ACTORS: Final = {Role.REGISTRAR: REGISTRARS, Role.COMMISSION: (OFFICER,), Role.PHYSICIAN: ("",)}

_WORDS: Final[dict[Move, tuple[str, ...]]] = {
    Move.AGREE: ("同意聘用，申请注册。", "情况属实，同意。", "同意聘用，材料齐全，原件已核。"),
    Move.RETURN: ("请补齐缺少的材料后重新提交。", "请核对所填内容后重新提交。", "请上传清晰的原件扫描件。"),
    Move.REFUSE: ("本机构未聘用该申请人。", "本机构无对应岗位，不同意。"),
    Move.WITHDRAW_CONSENT: ("拟聘用科室有变，重新审核。",),
    Move.NOT_ACCEPT: ("申请事项依法不需要办理，不予受理。", "申请表与电子申请内容不一致，不予受理。"),
    Move.ASK_SUPPLEMENT: ("请补交聘用证明原件。", "请补交近六个月二寸白底免冠照片。"),
    Move.DENY: ("注销注册不满二年，不予注册。", "定期考核不合格被注销不满一年，不予注册。"),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an application stands after its moves, and what they left on it."""

    state: State = State.DRAFT
    version: int = 0
    content_version: int = 1
    submitted_at: datetime | None = None
    accepted_on: date | None = None
    opinion: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None
    notes: tuple[str, ...] = ()
    history: tuple[HistoryEntry, ...] = ()


def moves_to(rng: Random, state: State) -> tuple[Move, ...]:
    """Return a way to ``state``: mostly the shortest one, sometimes with a return or a withdrawn consent on it."""
    moves: list[Move] = []
    for move in PATHS[state]:
        moves.append(move)
        share, detour = _DETOURS.get(move, (0.0, ()))
        if rng.random() < share:
            moves.extend(detour)
    return tuple(moves)


def happened(rng: Random, moves: Sequence[Move], calendar: WorkCalendar, today: date, age: int) -> Progress:
    """Return the progress of an application whose last move lies ``age`` (≥ 1) working days before ``today``."""
    ages = [age]
    for move in reversed(moves[1:]):
        ages.append(ages[-1] + rng.randint(*_GAPS[move]))
    progress = Progress()
    for move, days in zip(moves, reversed(ages), strict=True):
        progress = _after(progress, move, _office_hour(rng, workday_before(calendar, today, days)), rng)
    return progress


def workday_before(calendar: WorkCalendar, today: date, count: int) -> date:
    """Return the ``count``-th working day before ``today``; where no calendar is published, weekdays count."""
    day = calendar.add_workdays(today, -count)
    if not isinstance(day, NotPublished):
        return day
    weeks, rest = divmod(count, 5)
    plain = today - timedelta(weeks=weeks)
    while rest > 0 or plain.weekday() > 4:
        plain -= timedelta(days=1)
        rest -= plain.weekday() < 5
    return plain


def _office_hour(rng: Random, day: date) -> datetime:
    opening = datetime.combine(day, time(8, 30), CHINA)
    return (opening + timedelta(seconds=rng.randrange(9 * 3600))).astimezone(UTC)


def _after(before: Progress, move: Move, at: datetime, rng: Random) -> Progress:
    rule = rule_for(before.state, move)
    assert rule is not None, f"{move} is not allowed in {before.state}"
    role = min(rule.roles)  # of registrar and supervisor the registrar
    words = rng.choice(_WORDS.get(move, ("",)))
    version = before.version + 1
    moved = replace(
        before,
        state=rule.target,
        version=version,
        content_version=before.content_version + rule.new_content,
        history=(*before.history, HistoryEntry(at, role, rng.choice(_ACTORS[role]), move, version, words)),
    )
    return _marked(moved, moved.history[-1])


def _marked(progress: Progress, entry: HistoryEntry) -> Progress:
    """Return ``progress`` with what the move writes on the application beside its state."""
    match entry.move:
        case Move.SUBMIT | Move.RESUBMIT:
            return replace(progress, submitted_at=entry.at, opinion="", decided_by="", decided_at=None)
        case Move.AGREE | Move.RETURN | Move.REFUSE:
            return replace(progress, opinion=entry.reason, decided_by=entry.actor, decided_at=entry.at)
        case Move.WITHDRAW_CONSENT:
            return replace(progress, opinion="", decided_by="", decided_at=None)
        case Move.ACCEPT | Move.SUPPLY:
            return replace(progress, accepted_on=china_date(entry.at), notes=())
        case Move.NOT_ACCEPT | Move.ASK_SUPPLEMENT | Move.DENY:
            return replace(progress, notes=(entry.reason,))
        case Move.WITHDRAW | Move.APPROVE | Move.CERTIFY | Move.COLLECT:
            return progress
        case _:
            assert_never(entry.move)
