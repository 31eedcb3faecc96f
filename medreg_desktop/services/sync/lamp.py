"""The one word about sync in the status bar: exactly one of eight, by precedence (``look.md`` §5, ``sync.md`` §5.8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from medreg_desktop.services.transport.trouble import Trouble, TroubleKind

CLOCK_TOLERANCE_S = 300
"""Beyond five minutes the registrar is told; nothing is decided or refused for it (``sync.md`` §5.9)."""


class LampKind(StrEnum):
    """The eight states, in the order of their precedence."""

    NEEDS_YOU = "needs_you"  # n 项需要您处理
    SIGN_IN = "sign_in"  # 请重新登录
    NETWORK_SIGN_IN = "network_sign_in"  # 网络需要登录
    CLOCK = "clock"  # 本机时钟快 n 分钟
    SERVER_SILENT = "server_silent"  # 服务端未应答，n 秒后重试
    OFFLINE = "offline"  # 离线，自 hh:mm
    SENDING = "sending"  # 正在发送 n / m
    SYNCED = "synced"  # 已同步 hh:mm


@dataclass(frozen=True, slots=True)
class Lamp:
    """The word and what fills it in; fields that the word does not use keep their defaults.

    ``code`` names the cause where there is a finer one (a fault code of ``texts``); for :attr:`LampKind.SENDING` what
    it is instead: ``paused``, ``rehearsed`` (``count`` of them would need the registrar), ``server_too_old`` (all that
    waits is of a kind the service does not know yet), or ``receiving`` (the copy is being loaded: ``done`` and
    ``total`` are its rows).
    """

    kind: LampKind
    count: int = 0
    done: int = 0
    total: int = 0
    since: datetime | None = None
    next_try_at: datetime | None = None
    minutes_fast: int = 0  # negative: slow
    code: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything the lamp depends on."""

    needs_you: int = 0
    unsent: int = 0
    sent: int = 0  # of the run that is draining now
    queue_known: bool = False
    session: bool = False
    session_ended: bool = False
    blocked: str = ""  # code of what only a person can mend: update, revoked, wrong institution, disk
    trouble: Trouble | None = None
    clock_offset_s: float | None = None  # ours minus the server's
    offline_since: datetime | None = None
    next_try_at: datetime | None = None
    synced_at: datetime | None = None
    caught_up: bool = False
    loaded: int = 0
    to_load: int = 0
    paused: bool = False
    beyond_service: int = 0  # of the unsent: of a kind the service does not know yet
    would_need_you: int = 0  # what a rehearsal has found and the registrar may look at


def lamp(s: Situation) -> Lamp:  # noqa: PLR0911 - one line per word, in the order of precedence
    """Return the lamp of a situation. Green needs: nothing waiting, nobody needed, caught up, and the service heard."""
    kind = s.trouble.kind if s.trouble else None
    code = s.trouble.code if s.trouble else ""
    if s.needs_you or s.blocked:
        return Lamp(LampKind.NEEDS_YOU, count=s.needs_you + bool(s.blocked), code=s.blocked)
    if s.session_ended or kind is TroubleKind.SIGN_IN:
        return Lamp(LampKind.SIGN_IN, code=code if kind is TroubleKind.SIGN_IN else "session_expired")
    if kind in {TroubleKind.PORTAL, TroubleKind.UNTRUSTED}:
        return Lamp(LampKind.NETWORK_SIGN_IN, code=code)
    if _clock_is_off(s, kind):
        return Lamp(LampKind.CLOCK, minutes_fast=round((s.clock_offset_s or 0) / 60), code=code or "clock_wrong")
    if kind in {TroubleKind.LINK, None} and (kind or not s.session):
        return Lamp(LampKind.OFFLINE, since=s.offline_since, next_try_at=s.next_try_at, code=code)
    if kind is not None:
        return Lamp(LampKind.SERVER_SILENT, next_try_at=s.next_try_at, code=code)
    return _working(s)


def _clock_is_off(s: Situation, kind: TroubleKind | None) -> bool:
    """A certificate that does not fit our time is a clock matter only if our clock is not known to be right."""
    offset = s.clock_offset_s
    if kind is TroubleKind.CLOCK:
        return offset is None or abs(offset) > CLOCK_TOLERANCE_S
    return offset is not None and abs(offset) > CLOCK_TOLERANCE_S


def _working(s: Situation) -> Lamp:
    if s.would_need_you and not s.paused:
        return Lamp(LampKind.SENDING, s.would_need_you, total=s.sent + s.unsent, done=s.sent, code="rehearsed")
    if s.unsent or not s.queue_known:
        return Lamp(LampKind.SENDING, done=s.sent, total=s.sent + s.unsent, code=_why_not_sent(s))
    if not s.caught_up or s.synced_at is None:
        return Lamp(LampKind.SENDING, done=s.loaded, total=s.to_load, code="receiving")
    return Lamp(LampKind.SYNCED, since=s.synced_at)


def _why_not_sent(s: Situation) -> str:
    if s.paused:
        return "paused"
    return "server_too_old" if s.unsent and s.beyond_service == s.unsent else ""
