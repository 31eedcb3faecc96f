"""The support bundle: a zip of a few ASCII files whose every field is on a list, looked through before it is written.

Nothing is cut out of free text, because none goes in: numbers, moments, ids of commands and words of closed lists. Then
:mod:`.scan` looks at every byte; a bundle in which it finds anything is not written.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from medreg_core.domain.deadlines import CHINA
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.printing.whole_file import save_whole
from medreg_desktop.services.support import log_book
from medreg_desktop.services.support.contents import CopyFacts, OfflineFacts, ProgramFacts, SettingsFacts, SyncFacts
from medreg_desktop.services.support.log_book import LogLine
from medreg_desktop.services.support.scan import Known, found_in

LOG_LINES = 2000
"""The newest lines of the log that are handed over."""

_LEFT_OUT = "%d lines were left out"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the bundle tells, each part of fixed fields."""

    program: ProgramFacts
    sync: SyncFacts
    copy: CopyFacts
    settings: SettingsFacts
    offline: OfflineFacts


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the bundle."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """Exactly what will be written, to be looked at before."""

    made_at: datetime
    parts: tuple[Part, ...]

    @property
    def file_name(self) -> str:
        """A name that tells the moment and nothing else."""
        return f"medreg-support-{self.made_at.astimezone(CHINA):%Y%m%d-%H%M%S}.zip"


def prepare(facts: Facts, log_folder: Path, known: Known, now: datetime) -> Bundle:
    """Put the bundle together. A line of the log in which anything is found is left out and counted.

    Raises:
        KnownFault: ``bundle_not_clean`` with the part, when something is found in the rest.
    """
    log = _log(log_folder, known, now)
    parts = [
        Part("program.json", _json(facts.program)),
        Part("sync.json", _json(facts.sync)),
        Part("copy.json", _json(facts.copy)),
        Part("settings.json", _json(facts.settings)),
        Part("offline.json", _json(facts.offline)),
        Part("log.jsonl", b"".join(msgspec.json.encode(line) + b"\n" for line in log)),
    ]
    bundle = Bundle(now, tuple(parts))
    check(bundle, known)
    return bundle


def check(bundle: Bundle, known: Known) -> None:
    """Look at every byte that would leave. Raises KnownFault ``bundle_not_clean``."""
    for part in bundle.parts:
        if found_in(part.content.decode("utf-8", "surrogateescape"), known):
            raise KnownFault("bundle_not_clean", part=part.name)


def save(bundle: Bundle, path: Path, known: Known, note: Callable[[], None]) -> int:
    """Look once more, note that it leaves, and write it whole or not at all; return its size in bytes.

    The note is durable before the file exists: a file that fails leaves a note too many, never one too few.
    Raises KnownFault ``bundle_not_clean``, ``disk_full``, ``file_not_written`` or what the note raises.
    """
    check(bundle, known)
    content = zipped(bundle)
    note()
    save_whole(path, content)
    return len(content)


def zipped(bundle: Bundle) -> bytes:
    """Return the bundle as a zip; every time in it is the bundle's own."""
    memory = io.BytesIO()
    at = bundle.made_at.astimezone(CHINA)
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in bundle.parts:
            stamp = (at.year, at.month, at.day, at.hour, at.minute, at.second)
            entry = zipfile.ZipInfo(part.name, stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, part.content)
    return memory.getvalue()


def _log(folder: Path, known: Known, now: datetime) -> list[LogLine]:
    newest = list(log_book.lines(folder))[-LOG_LINES:]
    clean = [line for line in newest if not found_in(msgspec.json.encode(line).decode(), known)]
    counted = LogLine(now.isoformat(), "INFO", __name__, _LEFT_OUT, (len(newest) - len(clean),))
    return [*clean, counted]


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
