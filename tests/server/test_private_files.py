"""Files that hold the register are for the user alone whose service it is, whatever the system gives by default."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from medreg_server.cli import main
from medreg_server.db.engine import open_engine
from medreg_server.db.migrate import migrate
from tests.helpers.postgres import Cluster, find_binaries
from tests.helpers.server import migrate_url, open_register, seed_hospital, sqlite_url

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")


@pytest.fixture(autouse=True)
def open_to_all() -> Iterator[None]:
    """The system's default for new files."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_whatever_a_command_writes_is_for_its_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDREG_DATA_DIR", str(tmp_path / "keys"))
    first, second = sqlite_url(tmp_path), sqlite_url(tmp_path, "restored.db")
    assert main(["--database", first, "migrate"]) == 0
    with open_register(first, tmp_path) as service:
        seed_hospital(service)
        assert main(["--database", first, "backup", str(tmp_path / "copy.db")]) == 0
        served = {path.name: mode(path) for path in tmp_path.glob("*.db*")}
    assert main(["--database", second, "restore", str(tmp_path / "copy.db")]) == 0
    assert served.keys() == {"register.db", "register.db-wal", "register.db-shm", "copy.db"}
    assert {*served.values(), mode(tmp_path / "restored.db")} == {0o600}
    assert os.umask(0o022) == 0o022, "a program that calls the command keeps its own"


def test_a_register_that_an_earlier_version_made_is_taken_from_others(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    migrate_url(url)
    with open_register(url, tmp_path) as service:
        seed_hospital(service)
        files = sorted(tmp_path.glob("register.db*"))
        other = tmp_path / "register.db.kept"
        other.touch()
        for path in files:
            path.chmod(0o644)
        assert main(["--database", url, "migrate"]) == 0
        assert [mode(path) for path in files] == [0o600] * 3
        assert mode(other) == 0o644, "nobody said that this is ours"


@pytest.mark.logs("a file that stays readable is told")
def test_a_file_of_another_user_is_told_and_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, mode: int) -> None:
        raise PermissionError(path, mode)

    monkeypatch.setattr(Path, "chmod", refused)
    engine = open_engine(sqlite_url(tmp_path))
    migrate(engine)
    engine.dispose()


def test_a_dump_of_postgresql_is_for_its_user_alone(
    cluster: Cluster, migrated_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{find_binaries()}{os.pathsep}{os.environ['PATH']}")
    url = cluster.new_database(migrated_template)
    assert main(["--database", url, "backup", str(tmp_path / "dump")]) == 0
    cluster.drop(url)
    assert mode(tmp_path / "dump") == 0o600
