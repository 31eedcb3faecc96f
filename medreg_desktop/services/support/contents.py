"""What each file of the support bundle tells. A field that is not here cannot get out.

Every text is a word of a closed list, a version, or an id of the shape ids have; anything else becomes "other".
"""

from __future__ import annotations

import platform
import re
from collections.abc import Collection, Iterable
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from medreg_core.contract.v1.messages import PROTOCOL
from medreg_core.domain.vocabulary import CommandKind
from medreg_desktop.services.cache.diary import LampChange
from medreg_desktop.services.cache.figures import Figures
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.settings import options
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.services.support.readiness import Readiness
from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.sync.report import SyncReport, Wait
from medreg_desktop.services.texts.explanations import CALLS
from medreg_desktop.services.texts.faults import SENTENCES
from medreg_desktop.services.transport.attempts import INTERRUPTED, Attempt
from medreg_desktop.services.transport.trouble import TroubleKind

OTHER = "other"

_VERSION = re.compile(r"[0-9A-Za-z.+_-]{1,32}")
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_HOST = re.compile(r"[0-9A-Za-z.-]{1,253}")
_CODES = frozenset(SENTENCES) | {"", INTERRUPTED, "paused", "receiving"}
_LAMPS = frozenset(kind.value for kind in LampKind)
_KINDS = frozenset(kind.value for kind in TroubleKind) | {""}
_STATES = frozenset(f"{state.value} {kind.value}" for state in OutboxState for kind in CommandKind)


class ProgramFacts(msgspec.Struct, frozen=True):
    """``program.json``: versions."""

    program: str
    python: str
    qt: str
    cipher: str
    system: str
    release: str
    machine: str
    protocol: int
    language: str


class WaitFacts(msgspec.Struct, frozen=True):
    """How one class of call stands."""

    failures: int
    code: str
    next_try_at: datetime | None


class LampFacts(msgspec.Struct, frozen=True):
    """A change of the lamp."""

    at: datetime
    kind: str
    code: str


class AttemptFacts(msgspec.Struct, frozen=True):
    """One exchange."""

    at: datetime
    call: str
    kind: str
    code: str
    status: int
    took_ms: int
    request_id: str
    next_try: datetime | None
    commands: int


class SyncFacts(msgspec.Struct, frozen=True, kw_only=True):
    """``sync.json``: the engine's report, what the lamp showed, the last exchanges."""

    lamp: LampFacts
    sending: WaitFacts
    receiving: WaitFacts
    unsent: int
    needs_you: int
    quarantined: int
    paused: bool
    synced_at: datetime | None
    heard_at: datetime | None
    offline_until: datetime | None
    clock_offset_s: float | None
    resync_reason: str
    sign_in_wanted: bool
    removals_held: bool
    repaired_buckets: int
    anomalies: int
    epoch: str
    seq: int
    server_version: str
    lamp_changes: tuple[LampFacts, ...]
    attempts: tuple[AttemptFacts, ...]


class StandingFacts(msgspec.Struct, frozen=True):
    """A command that waits for the registrar."""

    id: str
    kind: str
    state: str
    cause: str
    attempts: int


class CopyFacts(msgspec.Struct, frozen=True):
    """``copy.json``: the local copy in numbers."""

    schema: str
    is_suspect: bool
    applications: int
    form_numbers_left: int
    codes_left: int
    tables: dict[str, int]
    states: dict[str, int]
    waiting: tuple[StandingFacts, ...]


class SettingsFacts(msgspec.Struct, frozen=True):
    """``settings.json``: the choices that change how the program behaves; none that holds free text."""

    server: str
    language: str
    theme: str
    density: str
    font_pt: int
    rail_narrow: bool
    idle_lock_minutes: int
    next_after_decision: bool
    conditions_folded: bool
    printer_presets: int


class LineFacts(msgspec.Struct, frozen=True):
    """One fact of the offline verdict, in its unit."""

    fact: str
    verdict: str
    value: float | None


class OfflineFacts(msgspec.Struct, frozen=True):
    """``offline.json``: whether the network may be left."""

    verdict: str
    lines: tuple[LineFacts, ...]


def program_facts(program: str, qt: str, cipher: str, language: str) -> ProgramFacts:
    """Return the versions; ``qt`` comes from above, where Qt is known."""
    return ProgramFacts(
        _shaped(program, _VERSION), _shaped(platform.python_version(), _VERSION), _shaped(qt, _VERSION),
        _shaped(cipher.split(" ", maxsplit=1)[0], _VERSION), _shaped(platform.system(), _VERSION),
        _shaped(platform.release(), _VERSION), _shaped(platform.machine(), _VERSION), PROTOCOL,
        _listed(language, {"zh_CN", "en"}),
    )  # fmt: skip


def sync_facts(
    report: SyncReport, changes: Iterable[LampChange], attempts: Iterable[Attempt], now: datetime
) -> SyncFacts:
    """Return the report, the lamp's changes and the exchanges."""
    return SyncFacts(
        lamp=_lamp(LampChange(now, report.lamp.kind.value, report.lamp.code)),
        sending=_wait(report.sending),
        receiving=_wait(report.receiving),
        unsent=report.unsent,
        needs_you=report.needs_you,
        quarantined=report.quarantined,
        paused=report.paused,
        synced_at=report.synced_at,
        heard_at=report.heard_at,
        offline_until=report.offline_until,
        clock_offset_s=report.clock_offset_s,
        resync_reason=_listed(report.resync_reason, _CODES),
        sign_in_wanted=report.sign_in_wanted,
        removals_held=report.removals_held,
        repaired_buckets=report.repaired_buckets,
        anomalies=report.anomalies,
        epoch=_shaped(report.epoch, _ID),
        seq=report.seq,
        server_version=_shaped(report.server_version, _VERSION),
        lamp_changes=tuple(_lamp(change) for change in changes),
        attempts=tuple(_attempt(attempt) for attempt in attempts),
    )


def copy_facts(figures: Figures, *, is_suspect: bool) -> CopyFacts:
    """Return the copy in numbers."""
    return CopyFacts(
        f"{figures.schema[0]}.{figures.schema[1]}",
        is_suspect,
        figures.applications,
        figures.form_numbers_left,
        figures.codes_left,
        figures.tables,
        {_listed(name, _STATES): number for name, number in figures.states.items()},
        tuple(
            StandingFacts(
                _shaped(row.id, _ID),
                _listed(row.kind, {kind.value for kind in CommandKind}),
                _listed(row.state, {state.value for state in OutboxState}),
                _listed(row.cause, _CODES),
                row.attempts,
            )
            for row in figures.waiting
        ),
    )


def settings_facts(settings: Settings) -> SettingsFacts:
    """Return the settings; on the thread that owns them."""
    return SettingsFacts(
        server=_server(settings.get(options.SERVER_ADDRESS)),
        language=_listed(settings.get(options.LANGUAGE), {"zh_CN", "en"}),
        theme=settings.get(options.THEME),
        density=settings.get(options.DENSITY),
        font_pt=settings.get(options.FONT_PT),
        rail_narrow=settings.get(options.RAIL_NARROW),
        idle_lock_minutes=settings.get(options.IDLE_LOCK_MINUTES),
        next_after_decision=settings.get(options.NEXT_AFTER_DECISION),
        conditions_folded=settings.get(options.CONDITIONS_FOLDED),
        printer_presets=len(settings.get(options.PRINTER_PRESETS)),
    )


def offline_facts(found: Readiness) -> OfflineFacts:
    """Return the verdict with its lines."""
    lines = (LineFacts(line.fact.value, line.verdict.name.lower(), _rounded(line.value)) for line in found.lines)
    return OfflineFacts(found.verdict.name.lower(), tuple(lines))


def _lamp(change: LampChange) -> LampFacts:
    return LampFacts(change.at, _listed(change.kind, _LAMPS), _listed(change.code, _CODES))


def _wait(wait: Wait) -> WaitFacts:
    return WaitFacts(wait.failures, _listed(wait.code, _CODES), wait.next_try_at)


def _attempt(attempt: Attempt) -> AttemptFacts:
    return AttemptFacts(
        attempt.at, _listed(attempt.call, CALLS.keys()), _listed(attempt.kind, _KINDS), _listed(attempt.code, _CODES),
        attempt.status, attempt.took_ms, _shaped(attempt.request_id, _ID), attempt.next_try, len(attempt.commands),
    )  # fmt: skip


def _listed(text: str, allowed: Collection[str]) -> str:
    return text if text in allowed else OTHER


def _shaped(text: str, shape: re.Pattern[str]) -> str:
    return text if not text or shape.fullmatch(text) else OTHER


def _server(address: str) -> str:
    """Return scheme, host and port alone; who wrote a name or password into the address keeps it to himself."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return OTHER
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        return OTHER if address else ""
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
