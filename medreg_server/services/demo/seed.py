"""Writes the demo province into an empty register, through the same repositories as everything else.

All of it is one transaction: an interrupted run leaves nothing. Memory stays that of one chunk however many physicians
are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import chain, islice
from random import Random
from typing import Final, TypeVar

from medreg_core.domain.ids import uuid7
from medreg_core.domain.records import AccountId, Application, PhysicianId
from medreg_core.domain.vocabulary import State
from medreg_server.db.accounts import AccountRecord
from medreg_server.db.audit import Event
from medreg_server.db.physicians import Registered
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.demo.accounts import STAFF, DemoAccount, applicant_account
from medreg_server.services.demo.applications import Filed, Filings
from medreg_server.services.demo.cases import LIVE, live_cases, past_cases
from medreg_server.services.demo.flaws import Flaw
from medreg_server.services.demo.forms import FormDrawer
from medreg_server.services.demo.passers import SIGNED_UP, passers
from medreg_server.services.demo.people import Physician, PracticeSerials, physicians
from medreg_server.services.demo.province import HOSPITALS, NEIGHBOUR
from medreg_server.services.environment import Environment
from medreg_server.services.passwords import Passwords

T = TypeVar("T")

SEED: Final = 20261123
PAST: Final = 780

_CHUNK: Final = 1_000
_CAN_ACT: Final = frozenset({State.SUBMITTED, State.RETURNED})


class DemoRefused(Exception):
    """The demo province cannot be written. ``code``: demo_exists | not_empty | too_few_physicians | login_taken."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params


@dataclass(frozen=True, slots=True)
class Size:
    """How large a province to write: registered physicians in all, and finished applications of the home hospital."""

    physicians: int = 5_000
    finished: int = PAST


@dataclass(frozen=True, slots=True)
class DemoAccounts:
    """What the demo was given, for whoever signs in: one password for every account."""

    password: str
    staff: tuple[DemoAccount, ...]
    physicians: tuple[DemoAccount, ...]


def seed_demo(
    environment: Environment,
    passwords: Passwords,
    password: str,
    *,
    size: Size = Size(),
    seed: int = SEED,
    today: date | None = None,
) -> DemoAccounts:
    """Write the demo province and return its accounts. ``today`` replaces the environment's date in China.

    Raises DemoRefused when the register holds anything already, or ``size`` is too small for its applications.
    """
    fewest = LIVE + size.finished + SIGNED_UP  # each application is another physician's
    if size.physicians < fewest:
        raise DemoRefused("too_few_physicians", fewest=str(fewest))
    password_hash = passwords.hash(password)
    with environment.database.write() as transaction:
        if transaction.institutions.get(HOSPITALS[0].institution.id) is not None:
            raise DemoRefused("demo_exists")
        if transaction.institutions.all():  # its officer would see and rule on real applications of the region
            raise DemoRefused("not_empty")
        writer = _Writer(environment, transaction, Random(seed), today or environment.today())  # noqa: S311 - invented data
        physician_accounts = writer.province(size, seed)
        writer.accounts((*STAFF, *physician_accounts), password_hash)
    return DemoAccounts(password, STAFF, physician_accounts)


class _Writer:
    """Writes the parts of the province within one transaction."""

    def __init__(self, environment: Environment, transaction: WriteTransaction, rng: Random, today: date) -> None:
        self._environment = environment
        self._transaction = transaction
        self._rng = rng
        self._today = today
        self._serials = PracticeSerials()

    def province(self, size: Size, seed: int) -> tuple[DemoAccount, ...]:
        """Write hospitals, applicants and their colleagues; return the accounts of applicants who may still act."""
        transaction = self._transaction
        for hospital in HOSPITALS:
            institution = hospital.institution
            transaction.institutions.add(institution)
            transaction.record(Event("institution.add", institution.id, chain=institution.id))
        others = LIVE + size.finished + SIGNED_UP
        can_act = list(self._applications(size.finished))
        for chunk in _chunks(islice(physicians(self._rng, self._today, self._serials), size.physicians - others)):
            self._physicians(chunk)
        signed_up = passers(seed, self._today)[:SIGNED_UP]
        transaction.physicians.add((self._new_id(self._today), passer.person) for passer in signed_up)
        transaction.physicians.continue_practice_serials(self._serials.counters())
        transaction.record(Event("demo.seed", detail={"physicians": str(size.physicians)}))
        return tuple(applicant_account(application, number) for number, application in enumerate(can_act, 1))

    def _applications(self, finished: int) -> Iterator[Application]:
        """Write the applications chunk by chunk; yield those that wait for the hospital or the applicant."""
        filings = Filings(self._rng, self._today, self._environment.tables, self._serials)
        drawer = FormDrawer(self._transaction, self._environment.keys, self._environment.now())
        cases = chain(live_cases(self._rng), islice(past_cases(self._rng), finished))
        for chunk in _chunks(filings.filed(cases)):
            self._applicants(chunk)
            others = [filings.elsewhere(entry, NEIGHBOUR) for entry in chunk if entry.flaw is Flaw.OTHER_PENDING]
            drawn = [drawer.drawn(entry) for entry in (*chunk, *others)]
            self._transaction.applications.add(application for application, _ in drawn)
            for _, form in drawn:
                if form is not None:
                    self._transaction.forms.add(form)
            yield from (entry.application for entry in chunk if entry.application.state in _CAN_ACT)

    def _applicants(self, filed: Sequence[Filed]) -> None:
        register = self._transaction.physicians
        register.add((entry.application.physician_id, entry.application.person) for entry in filed)
        register.add_qualifications(
            (entry.application.physician_id, held) for entry in filed for held in entry.qualifications
        )
        register.add_registrations(
            Registered(entry.application.physician_id, held.institution_id, held.registration)
            for entry in filed
            for held in entry.held
        )

    def _physicians(self, chunk: Sequence[Physician]) -> None:
        register = self._transaction.physicians
        ids = [self._new_id(physician.registration.registered_on) for physician in chunk]
        register.add((key, physician.person) for key, physician in zip(ids, chunk, strict=True))
        register.add_qualifications((key, physician.qualification) for key, physician in zip(ids, chunk, strict=True))
        register.add_registrations(
            Registered(key, physician.hospital.institution.id, physician.registration)
            for key, physician in zip(ids, chunk, strict=True)
        )

    def _new_id(self, known_since: date) -> PhysicianId:
        moment = datetime.combine(known_since, time(4), UTC)
        return PhysicianId(uuid7(int(moment.timestamp() * 1000), self._rng.randbytes(10)))

    def accounts(self, accounts: Iterable[DemoAccount], password_hash: str) -> None:
        """Write the accounts, all with one password hash: hashing costs a tenth of a second each by design."""
        now = self._environment.now()
        for account in accounts:
            added = self._transaction.accounts.add(
                AccountRecord(
                    id=AccountId(uuid7(int(now.timestamp() * 1000), self._rng.randbytes(10))),
                    login=account.login,
                    name=account.name,
                    role=account.role,
                    password_hash=password_hash,
                    created_at=now,
                    institution_id=account.institution_id,
                    physician_id=account.physician_id,
                    region=account.region,
                )
            )
            if not added:
                raise DemoRefused("login_taken", login=account.login)


def _chunks(items: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(items, _CHUNK)):
        yield chunk
