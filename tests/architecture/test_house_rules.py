"""Rules of the house that the linters cannot see (docs/ARCHITECTURE.md)."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT, calls, modules, name_of

MODULES = sorted(modules())
UI = ("medreg_desktop/ui/", "medreg_desktop/views/")


def _forbidden_calls(path: str, names: set[str]) -> list[str]:
    found = (call for call in calls(modules()[path]) if name_of(call.func) in names)
    return [f"{path}:{call.lineno} {name_of(call.func)}" for call in found]


@pytest.mark.parametrize("path", MODULES)
def test_no_call_blocks_or_reenters_the_event_loop(path: str) -> None:
    found = _forbidden_calls(path, {"time.sleep", "sleep"})
    if path.startswith(UI):
        found += [
            f"{path}:{call.lineno} .{call.func.attr}()"
            for call in calls(modules()[path])
            if isinstance(call.func, ast.Attribute) and call.func.attr in {"processEvents", "exec", "exec_"}
        ]
    assert found == []


@pytest.mark.parametrize("path", MODULES)
def test_no_import_inside_a_function(path: str) -> None:
    found = [
        f"{path}:{inner.lineno}"
        for outer in ast.walk(modules()[path])
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(outer)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert found == []


@pytest.mark.parametrize("path", [path for path in MODULES if path.startswith("medreg_core/")])
def test_core_reads_no_clock(path: str) -> None:
    clocks = {"datetime.now", "datetime.utcnow", "date.today", "datetime.datetime.now", "datetime.date.today"}
    assert _forbidden_calls(path, clocks) == []


PRESENTERS = [path for path in MODULES if path.endswith("/presenter.py")]


@pytest.mark.parametrize("path", PRESENTERS)
def test_every_presenter_has_a_test(path: str) -> None:
    screen = path.split("/")[-2]
    found = list((ROOT / "tests" / "desktop" / "views" / screen).glob("test_*presenter*.py"))
    assert found, f"no presenter test for the screen {screen}"


def test_presenters_load_without_qt() -> None:
    names = [path.removesuffix(".py").replace("/", ".") for path in PRESENTERS]
    code = f"import importlib, sys\nfor n in {names!r}: importlib.import_module(n)\nsys.exit('PySide6' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


BESIDE = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("benchmarks", "demo", "simulator", "tests")
    for path in (ROOT / folder).rglob("*.py")
)


@pytest.mark.parametrize("path", MODULES + BESIDE)
def test_no_file_is_too_long_to_read(path: str) -> None:
    lines = len((ROOT / path).read_text("utf-8").splitlines())
    assert lines <= 400, f"{path} has {lines} lines: split it by reason to change"
