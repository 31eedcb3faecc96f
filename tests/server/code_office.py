"""Offices that hand out activation codes, and physicians who redeem them, inside the process."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import date

from medreg_core.contract.v1.activation import Activated, CodeLease, HandOutCode, LeasedCode, Redemption, ReprintCode
from medreg_core.contract.v1.activation import VoidCode as Void
from medreg_core.contract.v1.commands import CodeBody, Command
from medreg_core.contract.v1.messages import Welcome
from medreg_core.contract.v1.versions import schema_of
from medreg_core.domain.codes.practice_code import make_practice_code
from medreg_core.domain.records import CommandId, Institution, PhysicianId, Registration
from medreg_core.domain.vocabulary import Category, HandOutWay, Level, RegistrationState, Role
from medreg_server.db.clock import system_clock
from medreg_server.db.physicians import Registered
from medreg_server.services.activation import ActivationDesk
from medreg_server.services.callers import Caller
from medreg_server.services.hello import HelloDesk
from medreg_server.services.service import Service
from tests.helpers.server import make_person, seed_account
from tests.server.clients import Office, new_id

ADDRESS = "192.0.2.7"


@dataclass
class CodeOffice(Office):
    """A registrar who holds activation codes of her device."""

    codes: list[LeasedCode] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.greet(0)

    def greet(self, left: int) -> CodeLease | None:
        """Say hello with ``left`` codes; return the lease that came."""
        welcome = self.welcome(activation_codes_left=left)
        if welcome.code_lease is not None:
            self.codes += welcome.code_lease.codes
        return welcome.code_lease

    def welcome(self, **changes: object) -> Welcome:
        """Say hello as a program of the present protocol."""
        hello = self._hello(**{"protocol_max": 2, "form_numbers_left": 100, **changes})
        return HelloDesk(self.service.environment).hello(hello, self.caller)

    def hand_out(self, physician_id: PhysicianId, code: LeasedCode) -> Command:
        return about(physician_id, HandOutCode(reference=code.reference, way=HandOutWay.SLIP))

    def handed(self, physician_id: PhysicianId) -> LeasedCode:
        """Hand out the next code; return it once the register has taken it."""
        code = self.codes.pop()
        outcome = self.send_one(self.hand_out(physician_id, code))
        assert outcome.kind == "accepted", outcome
        return code


def about(physician_id: PhysicianId, body: CodeBody, **changes: object) -> Command:
    """Return a new command about a physician."""
    made = {"id": CommandId(new_id()), "base_version": 0, "made_at": system_clock(), **changes}
    return Command(physician_id=physician_id, body=body, schema=schema_of(body), **made)  # type: ignore[arg-type] # as named


def void(physician_id: PhysicianId, code: LeasedCode) -> Command:
    return about(physician_id, Void(reference=code.reference, reason="发错了人"))


def reprint(physician_id: PhysicianId, code: LeasedCode, number: int = 1) -> Command:
    return about(physician_id, ReprintCode(reference=code.reference, way=HandOutWay.SLIP, reprint=number))


_serials = iter(range(secrets.randbelow(500_000), 10**6))


def seed_physician(service: Service, institution: Institution, physician_id: PhysicianId | None = None) -> PhysicianId:
    """Register a physician, new unless named, at the institution; she has no active account."""
    who = physician_id or PhysicianId(secrets.token_hex(16))
    registration = Registration(
        practice_code=make_practice_code(Level.PHYSICIAN, "10", "990100", next(_serials)),
        state=RegistrationState.VALID,
        level=Level.PHYSICIAN,
        category=Category.CLINICAL,
        scopes=(),
        place=institution.region[:2],
        institution_name=institution.name,
        institution_code=institution.code,
        department="内科",
        registered_on=date(2020, 1, 1),
    )
    with service.environment.database.write() as transaction:
        if physician_id is None:
            transaction.physicians.add([(who, make_person())])
        transaction.physicians.add_registrations([Registered(who, institution.id, registration)])
    return who


def account_of(service: Service, physician_id: PhysicianId) -> Caller:
    """Return a signed-in account of the physician."""
    login = f"physician-{secrets.token_hex(6)}"
    seed_account(service, login, Role.PHYSICIAN, physician_id=physician_id)
    with service.environment.database.read() as transaction:
        account = transaction.accounts.by_login(login)
    assert account is not None
    return Caller(account, secrets.token_hex(16))


def redeem(service: Service, physician: Caller, code: str) -> Activated:
    return ActivationDesk(service.environment).redeem(Redemption(code), physician, ADDRESS)
