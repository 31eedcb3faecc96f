"""Whether the program may work in its folder, and what it says if not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from PySide6.QtCore import QLockFile

from medreg_desktop.app.start import hindrance
from medreg_desktop.services.texts.faults import SENTENCES

# No file may grow: what a full disk does to the lock that a start takes first.
_START = """
import resource, sys
from pathlib import Path
from PySide6.QtCore import QLockFile
from medreg_desktop.app.start import hindrance
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
print(hindrance(Path(sys.argv[1]), QLockFile(sys.argv[1] + "/program.lock")))
"""


class Usage(NamedTuple):
    free: int


def lock_in(folder: Path) -> QLockFile:
    return QLockFile(str(folder / "program.lock"))


def test_a_second_start_hears_that_the_program_is_open(tmp_path: Path) -> None:
    first, second = lock_in(tmp_path / "new"), lock_in(tmp_path / "new")
    assert hindrance(tmp_path / "new", first) == ""
    assert hindrance(tmp_path / "new", second) == "cache_in_use"
    first.unlock()
    assert hindrance(tmp_path / "new", second) == ""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are Unix's")
def test_a_start_on_a_disk_that_takes_nothing_is_not_told_that_the_program_is_open(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _START, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "disk_trouble", done.stderr


class Refused:
    """A lock that Qt could not take for a reason it does not name: the partition is full."""

    def tryLock(self, _ms: int) -> bool:
        return False

    def error(self) -> QLockFile.LockError:
        return QLockFile.LockError.UnknownError


def test_a_full_disk_is_called_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: Usage(free=4096))
    assert hindrance(tmp_path, Refused()) == "disk_full"  # type: ignore[arg-type]


def test_a_folder_that_cannot_be_made_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    code = hindrance(tmp_path / "file" / "medreg", lock_in(tmp_path / "file" / "medreg"))
    assert code == "disk_trouble"
    assert code in SENTENCES
