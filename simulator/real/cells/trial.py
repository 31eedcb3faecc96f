"""Carries a cell out, and judges it."""

from __future__ import annotations

import time
from pathlib import Path

from simulator.real.cells.cell import Cell, Verdict
from simulator.real.cells.day import Day
from simulator.real.cells.last_day import LastDay
from simulator.real.cells.scene import opened_office
from simulator.real.cells.toxic import LEAVING
from simulator.real.register import RealRegister
from simulator.run import small_pages


def judged(cell: Cell, register: RealRegister, folder: Path) -> Verdict:
    """Carry a cell out in an office of its own, and judge it."""
    started = time.perf_counter()
    register.time.seconds = 0.0
    with small_pages(), opened_office(register, folder) as scene:
        day = LastDay(cell, scene) if cell.kind in LEAVING else Day(cell, scene)
        wrong = [f"{type(error).__name__}: {error}" for error in day.failing()] or list(day.wrong())
    took = time.perf_counter() - started
    return Verdict(cell.name, tuple(wrong), day.cause, day.lamp, day.tries, round(took, 3))
