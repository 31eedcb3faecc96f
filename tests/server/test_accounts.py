"""Accounts shut out, let in again and given another password, by the operator and under somebody's sign-in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.messages import SignIn
from medreg_core.domain.records import DeviceId
from medreg_core.domain.vocabulary import Role
from medreg_server.cli import main
from medreg_server.services.accounts import AccountDesk
from medreg_server.services.faults import ServiceFault
from medreg_server.services.passwords import Passwords
from medreg_server.services.service import Service
from medreg_server.services.sign_in import SignInDesk
from tests.helpers.server import PASSWORD, Hospital, open_register

NEW = "another horse, another battery"


@pytest.fixture
def login(hospital: Hospital) -> str:
    return hospital.logins[Role.REGISTRAR]


@pytest.fixture
def accounts(register: Service) -> AccountDesk:
    return AccountDesk(register.environment, register.passwords)


@pytest.fixture
def sign_in(register: Service) -> SignInDesk:
    return SignInDesk(register.environment, register.passwords)


def opened(desk: SignInDesk, login: str, password: str = PASSWORD) -> str:
    return desk.open(SignIn(login, password, DeviceId("0" * 32)), "203.0.113.1").token


def refusal(act: Callable[[], object]) -> FaultCode:
    with pytest.raises(ServiceFault) as fault:
        act()
    return fault.value.code


def audited(service: Service, hospital: Hospital) -> list[str]:
    with service.environment.database.read() as transaction:
        entries = list(transaction.audit.entries(hospital.institution.id))
    return [entry.action for entry in entries if entry.action.startswith("account.") and entry.action != "account.add"]


@pytest.mark.usefixtures("at_console")
def test_the_operator_shuts_an_account_out_lets_it_in_and_gives_it_a_password(
    register: Service, hospital: Hospital, login: str, sign_in: SignInDesk, tmp_path: Path
) -> None:
    token = opened(sign_in, login)
    assert [main(["disable-account", login]), main(["disable-account", login])] == [0, 0]
    assert refusal(lambda: sign_in.caller(token)) is FaultCode.SESSION_EXPIRED
    assert refusal(lambda: opened(sign_in, login)) is FaultCode.BAD_CREDENTIALS
    assert main(["enable-account", login]) == 0
    assert refusal(lambda: sign_in.caller(token)) is FaultCode.SESSION_EXPIRED, "what has ended does not come back"
    second = opened(sign_in, login)
    secret = tmp_path / "password"
    secret.write_text(f"{NEW}\n", encoding="utf-8")
    assert main(["set-password", login.upper(), "--password-file", str(secret)]) == 0
    assert refusal(lambda: sign_in.caller(second)) is FaultCode.SESSION_EXPIRED
    assert refusal(lambda: opened(sign_in, login)) is FaultCode.BAD_CREDENTIALS
    assert sign_in.caller(opened(sign_in, login, NEW)).account.login == login
    assert audited(register, hospital) == ["account.disable", "account.enable", "account.password"]


@pytest.mark.usefixtures("at_console", "hospital")
def test_what_the_operator_gets_wrong_is_said(login: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = tmp_path / "password"
    secret.write_text("short", encoding="utf-8")
    assert main(["set-password", login, "--password-file", str(secret)]) == 1
    assert "8 to 128 characters" in capsys.readouterr().err
    for command in ("disable-account", "enable-account"):
        assert main([command, "nobody-here"]) == 1
        assert "no account has this login name" in capsys.readouterr().err


def during_the_hashing(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Have ``act`` done while the first password is being looked at."""
    verify, waiting = Passwords.verify, [act]

    def slow(passwords: Passwords, password_hash: str | None, password: str) -> bool:
        fits = verify(passwords, password_hash, password)
        while waiting:
            waiting.pop()()
        return fits

    monkeypatch.setattr(Passwords, "verify", slow)


def test_an_account_shut_out_while_its_password_is_hashed_stays_out(
    accounts: AccountDesk, sign_in: SignInDesk, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    during_the_hashing(monkeypatch, lambda: accounts.disable(login))
    assert refusal(lambda: opened(sign_in, login)) is FaultCode.BAD_CREDENTIALS


def test_a_password_replaced_while_it_is_hashed_opens_nothing_and_stays_replaced(
    database_url: str, tmp_path: Path, register: Service, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its hash is of weaker parameters: renewed from what was read before, it would be the password again."""
    with open_register(database_url, tmp_path, hash_passes=2) as stronger:
        desk = SignInDesk(stronger.environment, stronger.passwords)
        operator = AccountDesk(register.environment, register.passwords)
        during_the_hashing(monkeypatch, lambda: operator.set_password(login, NEW))
        assert refusal(lambda: opened(desk, login)) is FaultCode.BAD_CREDENTIALS
        assert opened(desk, login, NEW)


def test_who_signs_in_twice_at_once_with_an_old_hash_is_let_in_twice(
    database_url: str, tmp_path: Path, hospital: Hospital, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hospital.logins[Role.REGISTRAR] == login
    with open_register(database_url, tmp_path, hash_passes=2) as stronger:
        desk = SignInDesk(stronger.environment, stronger.passwords)
        during_the_hashing(monkeypatch, lambda: opened(desk, login))
        assert desk.caller(opened(desk, login)).account.login == login
