"""Commands while the service's own clock or database is in trouble: nobody is told wrong, and nobody waits for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from medreg_core.contract.v1.commands import BATCH_COMMANDS, Return
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_server.db.transaction import Database, DatabaseBusy, WriteTransaction
from medreg_server.services.commands import CommandDesk
from medreg_server.services.service import Service
from tests.helpers.server import Hospital, WorldClock, open_register, seed_applications, seed_hospital
from tests.server.clients import Office, command
from tests.server.neighbours import resubmit, withdraw

RETURN = Return(opinion="请补充资料")


def test_what_its_author_saw_is_no_news_whatever_the_services_clock_showed_then(
    database_url: str, tmp_path: Path
) -> None:
    """A return made under a fast clock and answered by the applicant long since is nobody's decision on this row."""
    clock = WorldClock()
    with open_register(database_url, tmp_path, clock) as service:
        office = Office(service, seed_hospital(service))
        (application,) = seed_applications(service, office.hospital.institution)
        clock.ahead = timedelta(hours=1)
        office.send_one(command(application, RETURN))
        clock.ahead = timedelta()
        seen = resubmit(service, office.now(application), department="外科")
        withdraw(service, seen)
        outcome = office.send_one(command(seen, RETURN, seen_at=seen.moved_at))
    told = (outcome.kind, outcome.code, outcome.by)
    assert told == (OutcomeKind.CONFLICT, FaultCode.STATE_CONFLICT, "applicant")


def test_behind_a_lock_that_nobody_gives_back_a_batch_is_answered_before_its_sender_hangs_up(
    register: Service, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command waits for it in vain; a hundred of them would take the turns of all other institutions meanwhile."""
    office, clock = Office(register, hospital), WorldClock()

    @contextmanager
    def in_vain(*_: object) -> Iterator[WriteTransaction]:
        clock.ahead += timedelta(seconds=4)
        raise DatabaseBusy("LockNotAvailable")
        yield

    sent = [command(each, RETURN) for each in seed_applications(register, hospital.institution, BATCH_COMMANDS)]
    batch = office.batch(tuple(sent), dry_run=False)
    monkeypatch.setattr(Database, "_write_on", in_vain)
    outcomes = CommandDesk(replace(register.environment, clock=clock)).answer(batch, office.caller)
    assert [outcome.id for outcome in outcomes.outcomes] == [each.id for each in sent]
    assert {(outcome.kind, outcome.code) for outcome in outcomes.outcomes} == {(OutcomeKind.RETRY, FaultCode.BUSY)}
    assert clock.ahead < timedelta(seconds=30)
