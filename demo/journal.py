"""The journal of a headless run: each step with what was checked, its result and its seconds."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Step:
    """One step; ``checks`` are claims that held, ``error`` says why the step failed."""

    name: str
    ok: bool = False
    seconds: float = 0.0
    checks: list[str] = field(default_factory=list)
    error: str = ""

    def check(self, claim: str, holds: bool, found: object = None) -> None:
        """Note ``claim`` when it holds; otherwise the step fails with what was found instead."""
        if not holds:
            raise AssertionError(f"{claim}; found: {found!r}" if found is not None else claim)
        self.checks.append(claim)


class Journal:
    """Collects the steps and writes ``journey.json`` after each, so that a crash leaves the account up to then."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.steps: list[Step] = []

    @property
    def ok(self) -> bool:
        """Whether every step so far held."""
        return all(step.ok for step in self.steps)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Run a step; a failure is recorded and ends the journey."""
        step = Step(name)
        self.steps.append(step)
        start = time.perf_counter()
        try:
            yield step
            step.ok = True
        except BaseException as error:
            step.error = "".join(traceback.format_exception_only(error)).strip()
            raise
        finally:
            step.seconds = round(time.perf_counter() - start, 3)
            self._write()
            mark = "ok " if step.ok else "FAIL"
            print(f"{mark} {step.seconds:7.2f} s  {name}  {'' if step.ok else step.error}", flush=True)

    def _write(self) -> None:
        account = {"ok": self.ok, "steps": [asdict(step) for step in self.steps]}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(account, ensure_ascii=False, indent=1), encoding="utf-8")
