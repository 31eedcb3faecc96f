"""The institution's decisions: agree, return, refuse, withdraw the consent. The rules are core's; the order is here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from medreg_core.contract.v1.commands import Agree, Command, Outcome, Refuse, Return, WithdrawConsent
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.form_code import FormClaims, sign_form_code
from medreg_core.contract.v1.receipts import Link
from medreg_core.domain.forms import content_digest, read_form_number
from medreg_core.domain.records import Application, Material, ReviewForm
from medreg_core.domain.states import Rule, rule_for
from medreg_core.domain.vocabulary import FormState, Move
from medreg_server.db.consents import Standing
from medreg_server.db.devices import Device
from medreg_server.db.forms import FormRecord
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.answers import accepted, rejected, stale
from medreg_server.services.callers import Caller
from medreg_server.services.environment import Environment
from medreg_server.services.moves import Seen, Step, moved, store
from medreg_server.services.reviewing import first_blocker

Decision = Agree | Return | Refuse | WithdrawConsent

_MOVES: Final[dict[type[Decision], Move]] = {
    Agree: Move.AGREE,
    Return: Move.RETURN,
    Refuse: Move.REFUSE,
    WithdrawConsent: Move.WITHDRAW_CONSENT,
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A command as it arrived: by whom, from which device, when. A rescued one: from the device that made it."""

    command: Command
    caller: Caller
    device: Device
    at: datetime
    link: Link | None = None  # the receipt that came with it


class DecisionDesk:
    """Carries out decisions inside the transaction of their command."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def decide(self, transaction: WriteTransaction, sent: Sent, body: Decision, application: Application) -> Outcome:
        """Carry the decision out on the locked ``application``. Raises Stopped with the outcome when it cannot be."""
        step = Step(_MOVES[type(body)], sent.caller, sent.at, _words(body))
        rule = self._rule(sent.command, application, step)
        decided = moved(application, rule, step)
        match body:
            case Agree():
                decided = self._agreed(transaction, sent, body, application, decided)
            case Return():
                decided = _with_opinion(decided, sent, body.opinion, body.materials or application.materials)
            case Refuse():
                decided = _with_opinion(decided, sent, body.opinion, application.materials)
            case WithdrawConsent():
                decided = _without_consent(transaction, decided, sent)
        store(
            transaction,
            decided,
            step,
            command=sent.command.id,
            **({"form": decided.form.number} if decided.form else {}),
        )
        return replace_form(accepted(sent.command, decided.version, sent.at), decided)

    def _rule(self, command: Command, application: Application, step: Step) -> Rule:
        rule = rule_for(application.state, step.move)
        if rule is None or not Seen(command.base_version, command.seen_at).is_row(application):
            raise stale(command, step.move, application)
        if step.caller.account.role not in rule.roles:
            raise rejected(command, FaultCode.NOT_ALLOWED)
        if rule.needs_reason and not step.reason.strip():
            raise rejected(command, FaultCode.REASON_MISSING)
        return rule

    def _agreed(
        self, transaction: WriteTransaction, sent: Sent, body: Agree, read: Application, decided: Application
    ) -> Application:
        """Check everything a consent needs, store its form and return the application with it."""
        command = sent.command
        if body.content_version != read.content_version:
            raise stale(command, Move.AGREE, read)
        if body.digest != content_digest(read):
            raise rejected(command, FaultCode.DIGEST_MISMATCH)
        checked = _with_opinion(decided, sent, body.opinion, body.materials)
        number = read_form_number(body.form_number)
        confirmed = sent.caller.confirms is not None
        standing = transaction.consents.standing(read, number, sent.device.id, burnt_too=confirmed)
        blocker = first_blocker(self._environment, replace(checked, state=read.state), standing)
        if blocker is not None:
            raise rejected(command, blocker.code, **blocker.params)
        if str(number) != body.form_number or not standing.number_free:
            raise rejected(command, FaultCode.FORM_NUMBER_INVALID)
        if not confirmed:  # of a rescued consent a supervisor has said that the paper is in order
            self._check_lease(sent, standing)
        form = self._signed_form(body, read.content_version, sent.at)
        transaction.forms.add(
            FormRecord(
                number=form.number,
                institution_id=read.institution_id,
                application_id=read.id,
                device_id=sent.device.id,
                content_version=read.content_version,
                digest=form.digest,
                code=form.code,
                created_at=sent.at,
            )
        )
        return replace(checked, form=form)

    def _check_lease(self, sent: Sent, standing: Standing) -> None:
        """Raise Stopped for a number that arrives too late: taken in time, it may be under way for the grace."""
        ended = standing.number_expires_at
        if ended is not None and sent.at >= ended + timedelta(days=self._environment.settings.lease_grace_days):
            raise rejected(sent.command, FaultCode.FORM_NUMBER_EXPIRED, expired_on=ended.date().isoformat())

    def _signed_form(self, body: Agree, content_version: int, at: datetime) -> ReviewForm:
        keys = self._environment.keys
        claims = FormClaims(body.form_number, content_version, body.digest, FormState.AGREED, at)
        return ReviewForm(body.form_number, body.digest, sign_form_code(claims, keys.private_key, keys.kid))


def replace_form(outcome: Outcome, application: Application) -> Outcome:
    """Return the outcome with the application's form in it."""
    return Outcome(id=outcome.id, kind=outcome.kind, version=outcome.version, at=outcome.at, form=application.form)


def _words(body: Decision) -> str:
    return body.reason if isinstance(body, WithdrawConsent) else body.opinion


def _with_opinion(application: Application, sent: Sent, opinion: str, materials: tuple[Material, ...]) -> Application:
    return replace(
        application,
        opinion=opinion,
        materials=materials,
        decided_by=sent.caller.decider.name,
        decided_at=sent.at,
    )


def _without_consent(transaction: WriteTransaction, application: Application, sent: Sent) -> Application:
    """Return the application open for review again; the form printed on the consent is void from now on."""
    form = application.form
    if form is not None:
        transaction.forms.void(form.number, sent.at)
        form = replace(form, voided=True)
    return replace(application, form=form, opinion="", decided_by="", decided_at=None)
