"""What the service puts off: work of a day without the network, and a weekend with the computer off."""

from __future__ import annotations

import secrets

import pytest

from medreg_core.contract.v1.commands import Agree, Command, Outcome, RecordPrint
from medreg_core.domain.ids import uuid7
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import FormState, Role
from medreg_desktop.services.cache import commands, outbox
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.lamp import LampKind
from medreg_server.db.transaction import DatabaseBusy, WriteTransaction
from medreg_server.services.commands import CommandDesk
from medreg_server.services.decisions import Sent
from tests.helpers.fault_proxy import FaultProxy
from tests.helpers.server import Hospital, ServerHandle, seed_applications
from tests.sync.office import Pc, WorldTime


@pytest.fixture
def busy_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is busy at the first command it is given."""
    met: list[CommandId] = []
    handled = CommandDesk.handled

    def handled_later(self: CommandDesk, transaction: WriteTransaction, sent: Sent) -> Outcome:
        if not met:
            met.append(sent.command.id)
            raise DatabaseBusy
        return handled(self, transaction, sent)

    monkeypatch.setattr(CommandDesk, "handled", handled_later)


def printed(pc: Pc, consent: CommandId) -> CommandId:
    """Record a print of what a consent will make of the application."""
    decided = pc.store.write(lambda conn: outbox.row_of(conn, consent)).command
    assert isinstance(decided.body, Agree)
    now = pc.clock.now()
    command = Command(
        id=CommandId(uuid7(int(now.timestamp() * 1000), secrets.token_bytes(10))),
        application_id=decided.application_id,
        base_version=decided.base_version + 1,
        made_at=now,
        depends_on=consent,
        body=RecordPrint(
            form_number=decided.body.form_number,
            digest=decided.body.digest,
            form_state=FormState.PENDING,
            printed_at=now,
            copies=1,
            reprint=0,
        ),
    )
    pc.store.write(lambda conn: commands.save(conn, command, pc.actor, now))
    pc.driver.tell(events.CommandSaved)
    return command.id


@pytest.mark.usefixtures("busy_once")
def test_what_is_put_off_for_the_first_time_has_not_waited_too_long(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy, world: WorldTime
) -> None:
    """However long ago it was saved, and however often the line failed before."""
    (application,) = seed_applications(server.service, hospital.institution)
    pc.until_quiet()
    consent = pc.agree(application.id)
    proxy.cut_all()
    printed(pc, consent)
    for _ in range(4):
        pc.later(60)
    world.ahead_s += 60 * 3600
    proxy.restore()
    pc.sign_in(hospital.logins[Role.REGISTRAR])
    pc.wish_now()
    pc.sync()
    assert [row.last_cause for row in pc.rows()] == ["server_retry", "waits_for_command"]
    assert pc.until_quiet().lamp.kind is LampKind.SYNCED
    assert [row.state for row in pc.rows()] == [OutboxState.DONE] * 2


@pytest.mark.usefixtures("busy_once")
def test_what_was_put_off_before_a_weekend_is_asked_before_it_is_set_apart(
    server: ServerHandle, hospital: Hospital, pc: Pc, world: WorldTime
) -> None:
    (application,) = seed_applications(server.service, hospital.institution)
    pc.until_quiet()
    printed(pc, pc.agree(application.id))
    pc.sync()
    assert [row.state for row in pc.rows()] == [OutboxState.QUEUED, OutboxState.DEFERRED]
    world.ahead_s += 60 * 3600
    pc.sign_in(hospital.logins[Role.REGISTRAR])
    pc.until_quiet()
    assert [row.state for row in pc.rows()] == [OutboxState.DONE] * 2
