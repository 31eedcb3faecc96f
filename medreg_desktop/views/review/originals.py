"""Which originals were seen, as ticked and not yet decided. Knows no Qt."""

from __future__ import annotations

from dataclasses import replace

from medreg_core.domain.records import Material
from medreg_core.domain.rules import MaterialState
from medreg_desktop.services.review.sheet import MaterialLine, ReviewSheet


def ticked(sheet: ReviewSheet) -> tuple[Material, ...]:
    """Return the materials as ticked before; ticks on an older content are of other papers."""
    return sheet.draft.materials if sheet.draft and not sheet.draft_is_stale else ()


def with_tick(sheet: ReviewSheet, before: tuple[Material, ...], code: str, *, seen: bool) -> tuple[Material, ...]:
    """Return the materials with one more tick; ``before`` were ticked, but the sheet was not read again yet."""
    line = next(line for line in sheet.materials if line.required.code == code)
    there = {m.material.code: m.material for m in sheet.materials if _is_there(m)}
    there |= {material.code: material for material in before}
    material = there.get(code, line.material)
    copies = max(material.copies, line.required.copies * seen)
    there[code] = replace(material, original_seen=seen, copies=copies)
    return tuple(there.values())


def _is_there(line: MaterialLine) -> bool:
    return line.state is not MaterialState.MISSING or bool(line.material.pages)
