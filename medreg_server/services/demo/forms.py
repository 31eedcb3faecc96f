"""The review forms of consents given before the demo begins: numbered from a lease and signed like any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.form_code import FormClaims, sign_form_code
from medreg_core.domain.deadlines import china_date
from medreg_core.domain.forms import make_form_number
from medreg_core.domain.records import AccountId, Application, DeviceId, ReviewForm
from medreg_core.domain.vocabulary import FormState, Move, RevocationReason, State
from medreg_server.db.devices import Device, Shutout
from medreg_server.db.forms import FormRecord
from medreg_server.db.leases import Holder
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.demo.applications import Filed
from medreg_server.services.demo.province import HOME
from medreg_server.services.keys import Keys

_DEVICE: Final = DeviceId("demo-registry-office")
_LEASE: Final = 100
_NO_CONSENT: Final = frozenset({State.SUBMITTED, State.RETURNED, State.REFUSED, State.WITHDRAWN})


class FormDrawer:
    """Gives consents their forms. The device that holds their numbers is shut out: nobody has its key."""

    def __init__(self, transaction: WriteTransaction, keys: Keys, now: datetime) -> None:
        self._transaction = transaction
        self._keys = keys
        self._now = now
        self._numbers: dict[int, Iterator[str]] = {}
        key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        transaction.devices.add(Device(_DEVICE, HOME.institution.id, key, "demo"), AccountId(""), now)
        transaction.devices.revoke(_DEVICE, Shutout(RevocationReason.RETIRED, None, now))

    def drawn(self, filed: Filed) -> tuple[Application, FormRecord | None]:
        """Return the application with the form of its consent, and that form; without a consent no form."""
        application = filed.application
        if application.state in _NO_CONSENT or application.institution_id != HOME.institution.id:
            return application, None
        agreed_at = max(entry.at for entry in application.history if entry.move is Move.AGREE)
        number = next(self._numbers_of(china_date(agreed_at).year))
        claims = FormClaims(number, application.content_version, filed.digest, FormState.AGREED, agreed_at)
        code = sign_form_code(claims, self._keys.private_key, self._keys.kid)
        record = FormRecord(
            number=number,
            institution_id=application.institution_id,
            application_id=application.id,
            device_id=_DEVICE,
            content_version=application.content_version,
            digest=filed.digest,
            code=code,
            created_at=agreed_at,
        )
        return replace(application, form=ReviewForm(number, filed.digest, code)), record

    def _numbers_of(self, year: int) -> Iterator[str]:
        return self._numbers.setdefault(year, self._leased(year))

    def _leased(self, year: int) -> Iterator[str]:
        region = HOME.institution.region
        while True:
            lease = self._transaction.leases.grant(
                Holder(HOME.institution.id, _DEVICE), region, year, _LEASE, self._now
            )
            assert lease is not None, "a demo province does not fill a year"
            for serial in range(lease.first, lease.last + 1):
                yield make_form_number(region, year, serial)
