"""Many at once: one winner, no lost change, no deadlock; and the naive feed shown to lose what ours keeps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, insert, select

from medreg_core.contract.v1.commands import Command, Outcome, Refuse, Return
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.feed import EntityKind, Op
from medreg_core.contract.v1.messages import SignIn
from medreg_core.domain.records import Application, ApplicationId, Registration
from medreg_core.domain.registrations import altered
from medreg_core.domain.vocabulary import ChangePart, Kind, OutcomeKind, RegistrationState, Role, State
from medreg_server.db.audit import Event
from medreg_server.db.engine import open_engine
from medreg_server.db.feed import Pending
from medreg_server.db.physicians import Registered
from medreg_server.services import approvals
from medreg_server.services.applicants import ApplicantDesk, Content, Submission
from medreg_server.services.faults import ServiceFault
from medreg_server.services.registry import Registry
from medreg_server.services.service import Service
from medreg_server.services.sign_in import SignInDesk
from tests.helpers.postgres import Cluster
from tests.helpers.server import Hospital, make_application, seed_applications, seed_hospital, store_applications
from tests.server.clients import Office, command, new_id
from tests.server.neighbours import physician, rule
from tests.server.test_commission import held
from tests.server.test_receipts import waiting

WRITERS = 8


def together(jobs: list[Callable[[], object]]) -> list[object]:
    """Start all jobs at the same moment and return their results."""
    barrier = threading.Barrier(len(jobs))

    def started(job: Callable[[], object]) -> object:
        barrier.wait(timeout=30)
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(started, jobs))


def send_together(sent: list[tuple[Office, Command]]) -> list[Outcome]:
    outcomes = together([lambda pair=pair: pair[0].send_one(pair[1]) for pair in sent])  # type: ignore[misc] # bound now
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
    return outcomes  # type: ignore[return-value] # as just asserted


def test_of_opposite_decisions_at_once_exactly_one_wins(register: Service, hospital: Hospital) -> None:
    offices = [Office(register, hospital) for _ in range(WRITERS)]
    for application in seed_applications(register, hospital.institution, 3):
        sent = [
            (office, office.agree(application) if n % 2 else command(application, Refuse(opinion="不符合")))
            for n, office in enumerate(offices)
        ]
        outcomes = send_together(sent)
        kinds = [outcome.kind for outcome in outcomes]
        assert kinds.count(OutcomeKind.ACCEPTED) == 1
        winner = kinds.index(OutcomeKind.ACCEPTED) % 2
        for n, kind in enumerate(kinds):
            if kind is not OutcomeKind.ACCEPTED:
                assert kind is (OutcomeKind.SUPERSEDED if n % 2 == winner else OutcomeKind.CONFLICT)
        after = offices[0].now(application)
        assert (after.version, len(after.history)) == (2, 1)


def test_a_command_sent_by_many_connections_at_once_has_one_effect(register: Service, hospital: Hospital) -> None:
    office = Office(register, hospital)
    for application in seed_applications(register, hospital.institution, 3):
        office.send_one(office.agree(application))
        sent = command(office.now(application), Return(opinion="无效"))
        outcomes = send_together([(office, sent)] * WRITERS)
        assert all(outcome == outcomes[0] for outcome in outcomes)
        with register.environment.database.read() as transaction:
            rows = [e for e in transaction.audit.entries(hospital.institution.id) if e.subject == application.id]
        assert [row.action for row in rows] == ["application.agree", "command.refuse"]


def test_the_feed_under_eight_writers_skips_nothing(register: Service) -> None:
    """A reader that follows eight writers in two institutions sees every change, in order, without a gap."""
    hospitals = [seed_hospital(register) for _ in range(2)]
    readers = [Office(register, hospital) for hospital in hospitals]
    cursors = [reader.cursor() for reader in readers]
    seen: list[list[str]] = [[], []]
    seqs: list[list[int]] = [[], []]
    done = threading.Event()

    def follow(index: int) -> None:
        finishing = False
        while True:
            page = readers[index].changes(cursors[index])
            cursors[index] = page.cursor
            seen[index] += [change.id for change in page.changes]
            seqs[index] += [change.seq for change in page.changes]
            if finishing and not page.changes:
                return
            finishing = done.is_set()

    def write(number: int) -> list[Application]:
        made = []
        for step in range(20):
            first, second = hospitals if (number + step) % 2 else hospitals[::-1]
            both = [make_application(first.institution), make_application(second.institution)]
            with register.environment.database.write() as transaction:
                transaction.physicians.add((entry.physician_id, entry.person) for entry in both)
                transaction.applications.add(both)
            made += both
        return made

    with ThreadPoolExecutor(2) as following:
        followers = [following.submit(follow, index) for index in range(2)]
        written = together([lambda number=number: write(number) for number in range(WRITERS)])  # type: ignore[misc] # now
        done.set()
        for follower in followers:
            follower.result(timeout=60)
    for index, hospital in enumerate(hospitals):
        expected = {a.id for made in written for a in made if a.institution_id == hospital.institution.id}  # type: ignore[attr-defined] # lists
        assert set(seen[index]) == expected
        assert seqs[index] == list(range(seqs[index][0], seqs[index][0] + len(expected)))


def test_the_naive_feed_loses_what_commits_late(cluster_engine: Engine) -> None:
    """Why the counter exists: with a sequence, a reader passes a number whose transaction commits later."""
    naive = Table("naive", MetaData(), Column("seq", Integer, primary_key=True), Column("what", String))
    naive.metadata.create_all(cluster_engine)
    with cluster_engine.connect() as slow, cluster_engine.connect() as fast, cluster_engine.connect() as reader:
        slow.execute(insert(naive).values(what="first"))
        with fast.begin():
            fast.execute(insert(naive).values(what="second"))
        cursor = max(row.seq for row in reader.execute(select(naive)))
        reader.rollback()
        slow.commit()
        after = reader.execute(select(naive).where(naive.c.seq > cursor)).all()
    assert after == [], "the first row was committed, and this reader will never see it"


@pytest.fixture
def cluster_engine(cluster: Cluster) -> Iterator[Engine]:
    url = cluster.new_database()
    engine = open_engine(url)
    yield engine
    engine.dispose()
    cluster.drop(url)


def test_two_writers_that_touch_two_institutions_never_wait_for_each_other(register: Service) -> None:
    """Both orders of writing, again and again: a deadlock would end one of them with DatabaseBusy."""
    hospitals = [seed_hospital(register) for _ in range(2)]

    def write(order: list[Hospital]) -> None:
        for _ in range(25):
            with register.environment.database.write() as transaction:
                for hospital in order:
                    own = hospital.institution
                    transaction.feed.changed(Pending(own.id, EntityKind.INSTITUTION, own.id, 1, Op.UPSERT))
                    transaction.record(Event("test", chain=own.id))

    together([lambda: write(hospitals), lambda: write(hospitals[::-1])] * 2)
    with register.environment.database.read() as transaction:
        feeds = transaction.feed.bounds_of([hospital.institution.id for hospital in hospitals])
    assert {feed.head for feed in feeds.values()} == {101}


def test_guesses_made_at_once_cannot_pass_the_limit(register: Service, hospital: Hospital) -> None:
    desk = SignInDesk(register.environment, register.passwords)
    guess = SignIn(hospital.logins[Role.REGISTRAR], "wrong password", "device-of-a-guesser")

    def attempt() -> str:
        try:
            desk.open(guess, "203.0.113.9")
        except ServiceFault as fault:
            return fault.code.value
        return "in"

    answers = together([attempt] * 20)
    assert answers.count("bad_credentials") == register.environment.settings.sign_in_attempts
    assert answers.count("too_many_attempts") == 20 - register.environment.settings.sign_in_attempts


def test_practice_codes_given_at_once_are_all_different(register: Service) -> None:
    def allocate() -> int:
        with register.environment.database.write() as transaction:
            return transaction.physicians.next_practice_serial("110990100")

    serials = together([allocate] * 16)
    assert sorted(serials) == list(range(1, 17))  # type: ignore[type-var] # numbers


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_pruning_and_deciding_take_their_locks_in_one_order(register: Service, hospital: Hospital) -> None:
    """A prune that cut the feed before it wrote its audit line waited for who waited for it."""
    environment = register.environment
    (application,) = seed_applications(register, hospital.institution, 1)
    later = Registry(replace(environment, clock=lambda: environment.now() + timedelta(days=1_000)), register.passwords)
    with ThreadPoolExecutor(1) as pool:
        with environment.database.write() as transaction:
            transaction.record(Event("test", chain=hospital.institution.id))
            transaction.audit.append(environment.now(), environment.keys)
            pruning = pool.submit(later.prune_feed)
            while not (pruning.done() or waiting(register)):
                pass
            transaction.feed.changed(
                Pending(hospital.institution.id, EntityKind.APPLICATION, application.id, application.version, Op.UPSERT)
            )
        pruning.result()
    with environment.database.read() as transaction:
        bounds = transaction.feed.bounds(hospital.institution.id)
    assert bounds.head == bounds.floor + 1


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_of_two_approvals_at_once_for_one_physician_neither_overrules_the_other(
    register: Service, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each alters the registration it has read: read before the other was written, it would write that one away."""
    refused: list[Future[Application]] = []
    before, own = held(hospital), hospital.institution
    cancelled = make_application(own, kind=Kind.CANCELLATION, state=State.ACCEPTED, registration=before)
    moved = make_application(
        own,
        cancelled.person,
        physician_id=cancelled.physician_id,
        qualification=None,
        kind=Kind.CHANGE,
        change_part=ChangePart.MAIN_INSTITUTION,
        state=State.ACCEPTED,
        registration=before,
    )
    store_applications(register, [cancelled])
    with register.environment.database.write() as transaction:
        transaction.applications.add([moved])
        transaction.physicians.add_registrations([Registered(cancelled.physician_id, own.id, before)])
    with ThreadPoolExecutor(1) as pool:

        def slowly(application: Application, current: Registration, today: date) -> Registration:
            if application.id == moved.id:
                other = pool.submit(rule, register, cancelled, "approve")
                while not (other.done() or waiting(register)):
                    pass
                refused.append(other)
            return altered(application, current, today)

        monkeypatch.setattr(approvals, "altered", slowly)
        rule(register, moved, "approve")
    with pytest.raises(ServiceFault) as fault:
        refused[0].result()
    assert fault.value.code is FaultCode.STATE_CONFLICT
    with register.environment.database.read() as transaction:
        (after,) = transaction.physicians.registrations_of(cancelled.physician_id)
    assert (after.registration.state, after.registration.department) == (RegistrationState.VALID, "内科")


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_physician_applies_while_an_office_deals_with_his_code(register: Service, hospital: Hospital) -> None:
    """A rehearsal holds his row for seconds; that he stays who he is is all that his application needs of it."""
    (application,) = seed_applications(register, hospital.institution, 1)
    caller, desk = physician(register, application), ApplicantDesk(register.environment)
    content = Content(request=application.request, statement=application.statement)
    submission = Submission(ApplicationId(new_id()), hospital.institution.id, Kind.REGISTRATION, content)
    with ThreadPoolExecutor(1) as pool:
        with register.environment.database.write() as transaction:
            transaction.physicians.lock(application.physician_id)
            applying = pool.submit(desk.submit, submission, caller)
            while not (applying.done() or waiting(register)):
                pass
            assert applying.done()
        assert applying.result().state is State.SUBMITTED
