"""Readers of the feed that wait: woken by what comes after their cursor, and by nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import OperationalError

from medreg_core.domain.records import InstitutionId
from medreg_server.db.feed import Bounds
from medreg_server.db.tables import change_log, feed_head
from medreg_server.services import feed_watch
from medreg_server.services.cursors import Cursor
from medreg_server.services.feed_watch import FeedWatch
from medreg_server.services.service import Service
from tests.helpers.server import Hospital, ServerHandle, seed_applications, seed_hospital
from tests.server.clients import Client, Office

FOR_EVER_S = 3600.0


@pytest.fixture
def office(register: Service) -> Office:
    return Office(register, seed_hospital(register))


def put_back(service: Service, hospital: Hospital) -> None:
    """Let the feed stand where it began, as a restore under the running service does, and begin an epoch."""
    own = hospital.institution.id
    with service.environment.database.write() as transaction:
        connection = transaction.feed._connection
        connection.execute(delete(change_log).where(change_log.c.institution_id == own))
        connection.execute(update(feed_head).where(feed_head.c.institution_id == own).values(head=0, floor=0))
    service.registry.begin_epoch("restored")


def test_a_long_poll_waits_in_an_epoch_whose_numbers_are_lower(
    server: ServerHandle, served: Hospital, client: Client
) -> None:
    """What the service heard of the numbers before must not send every reader away at once, for ever."""
    seed_applications(server.service, served.institution, 5)
    put_back(server.service, served)
    client.sign_in()
    change = threading.Timer(0.5, seed_applications, [server.service, served.institution])
    change.start()
    page = client.changes(client.cursor(), wait=25)
    change.join()
    assert len(page.changes) == 1


def heard(service: Service, position: Cursor, happens: Callable[[], object]) -> None:
    """Return once a reader that had begun at ``position`` when something happened is woken by it."""

    async def waited() -> None:
        watch = FeedWatch(service.environment.database)
        watch.start()
        with watch.reader(position) as reader:
            await asyncio.to_thread(happens)
            await reader.wait(FOR_EVER_S)
        await watch.stop()

    asyncio.run(waited())


def test_a_reader_that_waits_is_told_of_another_epoch(office: Office) -> None:
    service, hospital = office.service, office.hospital
    seed_applications(service, hospital.institution, 5)
    position = office.feed.position(office.cursor(), office.caller)
    heard(service, position, lambda: put_back(service, hospital))


def test_what_is_committed_while_a_reader_looks_for_himself_is_not_missed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_watch, "_POLL_S", FOR_EVER_S)
    position = office.feed.position(office.cursor(), office.caller)
    heard(office.service, position, lambda: seed_applications(office.service, office.hospital.institution))


def test_nothing_is_kept_of_a_feed_that_nobody_reads(office: Office) -> None:
    """A number heard in one epoch would send the readers of the next away."""
    watch = FeedWatch(office.service.environment.database)
    position = office.feed.position(office.cursor(), office.caller)
    with watch.reader(position), watch.reader(position):
        watch._tell({position.institution_id: 10_000})
        assert len(watch._readers[position.institution_id]) == 2
    assert not watch._readers


@pytest.mark.logs("an error nobody has thought of is logged")
def test_an_error_nobody_has_thought_of_ends_the_listening_for_one_second_only(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what other workers commit would reach no reader before the end of its wait, until the service restarts."""
    looked: list[object] = []

    def stumbling(_: FeedWatch, read: object) -> dict[InstitutionId, Bounds]:
        looked.append(read)
        raise OperationalError("select", {}, OSError("disk I/O error"))

    async def polled() -> None:
        watch = FeedWatch(office.service.environment.database)
        watch.start()
        with watch.reader(office.feed.position(office.cursor(), office.caller)):
            while len(looked) < 2:
                assert watch._poller is not None
                assert not watch._poller.done()
                await asyncio.sleep(0)
        await watch.stop()

    monkeypatch.setattr(feed_watch, "_POLL_S", 0.0)
    monkeypatch.setattr(FeedWatch, "_read_bounds", stumbling)
    asyncio.run(polled())
