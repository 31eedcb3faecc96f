"""The operator's commands, on both engines; backup and restore with the epoch that follows."""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from medreg_core.contract.v1.commands import Return
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.vocabulary import Role
from medreg_server.cli import main
from medreg_server.services.faults import ServiceFault
from medreg_server.services.keys import open_keys
from medreg_server.settings import Settings, SettingsFault, load_settings
from tests.helpers.postgres import Cluster, find_binaries
from tests.helpers.server import PASSWORD, make_institution, open_register, seed_applications, seed_hospital, sqlite_url
from tests.server.clients import Office, command
from tests.server.leaver import Leaver
from tests.server.test_audit import tamper


@pytest.fixture(autouse=True)
def environment(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDREG_DATABASE_URL", database_url)
    monkeypatch.setenv("MEDREG_DATA_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("MEDREG_HASH_MEMORY_KIB", "8")
    monkeypatch.setenv("PATH", f"{find_binaries()}{os.pathsep}{os.environ['PATH']}")


def run(*arguments: str) -> int:
    return main(arguments)


def test_an_office_is_set_up_and_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("migrate") == 0
    institution = make_institution()
    made = ("create-institution", "--name", institution.name, "--code", institution.code, "--region", "990100")
    assert run(*made, "--departments", "内科, 外科", "--subjects", "surgery") == 0
    institution_id = capsys.readouterr().out.strip()
    assert institution_id.startswith("990100-")
    assert run(*made) == 1
    assert "registered already" in capsys.readouterr().err
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n", encoding="utf-8")
    account = ("create-account", "--login", "zhang", "--name", "张三", "--institution", institution.code)
    assert run(*account, "--password-file", str(secret)) == 0
    assert run(*account, "--password-file", str(secret)) == 1
    assert "login name is taken" in capsys.readouterr().err
    assert run("create-account", "--login", "li", "--name", "李四", "--password-file", str(secret)) == 1
    assert "--institution" in capsys.readouterr().err
    assert run("verify-audit") == 0
    assert ", 0 flaws" in capsys.readouterr().out


def test_a_database_never_migrated_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDREG_DATABASE_URL", sqlite_url(tmp_path, "new.db"))
    assert run("verify-audit") == 1
    assert "run migrate" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "password"
    assert run("migrate") == 0
    assert run("set-password", "zhang", "--password-file", str(missing)) == 1
    assert capsys.readouterr().err == f"medreg-server: {missing}: {os.strerror(errno.ENOENT)}\n"


def test_a_backup_restores_and_begins_a_new_epoch(
    engine_name: str,
    database_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    assert run("migrate") == 0
    copy = tmp_path / "copy"
    with open_register(database_url, tmp_path) as service:
        hospital = seed_hospital(service)
        kept = seed_applications(service, hospital.institution, 3)
        assert run("backup", str(copy)) == 0
        seed_applications(service, hospital.institution, 2)
        cursor = Office(service, hospital).cursor()
    assert run("backup", str(copy)) == 1
    assert "never overwrites" in capsys.readouterr().err
    if engine_name == "sqlite":
        target = sqlite_url(tmp_path, "restored.db")
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        target = cluster.new_database()
        request.addfinalizer(lambda: cluster.drop(target))
    assert run("--database", target, "restore", str(copy)) == 0
    with open_register(target, tmp_path) as restored:
        office = Office(restored, hospital)
        assert sum(line.__class__.__name__ == "SnapshotRow" for line in office.snapshot()) == len(kept) + 1
        with pytest.raises(ServiceFault) as fault:
            office.changes(cursor)
    assert (fault.value.code, fault.value.params["reason"]) == (FaultCode.RESYNC, "epoch")
    assert run("--database", target, "restore", str(copy)) == 1


def test_devices_are_listed_and_revoked_without_personal_data(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_register(database_url, tmp_path) as service:
        hospital, elsewhere = seed_hospital(service), seed_hospital(service, "980100")
        leaver, other = Leaver.of(service, hospital), Leaver.of(service, elsewhere)
        (application,) = seed_applications(service, hospital.institution)
        sent = command(application, Return(opinion="请补充资料"))
        assert run("revoke-device", leaver.office.device_id, "--reason", "lost") == 0
        leaver.rescue(sent)
    assert run("devices", "--institution", hospital.institution.code) == 0
    assert run("rescued") == 0
    printed = capsys.readouterr().out
    devices, lane = printed.splitlines()
    assert devices.startswith(f"{leaver.office.device_id}  1.0.0  last seen ")
    assert devices.endswith("(lost), not wiped yet")
    assert lane.startswith(f"{sent.id}  return  version 1  made ")
    assert lane.endswith(f"account {leaver.maker}  device {leaver.office.device_id}  waiting")
    for personal in (application.person.name, application.person.id_number, leaver.office.caller.account.name, "补充"):
        assert personal not in printed
    assert run("devices") == 0
    assert f"{other.office.device_id}  1.0.0" in capsys.readouterr().out
    assert run("rescued", "--institution", elsewhere.institution.code) == 0
    assert capsys.readouterr().out == ""
    assert run("revoke-device", "unknown", "--reason", "lost") == 1
    assert "nothing under this id" in capsys.readouterr().err


def test_a_device_that_left_by_an_order_which_a_restore_took_back_is_listed_as_such(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_register(database_url, tmp_path) as service:
        leaver = Leaver.of(service, seed_hospital(service))
        leaver.done()
    assert run("devices") == 0
    assert (
        "  its revocation was lost in a restore; it has left and is shut out again, wiped " in capsys.readouterr().out
    )


def test_an_altered_audit_fails_the_command(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("migrate") == 0
    with open_register(database_url, tmp_path) as service:
        seed_hospital(service)
    tamper(database_url, "UPDATE audit SET actor = 'x' WHERE chain = 'register'")
    assert run("verify-audit") == 1
    assert "register row" in capsys.readouterr().out


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_address_that_somebody_has_is_named(workers: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("migrate") == 0
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert run("serve", "--port", port, "--workers", workers) == 1
    assert capsys.readouterr().err.startswith(f"medreg-server: host, port: cannot listen on 127.0.0.1 at {port} (")


def test_an_address_of_no_machine_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("migrate") == 0
    assert run("serve", "--host", "nowhere.invalid") == 1
    assert "cannot listen on nowhere.invalid" in capsys.readouterr().err


def test_the_service_serves_as_a_process_and_stops_on_a_signal(tmp_path: Path) -> None:
    assert run("migrate") == 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "medreg_server", "serve", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    log = []
    for line in process.stdout:
        log.append(line)
        if "Uvicorn running on" in line:
            break
    answer = requests.get(f"http://127.0.0.1:{port}/api/v1/ping?nonce=12345678", timeout=30)
    assert answer.json()["magic"] == "medreg-sync"
    process.terminate()
    rest, _ = process.communicate(timeout=30)
    assert "Traceback" not in "".join(log) + rest


def test_keys_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    first = open_keys(tmp_path / "k")
    assert open_keys(tmp_path / "k").public_key == first.public_key
    for path in (tmp_path / "k").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o700
    assert open_keys(tmp_path / "other").public_key != first.public_key


def test_settings_come_from_file_then_environment_then_command(tmp_path: Path) -> None:
    config = tmp_path / "medreg.toml"
    config.write_text('port = 1\nhost = "a"\nsession_hours = 3\ntrusted_proxies = ["10.0.0.1"]\n', encoding="utf-8")
    environ = {"MEDREG_CONFIG": str(config), "MEDREG_HOST": "b", "MEDREG_PORT": "2"}
    settings = load_settings(environ, port=3, host=None)
    assert (settings.port, settings.host, settings.session_hours) == (3, "b", 3)
    assert settings.trusted_proxies == ("10.0.0.1",)
    assert load_settings({"MEDREG_TRUSTED_PROXIES": "1.1.1.1, 2.2.2.2,"}).trusted_proxies == ("1.1.1.1", "2.2.2.2")
    assert load_settings({}) == Settings()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("port = 'x'", "port"),
        ("prot = 1", "prot"),
        ("port =", "MEDREG_CONFIG"),
        ("claim_minutes = []", "claim_min"),
        ("port = 65536", "port"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    tmp_path: Path, text: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "medreg.toml"
    config.write_text(text, encoding="utf-8")
    monkeypatch.setenv("MEDREG_CONFIG", str(config))
    with pytest.raises(SettingsFault):
        load_settings()
    assert run("verify-audit") == 1
    assert re.search(name, capsys.readouterr().err)


def test_roles_of_the_command_line_are_those_with_a_place() -> None:
    with pytest.raises(SystemExit):
        run("create-account", "--login", "x", "--name", "x", "--role", Role.SYSTEM.value)
