"""What the health commission does: accept, ask for supplements, decide, certify, hand out (``domain.md`` §4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.receipts import Instant
from medreg_core.domain.access import ACTION_OF_MOVE, Action
from medreg_core.domain.records import Application, ApplicationId
from medreg_core.domain.vocabulary import Move, State
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.approvals import registered
from medreg_server.services.callers import Caller
from medreg_server.services.environment import Environment
from medreg_server.services.faults import ServiceFault
from medreg_server.services.ids import is_id
from medreg_server.services.moves import Seen, Step, allowed, find, moved, store

PAGE_APPLICATIONS: Final = 200


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an officer decides: on which version, come about when, and with which reasons or 补正 items."""

    base_version: int
    notes: tuple[str, ...] = ()
    seen_at: Instant | None = None


class AuthorityDesk:
    """The commission's operations."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def list(self, states: tuple[State, ...], after: str, caller: Caller) -> list[Application]:
        """Return the applications of the commission's region in ``states``, by id, at most one page."""
        caller.require(Action.ACCEPT)
        if after and not is_id(after):
            raise ServiceFault(FaultCode.BAD_REQUEST, where="after")
        with self._environment.database.read() as transaction:
            return transaction.applications.page(caller.scope, states, after, PAGE_APPLICATIONS)

    def move(self, application_id: ApplicationId, move: Move, ruling: Ruling, caller: Caller) -> Application:
        """Make one move of the commission. Raises ServiceFault."""
        caller.require(ACTION_OF_MOVE[move])
        notes = tuple(note.strip() for note in ruling.notes if note.strip())
        with self._environment.database.write() as transaction:
            application = find(transaction, application_id, caller, Seen(ruling.base_version, ruling.seen_at))
            step = Step(move, caller, self._environment.now(), "；".join(notes))
            after = moved(application, allowed(application, step), step)
            after = self._effect(transaction, replace(after, notes=notes or after.notes), move)
            store(transaction, after, step)
        return after

    def _effect(self, transaction: WriteTransaction, application: Application, move: Move) -> Application:
        """Return the application with what the move means beside its state."""
        match move:
            case Move.ACCEPT | Move.SUPPLY:
                return replace(application, accepted_on=self._environment.today())
            case Move.APPROVE:
                return self._approved(transaction, application)
            case _:
                return application

    def _approved(self, transaction: WriteTransaction, application: Application) -> Application:
        institution = transaction.institutions.get(application.institution_id)
        if institution is None:
            raise LookupError("an application without its institution")
        registration = registered(transaction, application, institution, self._environment.today())
        # Beside the content, which it leaves alone: the form stands for that, and may be printed once more.
        return replace(application, registered=registration)
