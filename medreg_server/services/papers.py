"""What happens to the paper of a review form: printed, recalled. Facts are recorded, not judged."""

from __future__ import annotations

from typing import Final

from medreg_core.contract.v1.commands import Outcome, RecordPrint, RecordRecall
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.access import may_command
from medreg_core.domain.forms import read_form_number
from medreg_core.domain.records import Application
from medreg_core.domain.vocabulary import CommandKind
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.answers import accepted, rejected
from medreg_server.services.decisions import Sent

_MOST_COPIES: Final = 1_000


def record_print(transaction: WriteTransaction, sent: Sent, body: RecordPrint, application: Application) -> Outcome:
    """Note that copies of a stored form left the printer. Raises Stopped when the form is not this application's."""
    _check(sent, CommandKind.RECORD_PRINT, body.copies)
    number = read_form_number(body.form_number)
    form = None if number is None else transaction.forms.get(str(number), sent.caller.scope)
    if form is None or form.application_id != application.id:
        raise rejected(sent.command, FaultCode.FORM_NUMBER_INVALID)
    if form.digest != body.digest:
        raise rejected(sent.command, FaultCode.DIGEST_MISMATCH)
    transaction.forms.count_printed(form.number, body.copies)
    transaction.record(
        sent.caller.event(
            "form.print",
            application.id,
            command=sent.command.id,
            form=form.number,
            copies=str(body.copies),
            reprint=str(body.reprint),
            state=body.form_state.value,
            to_file=str(body.to_file).lower(),
        )
    )
    return accepted(sent.command, application.version, sent.at)


def record_recall(transaction: WriteTransaction, sent: Sent, body: RecordRecall, application: Application) -> Outcome:
    """Note that copies are back. The form may never have been stored: its consent may have come to a conflict."""
    _check(sent, CommandKind.RECORD_RECALL, body.copies)
    number = read_form_number(body.form_number)
    holder = None if number is None else transaction.leases.holder_of(number)
    if holder is None or holder.institution_id != sent.caller.institution_id:
        raise rejected(sent.command, FaultCode.FORM_NUMBER_INVALID)
    transaction.forms.count_recalled(str(number), body.copies)
    transaction.record(
        sent.caller.event(
            "form.recall",
            application.id,
            command=sent.command.id,
            form=str(number),
            copies=str(body.copies),
        )
    )
    return accepted(sent.command, application.version, sent.at)


def _check(sent: Sent, kind: CommandKind, copies: int) -> None:
    if not may_command(sent.caller.account.role, kind):
        raise rejected(sent.command, FaultCode.NOT_ALLOWED)
    if not 0 < copies <= _MOST_COPIES:
        raise rejected(sent.command, FaultCode.BAD_REQUEST, where="copies")
