"""Reading a form's QR at the commission's counter: what the register says of the paper (``design.md`` §6)."""

from __future__ import annotations

from collections.abc import Mapping

from medreg_core.contract.v1.form_code import FormClaims, FormCodeForged, key_id_of, read_form_code
from medreg_core.contract.v1.messages import ScanAnswer
from medreg_core.domain.access import Action
from medreg_core.domain.forms import check_form_number
from medreg_core.domain.records import DeviceId
from medreg_core.domain.vocabulary import ScanResult
from medreg_server.db.forms import FormRecord
from medreg_server.db.transaction import ReadTransaction
from medreg_server.services.callers import Caller
from medreg_server.services.environment import Environment
from medreg_server.services.ids import is_id


class ScanDesk:
    """Verifies form codes against the keys ever published and the forms on record."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def scan(self, text: str, caller: Caller) -> ScanAnswer:
        """Return what the register says of the scanned code; every scan is audited."""
        caller.require(Action.SCAN)
        with self._environment.database.write() as transaction:
            answer = _answer(transaction, text, caller)
            subject = answer.application.id if answer.application else ""
            transaction.record(caller.event("form.scan", subject, result=answer.result.value, form=answer.form_number))
        return answer


def _answer(transaction: ReadTransaction, text: str, caller: Caller) -> ScanAnswer:
    try:
        claims = read_form_code(text, _keys(transaction, text))
    except FormCodeForged:
        return ScanAnswer(result=ScanResult.FORGED)
    if not check_form_number(claims.form_number):
        return ScanAnswer(result=ScanResult.FORGED)
    form = transaction.forms.get(claims.form_number, caller.scope)
    if form is None:
        # Signed by us or a device of ours, but no consent on record here: it has not arrived, or not been accepted.
        return ScanAnswer(result=ScanResult.PENDING, form_number=claims.form_number)
    application = transaction.applications.get(form.application_id, caller.scope)
    changed = application is not None and application.content_version != form.content_version
    return ScanAnswer(result=_result(claims, form, changed=changed), form_number=form.number, application=application)


def _result(claims: FormClaims, form: FormRecord, *, changed: bool) -> ScanResult:
    """Void says more than changed: a form that was withdrawn is void whatever was written since."""
    if form.voided_at is not None:
        return ScanResult.VOID
    if changed or claims.digest != form.digest or claims.version != form.content_version:
        return ScanResult.CHANGED
    return ScanResult.VALID


def _keys(transaction: ReadTransaction, text: str) -> Mapping[str, bytes]:
    """Return the server's keys and, when the code names a device of ours, that device's key."""
    keys = transaction.server_state.public_keys()
    kid = key_id_of(text)
    device = transaction.devices.get(DeviceId(kid)) if is_id(kid) else None
    return keys if device is None or kid in keys else {**keys, kid: device.public_key}
