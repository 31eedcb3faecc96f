from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path

import pytest

from medreg_core.contract.v1.form_code import read_form_code
from medreg_core.contract.v1.messages import SignIn
from medreg_core.domain.deadlines import CHINA
from medreg_core.domain.records import Application, DeviceId, HistoryEntry, Registration
from medreg_core.domain.vocabulary import FormState, Kind, Move, Role, ScanResult, State
from medreg_server.db.clock import Clock
from medreg_server.db.scope import WHOLE_REGISTER, Scope
from medreg_server.services.applicants import ApplicantDesk
from medreg_server.services.audit_heads import verify_audit
from medreg_server.services.authority import AuthorityDesk, Ruling
from medreg_server.services.callers import Caller
from medreg_server.services.demo.accounts import STAFF
from medreg_server.services.demo.cases import LIVE
from medreg_server.services.demo.contents import Content
from medreg_server.services.demo.passers import SIGNED_UP
from medreg_server.services.demo.people import PracticeSerials
from medreg_server.services.demo.province import COUNTY, HOME, HOSPITALS, NEIGHBOUR
from medreg_server.services.demo.register import held_now
from medreg_server.services.demo.seed import DemoAccounts, DemoRefused, Size, seed_demo
from medreg_server.services.moves import Seen
from medreg_server.services.reviewing import first_blocker
from medreg_server.services.scans import ScanDesk
from medreg_server.services.service import Service
from medreg_server.services.sign_in import SignInDesk
from tests.helpers.server import open_register, seed_hospital, sqlite_url
from tests.server.demo.conftest import TODAY

PASSWORD = "a password for the demo"
SMALL = Size(physicians=600, finished=60)
NOW = datetime.combine(TODAY, time(9), CHINA)


def fixed_clock() -> datetime:
    return NOW


def filled(service: Service, size: Size = SMALL, seed: int = 1) -> DemoAccounts:
    return seed_demo(service.environment, service.passwords, PASSWORD, size=size, seed=seed)


@pytest.fixture
def clock() -> Clock:
    return fixed_clock


@pytest.fixture
def demo(database_url: str, tmp_path: Path, clock: Clock) -> object:
    with open_register(database_url, tmp_path, clock) as service:
        yield service, filled(service)


Demo = tuple[Service, DemoAccounts]


def caller_of(service: Service, login: str) -> Caller:
    with service.environment.database.read() as transaction:
        account = transaction.accounts.by_login(login)
    assert account is not None
    return Caller(account, DeviceId("test"))


def test_every_application_is_in_the_feed_once_and_in_order(demo: Demo) -> None:
    service, _ = demo
    with service.environment.database.read() as transaction:
        for hospital in HOSPITALS:
            institution = hospital.institution
            bounds = transaction.feed.bounds(institution.id)
            last, changes = transaction.feed.page(institution.id, 0, 10_000)
            count = transaction.applications.count(Scope(institution_id=institution.id))
            assert last == bounds.head == len(changes) == count + 1  # and the institution itself
            assert [change.seq for change in changes] == list(range(1, count + 2))
        assert transaction.applications.count(Scope(institution_id=HOME.institution.id)) == LIVE + SMALL.finished
        assert transaction.applications.count(Scope(institution_id=NEIGHBOUR.institution.id)) > 0
        assert transaction.institutions.get(COUNTY.institution.id) == COUNTY.institution


def test_accounts_sign_in_and_no_other_password_does(demo: Demo) -> None:
    service, accounts = demo
    desk = SignInDesk(service.environment, service.passwords)
    for account in (*accounts.staff, accounts.physicians[0]):
        session = desk.open(SignIn(account.login, PASSWORD, DeviceId("test")), "127.0.0.1")
        assert (session.account.name, session.account.role) == (account.name, account.role)
    assert {account.role for account in STAFF} == set(Role) - {Role.SYSTEM, Role.PHYSICIAN}


def test_twenty_and_more_applications_would_be_accepted_by_the_server(demo: Demo) -> None:
    service, _ = demo
    with service.environment.database.read() as transaction:
        waiting = transaction.applications.page(Scope(institution_id=HOME.institution.id), [State.SUBMITTED], "", 1_000)
        around = [(entry, transaction.consents.standing(entry, None, DeviceId(""))) for entry in waiting]
        clean = [entry for entry, standing in around if first_blocker(service.environment, entry, standing) is None]
        assert len(clean) >= 40
        for entry in waiting:  # what the list says of other business is what the register counts
            if entry.other_pending is not None:
                assert transaction.applications.in_progress_of(entry.physician_id, entry.id) == entry.other_pending


def test_forms_of_earlier_consents_are_genuine(demo: Demo) -> None:
    service, _ = demo
    keys = {service.environment.keys.kid: service.environment.keys.public_key}
    with service.environment.database.read() as transaction:
        agreed = transaction.applications.page(
            Scope(institution_id=HOME.institution.id), [State.AGREED, State.COLLECTED], "", 1_000
        )
    assert len(agreed) > 50
    numbers = set()
    for application in agreed:
        assert application.form is not None
        claims = read_form_code(application.form.code, keys)
        assert claims.form_number == application.form.number
        assert (claims.digest, claims.state) == (application.form.digest, FormState.AGREED)
        numbers.add(claims.form_number)
    assert len(numbers) == len(agreed)
    code = agreed[0].form.code if agreed[0].form else ""
    answer = ScanDesk(service.environment).scan(code, caller_of(service, "zhouzhengyan"))
    assert answer.result is ScanResult.VALID


def test_the_office_device_of_the_past_is_shut_out(demo: Demo) -> None:
    service, _ = demo
    with service.environment.database.read() as transaction:
        device = transaction.devices.get(DeviceId("demo-registry-office"))
    assert device is not None
    assert device.revoked_at is not None


def test_an_applicant_may_withdraw(demo: Demo) -> None:
    service, accounts = demo
    account = accounts.physicians[0]
    caller = caller_of(service, account.login)
    assert account.application_id is not None
    with service.environment.database.read() as transaction:
        application = transaction.applications.get(account.application_id, caller.scope)
    assert application is not None
    withdrawn = ApplicantDesk(service.environment).withdraw(application.id, Seen(application.version), "", caller)
    assert withdrawn.state is State.WITHDRAWN


def test_approvals_go_on_with_codes_nobody_has(demo: Demo) -> None:
    """The demo's own picture of an approval is the service's, and its serials end where the service's begin."""
    service, _ = demo
    desk, officer = AuthorityDesk(service.environment), caller_of(service, "zhouzhengyan")
    home = Scope(institution_id=HOME.institution.id)
    with service.environment.database.read() as transaction:
        accepted = transaction.applications.page(home, [State.ACCEPTED], "", 100)
        taken = {
            registered.registration.practice_code
            for application in transaction.applications.page(WHOLE_REGISTER, [], "", 1_000)
            for registered in transaction.physicians.registrations_of(application.physician_id)
        }
    assert {application.kind for application in accepted} == set(Kind)
    for application in accepted:
        after = desk.move(application.id, Move.APPROVE, Ruling(application.version), officer).registered
        assert after is not None
        known_code = after.practice_code in taken
        assert known_code == (application.registration is not None and after.practice_code == held_code(application))
        assert replace(expected(application), practice_code=after.practice_code) == after


def held_code(application: Application) -> str:
    return application.registration.practice_code if application.registration else ""


def expected(application: Application) -> Registration:
    approval = HistoryEntry(NOW, Role.COMMISSION, "", Move.APPROVE, application.version + 1)
    approved = replace(application, history=(*application.history, approval))
    assert application.qualification is not None
    content = Content(
        application.person,
        application.qualification,
        application.registration,
        application.request,
        application.statement,
    )
    return held_now(approved, content, HOME, PracticeSerials())[0].registration


def test_the_audit_holds(demo: Demo) -> None:
    service, _ = demo
    result = verify_audit(service.environment.database, service.audit_heads)
    assert not result.flaws
    assert result.rows >= 4


def test_a_second_province_is_refused_and_changes_nothing(demo: Demo) -> None:
    service, _ = demo
    with service.environment.database.read() as transaction:
        before = transaction.applications.count(WHOLE_REGISTER)
    with pytest.raises(DemoRefused) as refused:
        filled(service)
    assert refused.value.code == "demo_exists"
    with service.environment.database.read() as transaction:
        assert transaction.applications.count(WHOLE_REGISTER) == before


@pytest.fixture
def sqlite_register(tmp_path: Path, clock: Clock) -> object:
    with open_register(sqlite_url(tmp_path), tmp_path, clock) as service:
        yield service


def test_too_few_physicians_are_refused(sqlite_register: Service) -> None:
    with pytest.raises(DemoRefused) as refused:
        filled(sqlite_register, Size(physicians=LIVE, finished=0))
    assert refused.value.params == {"fewest": str(LIVE + SIGNED_UP)}


def test_the_smallest_province_is_complete(sqlite_register: Service) -> None:
    filled(sqlite_register, Size(physicians=LIVE + SIGNED_UP, finished=0))
    with sqlite_register.environment.database.read() as transaction:
        assert transaction.applications.count(Scope(institution_id=HOME.institution.id)) == LIVE


def test_an_interrupted_run_leaves_nothing(sqlite_register: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("medreg_server.db.physicians.Physicians.continue_practice_serials", full)
        with pytest.raises(OSError, match="disk full"):
            filled(sqlite_register)
    with sqlite_register.environment.database.read() as transaction:
        assert transaction.institutions.all() == []
    filled(sqlite_register)


def test_a_day_may_be_given(sqlite_register: Service) -> None:
    today = date(2025, 3, 14)
    seed_demo(sqlite_register.environment, sqlite_register.passwords, PASSWORD, size=SMALL, today=today)
    with sqlite_register.environment.database.read() as transaction:
        newest = max(
            entry.submitted_at for entry in transaction.applications.page(WHOLE_REGISTER, [State.SUBMITTED], "", 500)
        )
    assert newest.astimezone(CHINA).date() < today


def test_the_password_is_only_what_was_given(sqlite_register: Service) -> None:
    filled(sqlite_register)
    with sqlite_register.environment.database.read() as transaction:
        account = transaction.accounts.by_login("zharuoxi")
    assert account is not None
    assert sqlite_register.passwords.verify(account.password_hash, PASSWORD)
    assert not any(sqlite_register.passwords.verify(account.password_hash, word) for word in ("", "demo", "zharuoxi"))


def test_a_register_in_use_gets_no_demo_accounts(sqlite_register: Service) -> None:
    seed_hospital(sqlite_register)
    with pytest.raises(DemoRefused, match="not_empty"):
        filled(sqlite_register)
    with sqlite_register.environment.database.read() as transaction:
        assert transaction.accounts.by_login("zhouzhengyan") is None
