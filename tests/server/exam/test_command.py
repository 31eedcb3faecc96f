"""The operator's commands, from the command line to the exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from medreg_server.cli import main
from medreg_server.services.demo.passers import PASSERS, SIGNED_UP


@pytest.fixture
def operate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("MEDREG_HASH_MEMORY_KIB", "8")
    monkeypatch.setenv("MEDREG_HASH_PASSES", "1")
    place = ["--database", f"sqlite:///{tmp_path / 'demo.db'}", "--data-dir", str(tmp_path / "keys")]

    def run(*arguments: str) -> int:
        return main([*place, *arguments])

    return run


def test_from_an_empty_directory_to_matched_results(
    operate: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(operate)
    exam_list = str(tmp_path / "list.xlsx")
    assert operate("migrate") == 0
    assert operate("demo-data", "--physicians", "1200", "--exam-list", exam_list) == 0
    assert "registrar zharuoxi" in capsys.readouterr().out
    assert operate("import-exam", exam_list, "--dry-run") == 0
    assert capsys.readouterr().out.startswith("nothing was changed")
    assert operate("import-exam", exam_list) == 0
    assert capsys.readouterr().out.startswith(f"imported {PASSERS} rows: {SIGNED_UP} matched")
    assert operate("import-exam", exam_list) == 0
    assert f"{PASSERS} here already" in capsys.readouterr().out
    assert operate("verify-audit") == 0
    assert operate("demo-data") == 1
    assert "holds a demo province already" in capsys.readouterr().err


def test_what_cannot_be_done_is_said_in_one_line(
    operate: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(operate)
    (tmp_path / "list.xlsx").write_text("no workbook", encoding="utf-8")
    assert operate("migrate") == 0
    assert operate("import-exam", str(tmp_path / "list.xlsx")) == 1
    assert operate("import-exam", str(tmp_path / "other.xlsx")) == 1
    assert operate("demo-data", "--physicians", "10") == 1
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "medreg-server: this is no .xlsx workbook; save the list as .xlsx; nothing was changed",
        "medreg-server: there is no such file; nothing was changed",
        "medreg-server: the demo province needs at least 1100 physicians",
    ]
