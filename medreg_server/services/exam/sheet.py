"""What the reading process hands back, and how much of it there may be (``ecosystem.md`` §3.5)."""

from __future__ import annotations

from typing import Final

import msgspec

from medreg_server.services.exam.refusal import Refusal

SECONDS: Final = 20
OUTPUT_BYTES: Final = 64 * 1024 * 1024
MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 64

Cell = str | float


class Sheet(msgspec.Struct, frozen=True):
    """The first sheet of a workbook as rows of texts and numbers, or why it is refused."""

    rows: list[list[Cell]] = []
    refused: Refusal | None = None
    params: dict[str, str] = {}
