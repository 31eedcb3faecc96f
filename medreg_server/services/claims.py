"""Soft claims: who has an application open. They warn colleagues and stop nobody (``sync.md`` §3, point 5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.messages import ClaimQuery
from medreg_core.domain.access import Action
from medreg_core.domain.records import Claim
from medreg_server.services.callers import Caller
from medreg_server.services.environment import Environment
from medreg_server.services.faults import ServiceFault
from medreg_server.services.ids import is_id


class ClaimDesk:
    """Takes, extends and gives back claims."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def claim(self, query: ClaimQuery, caller: Caller) -> Claim | None:
        """Return the claim that stands afterwards: the caller's, a colleague's that was there first, or None.

        A claim is no new version: it goes into the feed with the row as it is.
        Raises ServiceFault NOT_FOUND, FORBIDDEN.
        """
        caller.require(Action.CLAIM)
        if not is_id(query.application_id):
            raise ServiceFault(FaultCode.NOT_FOUND)
        environment = self._environment
        now = environment.now()
        with environment.database.write() as transaction:
            application = transaction.applications.lock(query.application_id, caller.scope)
            if application is None:
                raise ServiceFault(FaultCode.NOT_FOUND)
            standing = application.claim
            if standing is not None and standing.until > now and standing.account_id != caller.account.id:
                return standing
            until = now + timedelta(minutes=environment.settings.claim_minutes)
            wanted = None if query.release else Claim(caller.account.id, caller.account.name, until)
            if wanted != standing:
                transaction.applications.save(replace(application, claim=wanted))
                action = "application.release" if query.release else "application.claim"
                transaction.record(caller.event(action, application.id))
        return wanted
