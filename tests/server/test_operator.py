"""What an operator meets on a bad day: no database, no room, a wrong file, and an account that a restore has taken."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg import Connection
from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from medreg_core.contract.v1.commands import Return
from medreg_core.contract.v1.devices import RescuedEntry
from medreg_core.domain.vocabulary import OutcomeKind, RescueState, Role
from medreg_server.cli import main
from medreg_server.services import rescued_file
from medreg_server.services.commands import CommandDesk
from medreg_server.services.review_lane import ReviewLane
from tests.helpers.server import (
    PASSWORD,
    Hospital,
    open_register,
    seed_account,
    seed_applications,
    seed_hospital,
    sqlite_url,
)
from tests.server.clients import Office, command
from tests.server.leaver import Leaver

NOBODY_LISTENS = "postgresql://nobody:secret@127.0.0.1:1/register"


@pytest.fixture(autouse=True)
def environment(at_console: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDREG_HASH_MEMORY_KIB", "8")


@pytest.fixture
def longest() -> Iterator[set[str]]:
    """How long PostgreSQL lets a statement take, of each connection made."""
    found: set[str] = set()

    def ask(connection: Connection[tuple[str]], _entry: ConnectionPoolEntry) -> None:
        (row,) = connection.execute("SHOW statement_timeout").fetchall()
        connection.rollback()
        found.add(row[0])

    event.listen(Engine, "connect", ask)
    yield found
    event.remove(Engine, "connect", ask)


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_what_goes_through_the_whole_register_is_not_cut_off_like_a_request(
    database_url: str, other_url: str, tmp_path: Path, longest: set[str]
) -> None:
    copy = str(tmp_path / "copy")
    for asked in (
        ("migrate", "--revision", "0003"),
        ("backup", copy),
        ("migrate",),
        ("verify-audit",),
        ("prune-feed",),
    ):
        assert main(asked) == 0
    assert main(["--database", other_url, "restore", copy]) == 0
    assert longest == {"0"}
    with open_register(database_url, tmp_path):
        assert longest == {"0", "5s"}


@pytest.mark.parametrize("asked", [("devices",), ("migrate",), ("restore", "copy"), ("backup", "copy"), ("serve",)])
def test_a_database_that_does_not_answer_is_told_in_a_sentence(
    asked: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--database", NOBODY_LISTENS, *asked]) == 1
    told = capsys.readouterr().err
    assert told.startswith("medreg-server: ")
    assert "port 1 failed" in told
    assert "secret" not in told


@pytest.mark.parametrize("asked", [("devices",), ("migrate",), ("backup", "copy")])
def test_a_file_that_is_no_database_is_told_in_a_sentence(
    asked: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.db").write_bytes(b"Dear operator, " * 500)
    assert main(["--database", sqlite_url(tmp_path, "letter.db"), *asked]) == 1
    assert "file is not a database" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["register.db", "mysql://root:secret@localhost/register"])
def test_an_address_of_no_database_is_told_in_a_sentence(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--database", url, "devices"]) == 1
    told = capsys.readouterr().err
    assert "sqlite:///FILE" in told
    assert "secret" not in told


def test_a_revision_that_nobody_knows_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "--revision", "9999"]) == 1
    assert "9999" in capsys.readouterr().err


def test_a_backup_that_found_no_room_leaves_no_file_under_its_name(
    engine_name: str, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_register(database_url, tmp_path) as service:
        seed_applications(service, seed_hospital(service).institution, 300)
    target = tmp_path / "copies" / "monday"
    target.parent.mkdir()
    limited = f"ulimit -f 64; trap '' XFSZ; exec {sys.executable} -m medreg_server backup {target}"
    done = subprocess.run(["/bin/bash", "-c", limited], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("medreg-server: ")
    assert list(target.parent.iterdir()) == []
    assert main(["backup", str(target)]) == 0
    assert main(["backup", str(tmp_path / "nowhere" / "monday")]) == 1
    assert "medreg-server: " in capsys.readouterr().err


def test_a_password_file_of_a_windows_editor_holds_what_is_typed_later(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_register(database_url, tmp_path) as service:
        code = seed_hospital(service).institution.code
    asked = ["create-account", "--name", "张三", "--institution", code, "--password-file", str(tmp_path / "password")]
    (tmp_path / "password").write_bytes(b"\xef\xbb\xbf" + PASSWORD.encode() + b"\r\n")
    assert main([*asked, "--login", "zhang"]) == 0
    with open_register(database_url, tmp_path) as service, service.environment.database.read() as transaction:
        account = transaction.accounts.by_login("zhang")
        assert account is not None
        assert service.passwords.verify(account.password_hash, PASSWORD)
    (tmp_path / "password").write_bytes(PASSWORD.encode("utf-16"))
    assert main([*asked, "--login", "li"]) == 1
    assert "--password-file" in capsys.readouterr().err


def test_no_institution_is_registered_where_no_form_number_could_be_made(capsys: pytest.CaptureFixture[str]) -> None:
    for region in ("9901", "北京", "99010０"):
        assert main(["create-institution", "--name", "医院", "--code", "H1", "--region", region]) == 1
        assert "six digits" in capsys.readouterr().err


CODE = "A61CD1A5699010011A1001"


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("院" * 201, CODE, "a name has"),
        ("  ", CODE, "a name has"),
        ("人民\u200b医院", CODE, "a name has"),
        ("医院", "C1" * 20, "no registration number"),
        ("医院", "", "no registration number"),
        ("医院", f"{CODE[:8]}0{CODE[9:]}", "no registration number"),
    ],
)
def test_an_institution_that_nobody_could_find_is_not_registered(
    name: str, code: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["create-institution", "--name", name, "--code", code, "--region", "990100"]) == 1
    assert told in capsys.readouterr().err


def test_an_institution_is_registered_once_however_its_number_is_written(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = ["create-institution", "--region", "990100", "--name", " 人民医院 ", "--code"]
    spaced = "a61cd1a5-6 9901001 1A1001"
    assert main([*made, spaced]) == 0
    assert main([*made, CODE]) == 1
    assert "registered already" in capsys.readouterr().err
    with open_register(database_url, tmp_path) as service, service.environment.database.write() as transaction:
        institution = transaction.institutions.by_code(CODE)
        assert institution is not None
        assert institution.name == "人民医院"
        transaction.institutions.save(replace(institution, code=spaced, version=2))  # as registers of before hold it
    assert main([*made, CODE]) == 1
    assert main(["devices", "--institution", CODE.lower()]) == 0


@pytest.mark.parametrize(
    ("login", "name", "told"),
    [
        ("", "张三", "a login name has"),
        ("zhang\x07", "张三", "a login name has"),
        ("ß" * 51, "张三", "a login name has"),
        ("zhang", "张" * 201, "a name has"),
        ("zhang", "", "a name has"),
    ],
)
def test_an_account_that_nobody_could_use_is_not_made(
    login: str, name: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["create-account", "--role", "commission", "--region", "990100"]
    asked += ["--password-file", str(tmp_path / "password"), "--login"]
    (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
    assert main([*asked, login, "--name", name]) == 1
    assert told in capsys.readouterr().err
    assert main([*asked, " Li ", "--name", "\U00031350"]) == 0, "a character younger than Python's tables"
    assert main([*asked, "li", "--name", "李四"]) == 1
    assert "taken" in capsys.readouterr().err


def test_an_account_that_a_restore_has_taken_is_given_its_id_back(
    database_url: str, other_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy, secret = tmp_path / "copy", tmp_path / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    with open_register(database_url, tmp_path) as service:
        hospital = seed_hospital(service)
        (application,) = seed_applications(service, hospital.institution)
        assert main(["backup", str(copy)]) == 0
        lost = seed_account(service, "xin", Role.REGISTRAR, institution_id=hospital.institution.id)
    assert main(["--database", other_url, "restore", str(copy)]) == 0
    again = ["--database", other_url, "create-account", "--login", "xin", "--name", "新来的"]
    again += ["--institution", hospital.institution.code, "--password-file", str(secret), "--id"]
    with open_register(other_url, tmp_path) as restored:
        leaver, lane = (
            Leaver.of(restored, hospital),
            ReviewLane(restored.environment, CommandDesk(restored.environment)),
        )
        sent = command(application, Return(opinion="请补充资料"))
        leaver.revoke()
        leaver.rescue(sent, maker=lost)
        capsys.readouterr()
        assert main([*again, hospital.accounts[Role.SUPERVISOR]]) == 1
        assert "has this id already" in capsys.readouterr().err
        assert main([*again, "no id"]) == 1
        assert main([*again, lost]) == 0
        assert capsys.readouterr().out.strip() == lost
        supervisor = Office(restored, hospital, Role.SUPERVISOR)
        assert lane.confirm(sent.id, supervisor.caller).kind is OutcomeKind.ACCEPTED


def restored_lane(url: str, directory: Path, hospital: Hospital) -> list[RescuedEntry]:
    with open_register(url, directory) as service:
        lane = ReviewLane(service.environment, CommandDesk(service.environment))
        supervisor = Office(service, hospital, Role.SUPERVISOR)
        found = lane.listed("", supervisor.caller)
        assert [lane.confirm(entry.command.id, supervisor.caller).kind for entry in found] == ["accepted"] * len(found)
    return found


@pytest.mark.parametrize("known", [True, False])
def test_a_restore_brings_back_what_was_rescued_from_a_computer_that_is_gone(
    known: bool, database_url: str, other_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    with open_register(database_url, tmp_path) as service:
        hospital = seed_hospital(service)
        (application,) = seed_applications(service, hospital.institution)
        leaver = Leaver.of(service, hospital) if known else None
        assert main(["backup", str(copy)]) == 0
        leaver = leaver or Leaver.of(service, hospital)
        sent = command(application, Return(opinion="请补充资料"))
        leaver.revoke()
        assert leaver.rescue(sent).kept == (sent.id,)
        leaver.done()
    torn = tmp_path / "keys" / rescued_file.FILE
    torn.write_bytes(torn.read_bytes() + b'{"type":"left","devi')
    assert main(["--database", other_url, "restore", str(copy)]) == 0
    assert "1 decisions of computers that were shut out wait" in capsys.readouterr().err
    (entry,) = restored_lane(other_url, tmp_path, hospital)
    assert (entry.command, entry.account_id, entry.state) == (sent, leaver.maker, RescueState.WAITING)
    assert main(["--database", other_url, "devices"]) == 0
    assert ", wiped " in capsys.readouterr().out
    assert main(["--database", other_url, "verify-audit"]) == 0
    assert stat.S_IMODE(torn.stat().st_mode) == 0o600


@pytest.mark.parametrize("known", [True, False])
def test_a_restore_shuts_out_again_whoever_had_begun_to_hand_over(
    known: bool, database_url: str, other_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its copy may be destroyed, and its last word never come (seed 365511). One that stands must not be used."""
    copy = tmp_path / "copy"
    with open_register(database_url, tmp_path) as service:
        hospital = seed_hospital(service)
        (application,) = seed_applications(service, hospital.institution)
        leaver = Leaver.of(service, hospital) if known else None
        assert main(["backup", str(copy)]) == 0
        leaver = leaver or Leaver.of(service, hospital)
        sent = command(application, Return(opinion="请补充资料"))
        leaver.revoke()
        leaver.rescue(sent)
    assert main(["--database", other_url, "restore", str(copy)]) == 0
    assert "1 decisions of computers that were shut out wait" in capsys.readouterr().err
    with open_register(other_url, tmp_path) as restored:
        lane = ReviewLane(restored.environment, CommandDesk(restored.environment))
        supervisor = Office(restored, hospital, Role.SUPERVISOR)
        assert [entry.command for entry in lane.listed("", supervisor.caller)] == [sent]
        leaver.office.service = restored
        assert leaver.check().wipe
        assert leaver.rescue(sent).kept == (sent.id,), "its answer was lost: it hands over once more"
        leaver.done()
        assert len(lane.listed("", supervisor.caller)) == 1


def test_nothing_is_called_safe_that_could_not_be_written_beside_the_register(
    database_url: str, tmp_path: Path
) -> None:
    with open_register(database_url, tmp_path) as service:
        hospital = seed_hospital(service)
        (application,) = seed_applications(service, hospital.institution)
        leaver = Leaver.of(service, hospital)
        leaver.revoke()
        in_the_way = tmp_path / "keys" / rescued_file.FILE
        in_the_way.mkdir()
        sent = command(application, Return(opinion="请补充资料"))
        with pytest.raises(OSError, match=rescued_file.FILE):
            leaver.rescue(sent)
        in_the_way.rmdir()
        assert leaver.rescue(sent).kept == (sent.id,)
        assert in_the_way.exists()
