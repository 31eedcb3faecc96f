"""The program's log on the disk, made so that it can hold nothing of a person: fields are allowed, never removed.

A line keeps the constant text of the message, numbers, and codes of closed lists. What else was filled in is left out;
of an exception its type and the places it passed; of another library's message only who spoke. One JSON object a line.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

import msgspec

from medreg_desktop.services.support.places import OURS, places, plain
from medreg_desktop.services.texts.faults import SENTENCES

FILE = "program.log"
_BYTES, _FILES = 256 * 1024, 3
_BUG_NUMBER = re.compile(r"[0-9A-F]{8}")
_NUMBERS = 1 << 31
_LEFT_OUT = "..."


class LogLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line. ``message`` is a source text; ``values`` what may be filled in; ``places`` a traceback's lines."""

    at: str
    level: str
    logger: str
    message: str = ""
    values: tuple[int | float | str, ...] = ()
    error: str = ""
    places: tuple[str, ...] = ()


class LogBook(RotatingFileHandler):
    """Writes the log beside the copy; a disk in trouble stops nothing and says nothing here."""

    def __init__(self, folder: Path) -> None:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder / FILE, maxBytes=_BYTES, backupCount=_FILES - 1, encoding="ascii", delay=True)
        self.setLevel(logging.INFO)
        self.addFilter(_is_worth_keeping)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return msgspec.json.encode(line_of(record)).decode("ascii")

    def handleError(self, _record: logging.LogRecord) -> None:
        """Let it go: the lamp tells of the disk."""

    def close(self) -> None:
        """Close the file, even on a disk in trouble."""
        with suppress(OSError):
            super().close()


def _is_worth_keeping(record: logging.LogRecord) -> bool:
    """Of other libraries only trouble: their messages cannot be kept anyway."""
    return record.name.startswith(OURS) or record.levelno >= logging.WARNING


def files(folder: Path) -> tuple[Path, ...]:
    """Return the files of the log, oldest first; their names are ours."""
    names = [*(f"{FILE}.{n}" for n in range(_FILES - 1, 0, -1)), FILE]
    return tuple(path for name in names if (path := folder / name).is_file())


def lines(folder: Path) -> Iterator[LogLine]:
    """Yield what the files hold, oldest first; a line that is none of ours is passed over."""
    for path in files(folder):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        for line in content.splitlines():
            try:
                yield msgspec.json.decode(line, type=LogLine)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue


def line_of(record: logging.LogRecord) -> LogLine:
    """Return what may be kept of a record."""
    is_ours = record.name.startswith(OURS)
    error, trace = _error_of(record)
    return LogLine(
        at=datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        level=record.levelname,
        logger=plain(record.name),
        message=plain(record.msg) if is_ours and isinstance(record.msg, str) else "",
        values=tuple(_value(value) for value in _values(record)) if is_ours else (),
        error=plain(error),
        places=places(trace) if trace is not None else tuple(getattr(record, "places", ())),
    )


def _error_of(record: logging.LogRecord) -> tuple[str, TracebackType | None]:
    if record.exc_info and record.exc_info[0] is not None:
        return record.exc_info[0].__name__, record.exc_info[2]
    return str(getattr(record, "error_type", "")), None


def _values(record: logging.LogRecord) -> tuple[object, ...]:
    args = record.args
    if isinstance(args, Mapping):
        return tuple(args.values())
    return tuple(args or ())


def _value(value: object) -> int | float | str:
    if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < _NUMBERS):
        return value
    if isinstance(value, str) and (value in SENTENCES or _BUG_NUMBER.fullmatch(value)):
        return value
    return _LEFT_OUT
