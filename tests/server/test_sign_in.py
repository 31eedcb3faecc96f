"""Sign-in: uniform answers, throttling that lives in the database, sessions that end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.identity import is_refusal_proven, is_session_proven
from medreg_core.contract.v1.messages import Session, SignIn
from medreg_core.domain.records import DeviceId
from medreg_core.domain.vocabulary import Role
from medreg_server.db.engine import open_engine
from medreg_server.services.faults import ServiceFault
from medreg_server.services.passwords import Passwords
from medreg_server.services.registry import NewAccount, RegistryFault
from medreg_server.services.service import Service
from medreg_server.services.sign_in import SignInDesk
from medreg_server.settings import Settings
from tests.helpers.server import PASSWORD, open_register, seed_account, seed_hospital

OFFICE, ELSEWHERE = "203.0.113.1", "203.0.113.2"
DEVICE = DeviceId("0" * 32)


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def service(database_url: str, tmp_path: Path, clock: Hand) -> Service:
    with open_register(database_url, tmp_path, clock) as opened:
        yield opened  # type: ignore[misc] # a generator fixture


@pytest.fixture
def login(service: Service) -> str:
    return seed_hospital(service).logins[Role.REGISTRAR]


@pytest.fixture
def desk(service: Service) -> SignInDesk:
    return SignInDesk(service.environment, service.passwords)


def attempt(desk: SignInDesk, login: str, password: str = PASSWORD, address: str = OFFICE) -> FaultCode | Session:
    try:
        return desk.open(SignIn(login, password, DEVICE), address)
    except ServiceFault as fault:
        return fault.code


def test_a_right_password_opens_a_session_that_names_the_account(desk: SignInDesk, login: str) -> None:
    session = attempt(desk, login)
    assert isinstance(session, Session)
    assert desk.caller(session.token).account.login == login
    assert session.account.role is Role.REGISTRAR


def test_whatever_is_wrong_the_answer_is_the_same(service: Service, desk: SignInDesk, login: str) -> None:
    for name, password in (
        (login, "wrong password"),
        ("nobody-here", PASSWORD),
        ("", ""),
        ("a\x00b", "x"),
        (login, ""),
    ):
        assert attempt(desk, name, password) is FaultCode.BAD_CREDENTIALS


def test_an_unknown_account_costs_the_same_work(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    passwords = Passwords(service.environment.settings)
    hasher = passwords._hasher
    verify: Callable[[str, str], bool] = hasher.verify
    monkeypatch.setattr(type(hasher), "verify", lambda _, h, p: (verified.append(h), verify(h, p))[1])
    assert not passwords.verify(None, "guess")
    assert not passwords.verify(passwords.hash("other"), "guess")
    assert len(verified) == 2
    assert verified[0].split("$")[:4] == verified[1].split("$")[:4], "the same algorithm and parameters"


def test_five_failures_pause_this_account_at_this_address_only(desk: SignInDesk, login: str, clock: Hand) -> None:
    for _ in range(5):
        assert attempt(desk, login, "wrong password") is FaultCode.BAD_CREDENTIALS
    assert attempt(desk, login) is FaultCode.TOO_MANY_ATTEMPTS
    assert attempt(desk, login.upper()) is FaultCode.TOO_MANY_ATTEMPTS
    assert isinstance(attempt(desk, login, address=ELSEWHERE), Session), "nobody can lock a colleague out"
    clock.now += timedelta(minutes=15)
    assert isinstance(attempt(desk, login), Session)


def test_the_pause_says_how_long_and_survives_a_restart(
    service: Service, login: str, clock: Hand, database_url: str, tmp_path: Path
) -> None:
    first = SignInDesk(service.environment, service.passwords)
    for _ in range(6):
        attempt(first, login, "wrong password")
    clock.now += timedelta(minutes=10)
    with open_register(database_url, tmp_path, clock) as again:
        desk = SignInDesk(again.environment, again.passwords)
        with pytest.raises(ServiceFault) as fault:
            desk.open(SignIn(login, PASSWORD, DEVICE), OFFICE)
    assert fault.value.params == {"wait_s": "300"}


def test_a_pause_begun_under_a_fast_clock_ends_with_it(desk: SignInDesk, login: str, clock: Hand) -> None:
    """Counted from a moment that has not come yet, the pause would last until it has."""
    clock.now += timedelta(days=365)
    for _ in range(6):
        attempt(desk, login, "wrong password")
    assert attempt(desk, login) is FaultCode.TOO_MANY_ATTEMPTS
    clock.now -= timedelta(days=365)
    assert isinstance(attempt(desk, login), Session)


def test_an_attempt_that_waited_for_its_turn_begins_no_new_count(desk: SignInDesk, login: str, clock: Hand) -> None:
    """It read the time before the others, and comes after them."""
    for _ in range(5):
        attempt(desk, login, "wrong password")
    clock.now -= timedelta(seconds=2)
    assert attempt(desk, login) is FaultCode.TOO_MANY_ATTEMPTS


def test_unknown_accounts_are_throttled_alike(desk: SignInDesk) -> None:
    answers = [attempt(desk, "nobody-here") for _ in range(6)]
    assert answers == [FaultCode.BAD_CREDENTIALS] * 5 + [FaultCode.TOO_MANY_ATTEMPTS]


def test_a_success_ends_the_count(desk: SignInDesk, login: str) -> None:
    for _ in range(3):
        for _ in range(4):
            assert attempt(desk, login, "wrong password") is FaultCode.BAD_CREDENTIALS
        assert isinstance(attempt(desk, login), Session)


def test_many_accounts_from_one_address_are_paused_but_an_office_is_not(
    database_url: str, tmp_path: Path, clock: Hand
) -> None:
    with open_register(database_url, tmp_path, clock, sign_in_address_attempts=10) as service:
        desk = SignInDesk(service.environment, service.passwords)
        login = seed_hospital(service).logins[Role.REGISTRAR]
        assert all(isinstance(attempt(desk, login), Session) for _ in range(30))
        answers = [attempt(desk, f"guess-{n}") for n in range(12)]
    assert answers.count(FaultCode.BAD_CREDENTIALS) == 10
    assert answers[-1] is FaultCode.TOO_MANY_ATTEMPTS


def test_one_network_of_ipv6_is_one_caller(desk: SignInDesk, login: str) -> None:
    """Its customer may choose among 2 to the 64th addresses."""
    answers = [attempt(desk, login, "wrong password", f"2001:db8:1:2::{n:x}") for n in range(30)]
    assert answers == [FaultCode.BAD_CREDENTIALS] * 5 + [FaultCode.TOO_MANY_ATTEMPTS] * 25
    assert isinstance(attempt(desk, login, address="2001:db8:1:3::1"), Session)
    assert isinstance(attempt(desk, login, address="unix socket"), Session)


def test_an_address_of_ipv4_is_the_same_caller_over_ipv6(desk: SignInDesk, login: str) -> None:
    for address in (OFFICE, f"::ffff:{OFFICE}") * 3:
        answer = attempt(desk, login, "wrong password", address)
    assert answer is FaultCode.TOO_MANY_ATTEMPTS
    assert isinstance(attempt(desk, login, address=f"::ffff:{ELSEWHERE}"), Session)


def test_guessing_on_writes_nothing_and_what_is_over_is_forgotten(
    database_url: str, tmp_path: Path, clock: Hand
) -> None:
    engine = open_engine(database_url)

    def noted() -> list[object]:
        with engine.connect() as connection:
            return [*connection.execute(text("SELECT * FROM sign_in_throttle ORDER BY key")).all()]

    with open_register(database_url, tmp_path, clock, sign_in_address_attempts=10) as service:
        desk = SignInDesk(service.environment, service.passwords)
        for n in range(10):
            attempt(desk, f"guess-{n}")
        before = noted()
        assert len(before) == 11
        assert {attempt(desk, f"more-{n}") for n in range(20)} == {FaultCode.TOO_MANY_ATTEMPTS}
        assert noted() == before
        clock.now += timedelta(minutes=15)
        attempt(desk, "guess-0", address=ELSEWHERE)
    assert len(noted()) == 2
    engine.dispose()


def test_sessions_end_by_time_and_by_sign_out(desk: SignInDesk, login: str, clock: Hand) -> None:
    first, second = attempt(desk, login), attempt(desk, login)
    assert isinstance(first, Session)
    assert isinstance(second, Session)
    desk.close(first.token, desk.caller(first.token))
    for token in (first.token, second.token[:-1], ""):
        with pytest.raises(ServiceFault) as fault:
            desk.caller(token)
        assert fault.value.code is FaultCode.SESSION_EXPIRED
    clock.now = second.expires_at
    with pytest.raises(ServiceFault):
        desk.caller(second.token)


def test_neither_tokens_nor_passwords_nor_guesses_are_stored(
    service: Service, desk: SignInDesk, login: str, database_url: str
) -> None:
    session = attempt(desk, login)
    assert isinstance(session, Session)
    attempt(desk, "typed-into-the-wrong-field", "wrong password")
    engine = open_engine(database_url)
    with engine.connect() as connection:
        for table in ("session", "audit", "account", "sign_in_throttle"):
            rows = str(connection.execute(text(f"SELECT * FROM {table}")).all())
            for secret in (session.token, PASSWORD, "typed-into-the-wrong-field", "wrong password", OFFICE):
                assert secret not in rows
    engine.dispose()


def test_a_hash_of_weaker_parameters_is_renewed_at_sign_in(
    service: Service, login: str, database_url: str, tmp_path: Path, clock: Hand
) -> None:
    def stored() -> str:
        with service.environment.database.read() as transaction:
            account = transaction.accounts.by_login(login)
        assert account is not None
        return account.password_hash

    before = stored()
    with open_register(database_url, tmp_path, clock, hash_passes=2) as stronger:
        desk = SignInDesk(stronger.environment, stronger.passwords)
        assert isinstance(attempt(desk, login), Session)
        assert isinstance(attempt(desk, login), Session)
    assert before != stored()
    assert "t=2" in stored()


def test_the_defaults_are_those_of_the_rfc() -> None:
    hashed = Passwords(Settings()).hash("x")
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=1$")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"password": "short"}, "password_length"),
        ({"password": "x" * 129}, "password_length"),
        ({"institution_id": None}, "place_missing"),
        ({"role": Role.PHYSICIAN}, "place_missing"),
        ({"role": Role.COMMISSION}, "place_missing"),
        ({"role": Role.SYSTEM}, "place_missing"),
        ({"login": "TAKEN"}, "login_taken"),
    ],
)
def test_an_account_that_cannot_be_is_refused(service: Service, changes: dict[str, object], code: str) -> None:
    hospital = seed_hospital(service)
    seed_account(service, "taken", Role.READ_ONLY, institution_id=hospital.institution.id)
    values = {
        "login": "new",
        "name": "新",
        "role": Role.REGISTRAR,
        "password": PASSWORD,
        "institution_id": hospital.institution.id,
    }
    with pytest.raises(RegistryFault) as fault:
        service.registry.add_account(NewAccount(**(values | changes)))  # type: ignore[arg-type] # as named
    assert fault.value.code == code


def test_a_session_and_the_answer_to_hello_are_signed(service: Service, desk: SignInDesk, login: str) -> None:
    """By the key of the service, over the nonce of this very sign-in; who sends none gets none."""
    query = SignIn(login, PASSWORD, DEVICE, nonce="0123456789abcdef")
    session, keys = desk.open(query, OFFICE), service.environment.keys
    server_id = service.environment.identity().server_id
    assert is_session_proven(session, query, server_id, {keys.kid: keys.public_key})
    other = SignIn(login, PASSWORD, DEVICE, nonce="another-nonce-of-his")
    assert not is_session_proven(session, other, server_id, {keys.kid: keys.public_key})
    supervisor = msgspec.structs.replace(session.account, role=Role.SUPERVISOR)
    altered = msgspec.structs.replace(session, account=supervisor)
    assert not is_session_proven(altered, query, server_id, {keys.kid: keys.public_key})
    assert desk.open(SignIn(login, PASSWORD, DEVICE), OFFICE).proof == b""
    with pytest.raises(ServiceFault) as caught:
        desk.open(SignIn(login, PASSWORD, DEVICE, nonce="short"), OFFICE)
    assert caught.value.code is FaultCode.BAD_REQUEST


def test_a_refusal_is_signed_as_well(service: Service, desk: SignInDesk, login: str) -> None:
    query = SignIn(login, "wrong password", DEVICE, nonce="0123456789abcdef")
    keys, server_id = service.environment.keys, service.environment.identity().server_id
    with pytest.raises(ServiceFault) as caught:
        desk.open(query, OFFICE)
    assert caught.value.code is FaultCode.BAD_CREDENTIALS
    assert is_refusal_proven(caught.value.params, query, server_id, {keys.kid: keys.public_key})
    other = msgspec.structs.replace(query, account="somebody-else")
    assert not is_refusal_proven(caught.value.params, other, server_id, {keys.kid: keys.public_key})
