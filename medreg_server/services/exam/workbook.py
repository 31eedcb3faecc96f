"""Reads a workbook through a child process that may fail in any way without harm."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from medreg_server.services.exam.archive import check_file
from medreg_server.services.exam.refusal import Refusal, WorkbookRefused
from medreg_server.services.exam.sheet import OUTPUT_BYTES, SECONDS, Cell, Sheet

_MODULE: Final = "medreg_server.services.exam.reader_process"
_KEPT_VARIABLES: Final = ("SYSTEMROOT", "PATH", "LANG", "TMP", "TEMP")
"""What the child needs of the environment; the rest holds secrets that are none of its business."""


def read_rows(path: Path) -> list[list[Cell]]:
    """Return the rows of the first sheet, the header among them. Raises WorkbookRefused."""
    if not path.is_file():
        raise WorkbookRefused(Refusal.FILE_MISSING)
    check_file(path)
    with tempfile.TemporaryFile() as answer:
        _run_child(path, answer.fileno())
        if os.fstat(answer.fileno()).st_size > OUTPUT_BYTES:
            raise WorkbookRefused(Refusal.TOO_MUCH_FOR_READER)
        answer.seek(0)
        sheet = _decoded(answer.read())
    if sheet.refused is not None:
        raise WorkbookRefused(sheet.refused, **sheet.params)
    return sheet.rows


def _run_child(path: Path, output: int) -> None:
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    try:
        done = subprocess.run(  # noqa: S603 - our own module, the file's path as one argument, no shell
            [sys.executable, "-m", _MODULE, str(path.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WorkbookRefused(Refusal.TOOK_TOO_LONG, seconds=str(SECONDS)) from error
    if done.returncode != 0:
        raise WorkbookRefused(Refusal.TOO_MUCH_FOR_READER)


def _decoded(answer: bytes) -> Sheet:
    try:
        return msgspec.json.decode(answer, type=Sheet)
    except msgspec.DecodeError as error:
        raise WorkbookRefused(Refusal.TOO_MUCH_FOR_READER) from error
