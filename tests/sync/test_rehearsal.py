"""The rehearsal, the lone poison and the mass-removal guard with the real client, the real service and real sockets."""

from __future__ import annotations

from medreg_core.contract.v1.feed import EntityKind, Op
from medreg_core.domain.vocabulary import OutcomeKind, Role
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.events import Wish
from medreg_desktop.services.sync.report import GuardState
from medreg_server.db.feed import Pending
from tests.helpers.fault_proxy import FaultProxy, http_answer
from tests.helpers.server import Hospital, ServerHandle, seed_applications
from tests.sync.conftest import OpenPc
from tests.sync.office import Pc


def test_after_an_outage_the_queue_is_rehearsed_then_sent(
    server: ServerHandle, hospital: Hospital, open_pc: OpenPc, pc: Pc, proxy: FaultProxy
) -> None:
    made = seed_applications(server.service, hospital.institution, 12)
    colleague = open_pc("colleague", hospital.logins[Role.SUPERVISOR])
    pc.until_quiet()
    colleague.until_quiet()
    proxy.cut_all()
    pc.agree_to_all(made)
    pc.sync()
    proxy.restore()
    for application in made[:2]:
        colleague.send_back(application.id)
    colleague.until_quiet()
    told = pc.later().rehearsed
    assert told is not None
    assert (told.total, told.passes, told.needs_you) == (12, 10, 2)
    assert {forecast.id for forecast in told.affected} == {row.command.id for row in pc.rows()[:2]}
    assert all(row.outcome is None and row.is_open for row in pc.rows()), "nothing is decided, nothing is kept"
    report = pc.later(40)
    assert (report.unsent, report.needs_you) == (2, 0)
    pc.driver.tell(lambda at: events.Asked(at, Wish.SEND_ALL))
    pc.sync()
    kinds = [row.outcome.kind for row in pc.rows() if row.outcome]
    assert kinds == [OutcomeKind.CONFLICT] * 2 + [OutcomeKind.ACCEPTED] * 10


def test_a_poison_command_alone_is_set_apart(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy
) -> None:
    (application,) = seed_applications(server.service, hospital.institution)
    pc.until_quiet()
    proxy.cut_all()
    poisoned = pc.agree(application.id)
    pc.sync()
    proxy.restore()
    proxy.answer_at_once(poisoned, http_answer(500, server_id=pc.transport.link.server_id), times=999)
    report = pc.later()
    for _ in range(20):
        report = pc.later(301)
    assert [row.state for row in pc.rows()] == [OutboxState.QUARANTINED]
    assert report.quarantined == 1


def test_removals_that_the_register_does_not_confirm_remove_nothing(
    server: ServerHandle, hospital: Hospital, pc: Pc
) -> None:
    """A feed gone wrong says that all have left; the register still holds them."""
    made = seed_applications(server.service, hospital.institution, 120)
    pc.until_quiet()
    with server.service.environment.database.write() as transaction:
        for a in made:
            transaction.feed.changed(
                Pending(hospital.institution.id, EntityKind.APPLICATION, a.id, a.version, Op.TOMBSTONE)
            )
    pc.later()
    report = pc.until_quiet()
    told = [report.guard for report in pc.reports if report.guard is not None]
    assert told[0].state is GuardState.HELD
    assert (told[0].removals, told[0].total) == (120, 120)
    assert report.guard is not None
    assert report.guard.state is GuardState.REFETCHED
    assert len(pc.applications()) == 121
