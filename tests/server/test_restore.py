"""``medreg-server restore``: broken off, refused or done, a register never serves again in the epoch of its backup."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from medreg_core.contract.v1.commands import Return
from medreg_core.domain.vocabulary import Role
from medreg_server.cli import main
from medreg_server.db.engine import open_engine
from medreg_server.db.restoring import restoring
from medreg_server.services.registry import Registry
from tests.helpers.postgres import Cluster
from tests.helpers.server import (
    REGISTER_FILE,
    Hospital,
    open_register,
    seed_account,
    seed_applications,
    seed_hospital,
    sqlite_url,
)
from tests.server.clients import Office, command
from tests.server.code_office import CodeOffice
from tests.server.test_audit import tamper
from tests.server.test_leases import leased, numbers

pytestmark = pytest.mark.usefixtures("at_console")

OLDER = "0003"
RESTORED = "restored.db"
DIES = """
import os, signal, sys
from medreg_server.cli import main
from medreg_server.services.registry import Registry

begin = Registry.begin_epoch

def deadly(registry, reason):
    if sys.argv[1] == "behind the epoch":
        begin(registry, reason)
    os.kill(os.getpid(), signal.SIGKILL)

Registry.begin_epoch = deadly
main(sys.argv[2:])
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy"


@pytest.fixture
def seeded(database_url: str, tmp_path: Path) -> Hospital:
    with open_register(database_url, tmp_path) as service:
        return seed_hospital(service)


def run(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def life(url: str, directory: Path, hospital: Hospital) -> tuple[str, set[tuple[str, int, int]]]:
    """Let a computer work with a register; return the epoch it worked in and the numbers it was leased."""
    assert run("--database", url, "public-keys") == 0, "it is served as it stands, without a migration"
    with open_register(url, directory) as service:
        return service.environment.identity().epoch, numbers(leased(CodeOffice(service, hospital)))


def beside(url: str) -> list[str]:
    """What lies beside a restored file and bears its name."""
    return sorted(path.name for path in Path(url.removeprefix("sqlite:///")).parent.glob(f"{RESTORED}?*"))


@pytest.fixture
def other_life(database_url: str, tmp_path: Path, seeded: Hospital, copy: Path) -> set[tuple[str, int, int]]:
    """The numbers of a life that went on after the backup."""
    assert run("backup", copy) == 0
    return life(database_url, tmp_path, seeded)[1]


def test_a_backup_that_the_version_before_made_is_migrated_and_begins_a_new_epoch(
    database_url: str, other_url: str, tmp_path: Path, seeded: Hospital, copy: Path
) -> None:
    epoch, given = life(database_url, tmp_path, seeded)
    assert run("migrate", "--revision", OLDER) == 0
    assert run("backup", copy) == 0
    assert run("migrate") == 0
    given |= life(database_url, tmp_path, seeded)[1]
    assert run("--database", other_url, "restore", copy) == 0
    later, anew = life(other_url, tmp_path, seeded)
    assert later != epoch
    assert given & anew == set()


@pytest.mark.parametrize("moment", ["before the epoch", "behind the epoch"])
def test_a_restore_that_is_killed_leaves_nothing_to_serve_and_can_be_tried_again(
    moment: str,
    engine_name: str,
    other_url: str,
    tmp_path: Path,
    seeded: Hospital,
    copy: Path,
    other_life: set[tuple[str, int, int]],
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    died = subprocess.run(
        [sys.executable, "-c", DIES, moment, "--database", other_url, "restore", str(copy)], check=False
    )
    assert died.returncode == -signal.SIGKILL
    if engine_name == "sqlite":
        assert not (tmp_path / RESTORED).exists()
        assert beside(other_url)
    else:
        for command in ("verify-audit", "migrate", "serve"):
            assert run("--database", other_url, command) == 1
            assert "was broken off" in capsys.readouterr().err
        assert run("--database", other_url, "restore", copy) == 1
        assert "empty place" in capsys.readouterr().err
        cluster: Cluster = request.getfixturevalue("cluster")
        cluster.empty(other_url)
    assert run("--database", other_url, "restore", copy) == 0
    epoch = capsys.readouterr().out.strip()
    later, anew = life(other_url, tmp_path, seeded)
    assert later == epoch
    assert other_life & anew == set()
    if engine_name == "sqlite":
        assert not beside(other_url)


def test_a_restore_that_is_broken_off_is_not_held_against_a_later_one(
    database_url: str,
    other_url: str,
    third_url: str,
    tmp_path: Path,
    seeded: Hospital,
    copy: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Audit heads are kept beside the database: one of a register that never was would show rows that were cut off."""
    older = tmp_path / "older"
    assert run("backup", older) == 0
    with open_register(database_url, tmp_path) as service:
        seed_account(service, "commission", Role.COMMISSION, region=seeded.institution.region)
    assert run("backup", copy) == 0
    begin = Registry.begin_epoch

    def broken_off(registry: Registry, reason: str) -> str:
        begin(registry, reason)
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Registry, "begin_epoch", broken_off)
        assert run("--database", other_url, "restore", copy) == 1
    assert run("--database", third_url, "restore", older) == 0
    assert run("--database", third_url, "verify-audit") == 0


def return_one(url: str, folder: Path, hospital: Hospital) -> None:
    with open_register(url, folder) as service:
        (application,) = seed_applications(service, hospital.institution, 1)
        Office(service, hospital).send_one(command(application, Return(opinion="补充")))


@pytest.mark.parametrize("by_other_means", [False, True])
def test_what_a_restore_has_lost_is_told_and_what_somebody_cuts_is_a_flaw(
    by_other_means: bool,
    database_url: str,
    other_url: str,
    tmp_path: Path,
    seeded: Hospital,
    copy: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An alarm that rings after every restore is heard by nobody when somebody has cut the past away."""
    chain = seeded.institution.id
    assert run("backup", copy) == 0
    return_one(database_url, tmp_path, seeded)
    if by_other_means:
        with restoring(other_url, copy):
            pass  # and no epoch begins: that is the operator's to do
        assert run("--database", other_url, "new-epoch") == 0
    else:
        assert run("--database", other_url, "restore", copy) == 0
    epoch = capsys.readouterr().out.strip()
    assert run("--database", other_url, "verify-audit") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith(chain)]
    assert "lost with the restore of" in line
    assert epoch in line
    return_one(other_url, tmp_path, seeded)
    assert run("--database", other_url, "new-epoch") == 0, "a fail-over that has lost nothing"
    assert run("--database", other_url, "verify-audit") == 0
    assert capsys.readouterr().out.count(f"{chain}: ") == 1
    tamper(other_url, f"DELETE FROM audit WHERE chain = '{chain}'", f"DELETE FROM audit_head WHERE chain = '{chain}'")
    assert run("--database", other_url, "verify-audit") == 1
    assert f"{chain} row 1: cut" in capsys.readouterr().out


def test_a_damaged_backup_is_refused_and_the_place_stays_empty(
    engine_name: str,
    other_url: str,
    copy: Path,
    other_life: set[tuple[str, int, int]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = copy.read_bytes()
    for damaged in (b"", b"no backup at all", whole[: len(whole) // 2]):
        copy.write_bytes(damaged)
        assert run("--database", other_url, "restore", copy) == 1
        said = "no whole backup" if engine_name == "sqlite" else "PostgreSQL refused"
        assert said in capsys.readouterr().err
    copy.write_bytes(whole)
    assert run("--database", other_url, "restore", copy) == 0


def test_a_backup_of_something_else_or_of_a_newer_program_is_refused(
    database_url: str,
    other_url: str,
    third_url: str,
    copy: Path,
    seeded: Hospital,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tamper(database_url, "UPDATE alembic_version SET version_num = '9999'")
    assert run("backup", copy) == 0
    assert run("--database", other_url, "restore", copy) == 1
    assert "newer program" in capsys.readouterr().err
    tamper(database_url, "DELETE FROM alembic_version")
    copy.unlink()
    assert run("backup", copy) == 0
    assert run("--database", third_url, "restore", copy) == 1
    assert "no whole backup" in capsys.readouterr().err
    assert run("--database", third_url, "migrate") == 0, "nothing of it is there"
    assert run("--database", third_url, "restore", copy) == 1
    assert "empty place" in capsys.readouterr().err


# ---- a file of SQLite -----------------------------------------------------------------------------------------------

WITH_A_LOG = """
import os, sys
from pathlib import Path
from tests.helpers.server import open_register, seed_applications, seed_hospital

with open_register(sys.argv[1], Path(sys.argv[2])) as service:
    seed_applications(service, seed_hospital(service).institution, 3)
    os._exit(9)
"""


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_log_of_the_register_that_stood_there_is_not_written_into_the_restored_one(
    database_url: str, tmp_path: Path, seeded: Hospital, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("backup", copy) == 0
    before = life(database_url, tmp_path, seeded)
    subprocess.run([sys.executable, "-c", WITH_A_LOG, database_url, str(tmp_path)], check=False)
    register = tmp_path / REGISTER_FILE
    register.rename(tmp_path / "moved.db")
    log, index = tmp_path / f"{REGISTER_FILE}-wal", tmp_path / f"{REGISTER_FILE}-shm"
    assert log.stat().st_size
    kept = log.read_bytes()
    assert run("restore", copy) == 1
    said = capsys.readouterr().err
    assert f"{log}, {index}" in said
    assert "last decisions" in said
    assert not register.exists()
    assert log.read_bytes() == kept
    log.rename(tmp_path / "moved.db-wal")
    index.unlink()
    assert run("restore", copy) == 0
    assert before[1] & life(database_url, tmp_path, seeded)[1] == set()
    assert institutions(register) == 1
    assert institutions(tmp_path / "moved.db") == 2, "as the sentence says, the log stays with its file"


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("name", [RESTORED, f"{RESTORED}-wal", f"{RESTORED}-journal"])
def test_what_appears_in_the_place_meanwhile_is_never_overwritten(
    name: str,
    other_url: str,
    tmp_path: Path,
    copy: Path,
    other_life: set[tuple[str, int, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin = Registry.begin_epoch

    def meanwhile(registry: Registry, reason: str) -> str:
        (tmp_path / name).write_bytes(b"another's")
        return begin(registry, reason)

    with monkeypatch.context() as patched:
        patched.setattr(Registry, "begin_epoch", meanwhile)
        assert run("--database", other_url, "restore", copy) == 1
    assert (tmp_path / name).read_bytes() == b"another's"
    assert [path.name for path in tmp_path.glob(f"{RESTORED}*")] == [name]
    (tmp_path / name).unlink()
    assert run("--database", other_url, "restore", copy) == 0


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_link_to_a_place_elsewhere_is_followed(
    tmp_path: Path, copy: Path, seeded: Hospital, other_life: set[tuple[str, int, int]]
) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    (tmp_path / "linked.db").symlink_to(place / RESTORED)
    assert run("--database", sqlite_url(tmp_path, "linked.db"), "restore", copy) == 0
    assert (tmp_path / "linked.db").is_symlink()
    assert [path.name for path in place.iterdir()] == [RESTORED]


def institutions(file: Path) -> int:
    """How many institutions stand in a file that is whole."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (rows,) = connection.execute("SELECT count(*) FROM institution").fetchone()
        return int(rows)


# ---- a database of PostgreSQL ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_a_service_that_still_runs_on_the_database_hinders_the_restore(
    other_url: str, tmp_path: Path, copy: Path, seeded: Hospital, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("backup", copy) == 0
    with open_register(other_url, tmp_path) as service:
        cluster.empty(other_url)
        with service.environment.database.glance():
            assert run("--database", other_url, "restore", copy) == 1
            assert "stop the service" in capsys.readouterr().err


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_a_service_that_came_to_the_database_meanwhile_keeps_it_from_being_served(
    database_url: str,
    other_url: str,
    copy: Path,
    seeded: Hospital,
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("backup", copy) == 0
    begin = Registry.begin_epoch
    came = open_engine(other_url)

    def meanwhile(registry: Registry, reason: str) -> str:
        came.connect().close()
        return begin(registry, reason)

    with monkeypatch.context() as patched:
        patched.setattr(Registry, "begin_epoch", meanwhile)
        assert run("--database", other_url, "restore", copy) == 1
    assert "stop the service" in capsys.readouterr().err
    came.dispose()
    assert run("--database", other_url, "verify-audit") == 1
    assert "was broken off" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("serve",), ("migrate",), ("new-epoch",), ("backup", "elsewhere.db")])
def test_no_command_makes_a_file_where_only_a_log_is_left(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A service that is started anew while the operator moves the register away would destroy its last decisions."""
    place = tmp_path / "place"
    place.mkdir()
    log = place / f"{REGISTER_FILE}-wal"
    log.write_bytes(b"the last decisions")
    monkeypatch.setenv("MEDREG_DATABASE_URL", sqlite_url(place))
    monkeypatch.chdir(place)
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith("medreg-server: ")
    assert log.read_bytes() == b"the last decisions"
    assert list(place.iterdir()) == [log]
