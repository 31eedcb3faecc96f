"""The log on the disk: constant texts, numbers and codes get in; whatever else is said stays out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.support import log_book
from medreg_desktop.services.support.log_book import FILE, LogBook, LogLine
from medreg_desktop.services.support.places import places

NAME, ID, PHONE = "欧阳鹮蓼", "99010019860517123X", "13912345678"

pytestmark = pytest.mark.logs("the tests log on purpose")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[LogBook]:
    made = LogBook(tmp_path / "logs")
    root = logging.getLogger()
    level = root.level
    root.addHandler(made)
    root.setLevel(logging.DEBUG)
    yield made
    root.setLevel(level)
    root.removeHandler(made)
    made.close()


def kept(tmp_path: Path) -> list[LogLine]:
    return list(log_book.lines(tmp_path / "logs"))


def test_numbers_and_codes_stay_and_everything_else_filled_in_is_left_out(book: LogBook, tmp_path: Path) -> None:
    ours = logging.getLogger("medreg_desktop.somewhere")
    ours.warning("could not be kept: %s, %d tries of %s", "disk_full", 3, NAME)
    ours.info("plain %s %s %s", ID, PHONE, int(PHONE))
    ours.info("by name %(who)s", {"who": NAME})
    lines = kept(tmp_path)
    assert lines[0].message == "could not be kept: %s, %d tries of %s"
    assert lines[0].values == ("disk_full", 3, "...")
    assert lines[1].values == ("...", "...", "...")
    assert lines[2].values == ("...",)
    assert clean((tmp_path / "logs" / FILE).read_bytes())


def stumble() -> None:
    raise KnownFault("disk_full", who=NAME)


def test_an_exception_tells_its_type_and_places_only(book: LogBook, tmp_path: Path) -> None:
    try:
        stumble()
    except KnownFault:
        logging.getLogger("medreg_desktop.x").exception("stumbled")
    line = kept(tmp_path)[0]
    assert line.error == "KnownFault"
    assert line.places[-1].startswith("test_log_book.py:")
    assert "/" not in line.places[-1]


def test_a_folder_of_the_computer_is_no_place(tmp_path: Path) -> None:
    code = compile("raise ValueError", f"/home/{NAME}/medreg_desktop/app/x.py", "exec")
    foreign = compile("raise ValueError", f"/home/{NAME}/lib/{NAME}.py", "exec")
    for made, expected in ((code, "medreg_desktop/app/x.py:1"), (foreign, "????.py:1")):
        try:
            exec(made)
        except ValueError:
            assert places(sys.exc_info()[2])[-1].startswith(expected)


def test_of_another_library_only_who_was_in_trouble(book: LogBook, tmp_path: Path) -> None:
    logging.getLogger("urllib3.connectionpool").warning("Retrying %s for %s", NAME, PHONE)
    logging.getLogger("urllib3.connectionpool").info("GET /api/v1/%s", NAME)
    assert [(line.logger, line.message, line.values) for line in kept(tmp_path)] == [("urllib3.connectionpool", "", ())]


def test_a_text_made_before_logging_is_ascii_at_least(book: LogBook, tmp_path: Path) -> None:
    logging.getLogger("medreg_desktop.x").warning(NAME)
    assert kept(tmp_path)[0].message == "????"


def test_files_are_bounded_and_read_in_order(book: LogBook, tmp_path: Path) -> None:
    ours = logging.getLogger("medreg_desktop.x")
    for number in range(12_000):
        ours.info("line %d", number)
    files = log_book.files(tmp_path / "logs")
    assert len(files) == 3
    assert sum(path.stat().st_size for path in files) < 800_000
    numbers = [line.values[0] for line in kept(tmp_path)]
    assert numbers == sorted(numbers)  # type: ignore[type-var]  # all are numbers
    assert numbers[-1] == 11_999


def test_a_line_that_is_none_is_passed_over_and_a_missing_folder_is_empty(tmp_path: Path) -> None:
    assert kept(tmp_path) == []
    (tmp_path / "logs").mkdir()
    planted = f'{{"message": "{NAME}"}}\nnot json {PHONE}\n\xff\n{{"at":"t","level":"INFO","logger":"l"}}\n'
    (tmp_path / "logs" / FILE).write_bytes(planted.encode("utf-8"))
    assert kept(tmp_path) == [LogLine("t", "INFO", "l")]


def test_a_disk_in_trouble_stops_nothing(
    book: LogBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full() -> None:
        raise OSError(28, "No space left")

    logging.getLogger("medreg_desktop.x").info("first")
    monkeypatch.setattr(book.stream, "flush", full)
    logging.getLogger("medreg_desktop.x").info("second")
    assert capsys.readouterr().err == ""


def clean(content: bytes) -> bool:
    return not any(secret.encode(coding) in content for secret in (NAME, ID, PHONE) for coding in ("utf-8", "gb18030"))


def test_a_folder_that_cannot_be_made_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    book = LogBook(tmp_path / "logs")
    book.handle(logging.LogRecord("medreg_desktop.sync", logging.INFO, "", 0, "kept", (), None))
    book.close()
    assert (tmp_path / "logs").read_text() == "in the way"
