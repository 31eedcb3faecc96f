"""What the operator sets up: the service's identity, institutions, accounts, epochs, the length of the feed."""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from medreg_core.domain.access import INSTITUTION_ROLES
from medreg_core.domain.codes.findings import is_valid
from medreg_core.domain.codes.institution_code import check_institution_code
from medreg_core.domain.records import AccountId, Institution, InstitutionId, PhysicianId
from medreg_core.domain.text import normalise_code
from medreg_core.domain.vocabulary import Role
from medreg_server.db.accounts import AccountRecord
from medreg_server.db.audit import REGISTER, Event
from medreg_server.db.server_state import Identity
from medreg_server.db.transaction import ReadTransaction
from medreg_server.services import rescued_file, serials
from medreg_server.services.environment import Environment
from medreg_server.services.ids import is_id
from medreg_server.services.passwords import MAX_LENGTH, MIN_LENGTH, Passwords
from medreg_server.services.rescues import find_again

_LONGEST_LOGIN: Final = 100  # as wide as their columns
_LONGEST_NAME: Final = 200
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


class RegistryFault(Exception):
    """The operator's request cannot be carried out; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be made. Institution roles need an institution, physicians themselves, commissions a region."""

    login: str
    name: str
    role: Role
    password: str
    institution_id: InstitutionId | None = None
    physician_id: PhysicianId | None = None
    region: str = ""
    id: AccountId | None = None  # None: a new one. A restore may have taken an account whose decisions wait


class Registry:
    """The operator's operations; they are not reachable over the network."""

    def __init__(self, environment: Environment, passwords: Passwords) -> None:
        self._environment = environment
        self._passwords = passwords

    def prepare(self) -> Identity:
        """Give a new database its identity, publish the signing key; return the identity in force."""
        environment = self._environment
        with environment.database.write() as transaction:
            now = environment.now()
            identity = Identity(server_id=secrets.token_hex(8), epoch=secrets.token_hex(8))
            if transaction.server_state.found(identity, now):
                transaction.record(Event("server.found", identity.server_id, detail={"epoch": identity.epoch}))
            transaction.server_state.publish_key(environment.keys.kid, environment.keys.public_key, now)
        return environment.identity()

    def begin_epoch(self, reason: str) -> str:
        """Begin a new epoch after a restore or fail-over, so that no client goes on with numbers used twice.

        Form numbers leased since the backup may be on paper, practice codes given since on certificates: as many as the
        settings say are left out, from where the epoch that ends began if that is later (ADR 018). Every session ends:
        one of a backup may have been ended since, and who signs in anew greets before anything is sent, so that his
        leases are taken back first. What was rescued since the backup from computers that are gone comes back into the
        review lane.
        Raises RegistryFault serials_damaged.
        """
        epoch = secrets.token_hex(8)
        settings = self._environment.settings
        data_dir = Path(settings.data_dir)
        try:
            begun = serials.kept(data_dir)
        except msgspec.DecodeError as error:
            raise RegistryFault("serials_damaged") from error
        with self._environment.database.write() as transaction:
            transaction.server_state.begin_epoch(epoch, self._environment.now())
            transaction.accounts.close_all_sessions()
            transaction.leases.raise_to(begun)
            transaction.leases.skip(settings.restore_skip)
            transaction.physicians.raise_practice_serials(begun.practice)
            transaction.physicians.skip_practice_serials(settings.restore_skip_codes)
            serials.keep(data_dir, serials.standing(transaction))
            find_again(transaction, rescued_file.kept(data_dir), self._environment.now())
            transaction.record(Event("server.epoch", epoch, detail={"reason": reason}))
        return epoch

    def add_institution(self, institution: Institution) -> None:
        """Register an institution, its code in the one spelling that is compared.

        Raises RegistryFault institution_exists, region_malformed, code_malformed, name_malformed.
        """
        _check_region(institution.region)
        if not is_valid(check_institution_code(institution.code)):
            raise RegistryFault("code_malformed")
        new = replace(institution, code=normalise_code(institution.code), name=_name(institution.name))
        with self._environment.database.write() as transaction:
            if institution_with(transaction, new.code) is not None:
                raise RegistryFault("institution_exists")
            transaction.institutions.add(new)
            transaction.record(Event("institution.add", institution.id, chain=institution.id))

    def new_institution_id(self, region: str) -> InstitutionId:
        """Return a new id for an institution of ``region``; it begins with the region code."""
        return InstitutionId(f"{region}-{self._environment.new_id()}")

    def add_account(self, new: NewAccount) -> AccountId:
        """Make an account.

        Raises RegistryFault login_taken, login_malformed, name_malformed, password_length, place_missing,
        region_malformed, id_malformed, id_taken.
        """
        if not MIN_LENGTH <= len(new.password) <= MAX_LENGTH:
            raise RegistryFault("password_length")
        if not _has_place(new):
            raise RegistryFault("place_missing")
        if new.region:
            _check_region(new.region)
        if new.id is not None and not is_id(new.id):
            raise RegistryFault("id_malformed")
        account = AccountRecord(
            id=new.id or AccountId(self._environment.new_id()),
            login=_login(new.login),
            name=_name(new.name),
            role=new.role,
            password_hash=self._passwords.hash(new.password),
            created_at=self._environment.now(),
            institution_id=new.institution_id,
            physician_id=new.physician_id,
            region=new.region,
        )
        detail = {"role": new.role.value, **({"given_back": "true"} if new.id else {})}
        with self._environment.database.write() as transaction:
            if transaction.accounts.get(account.id) is not None:
                raise RegistryFault("id_taken")
            if not transaction.accounts.add(account):
                raise RegistryFault("login_taken")
            chain = new.institution_id or REGISTER
            transaction.record(Event("account.add", account.id, chain=chain, detail=detail))
        return account.id

    def prune_feed(self) -> None:
        """Forget changes older than the settings allow; clients that were away longer take a new snapshot."""
        before = self._environment.now() - timedelta(days=self._environment.settings.feed_days)
        with self._environment.database.read() as transaction:
            institutions = [institution.id for institution in transaction.institutions.all()]
        for institution_id in institutions:
            with self._environment.database.write() as transaction:
                floor = transaction.feed.prune(institution_id, before)
                transaction.record(Event("feed.prune", chain=institution_id, detail={"floor": str(floor)}))


def institution_with(transaction: ReadTransaction, code: str) -> Institution | None:
    """Return the institution with this 机构登记号, however either is written: some stand as they were once typed."""
    asked = normalise_code(code)
    if found := transaction.institutions.by_code(asked):
        return found
    return next((known for known in transaction.institutions.all() if normalise_code(known.code) == asked), None)


def _login(text: str) -> str:
    """Return a login name without the blanks around it. Raises RegistryFault login_malformed."""
    login = text.strip()
    # As sign-in looks it up: printable, and folded, which may make it longer.
    if not (login.isprintable() and 0 < len(login.casefold()) <= _LONGEST_LOGIN):
        raise RegistryFault("login_malformed")
    return login


def _name(text: str) -> str:
    """Return a name without the blanks around it; inside every character counts. Raises RegistryFault name_malformed.

    Rare characters of names are younger than Python's tables and not known as printable: only those known not to be
    are refused.
    """
    name = text.strip()
    if not 0 < len(name) <= _LONGEST_NAME or any(unicodedata.category(sign) in _UNSEEN for sign in name):
        raise RegistryFault("name_malformed")
    return name


def _check_region(region: str) -> None:
    """Raise RegistryFault region_malformed: no form number could be made of another."""
    if not re.fullmatch(r"[0-9]{6}", region):
        raise RegistryFault("region_malformed")


def _has_place(new: NewAccount) -> bool:
    if new.role in INSTITUTION_ROLES:
        return new.institution_id is not None
    if new.role is Role.PHYSICIAN:
        return new.physician_id is not None
    return new.role is Role.COMMISSION and bool(new.region)
