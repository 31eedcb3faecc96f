"""The feed, its cursors and its digest: ``sync.md`` §5.2, §5.3, §5.5, §5.12."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from medreg_core.contract.v1.commands import Return
from medreg_core.contract.v1.digest import bucket_of, bucket_sums
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.feed import PAGE_CHANGES, BucketRows, Change, DigestQuery, EntityKind, Op, SnapshotRow
from medreg_core.contract.v1.messages import ClaimQuery
from medreg_core.domain.records import Application
from medreg_core.domain.vocabulary import RevocationReason, Role
from medreg_server.services import cursors
from medreg_server.services.accounts import AccountDesk
from medreg_server.services.claims import ClaimDesk
from medreg_server.services.cursors import Cursor, Resync
from medreg_server.services.devices import DeviceDesk
from medreg_server.services.faults import ServiceFault
from medreg_server.services.service import Service
from tests.helpers.server import Hospital, make_application, seed_applications, seed_hospital, store_applications
from tests.server.clients import Office, command

Copy = dict[tuple[str, str], int]


@pytest.fixture
def office(register: Service, hospital: Hospital) -> Office:
    return Office(register, hospital)


def resync_reason(office: Office, cursor: str) -> str:
    with pytest.raises(ServiceFault) as refused:
        office.changes(cursor)
    assert refused.value.code is FaultCode.RESYNC
    return refused.value.params["reason"]


def test_an_empty_page_keeps_its_place(office: Office) -> None:
    cursor = office.cursor()
    page = office.changes(cursor)
    assert (page.changes, page.after, page.more) == ((), page.last, False)
    assert page.cursor == cursor


def test_a_row_changed_often_comes_once_in_its_newest_form(office: Office, register: Service) -> None:
    cursor = office.cursor()
    first, second = seed_applications(register, office.hospital.institution, 2)
    office.send_one(command(first, Return(opinion="补充")))
    page = office.changes(cursor)
    assert [change.id for change in page.changes] == [second.id, first.id]
    assert [change.version for change in page.changes] == [1, 2]
    assert page.last == page.after + 3


def test_pages_join_without_gap_or_repetition(office: Office, register: Service) -> None:
    cursor = office.cursor()
    seeded = seed_applications(register, office.hospital.institution, PAGE_CHANGES + 20)
    seen: list[Change] = []
    after = None
    more = True
    while more:
        page = office.changes(cursor)
        assert after in (None, page.after)
        seen += page.changes
        cursor, more, after = page.cursor, page.more, page.last
    assert [change.id for change in seen] == [application.id for application in seeded]
    assert [change.seq for change in seen] == list(range(seen[0].seq, seen[0].seq + len(seeded)))


def test_a_page_of_long_rows_ends_before_all_that_were_read(office: Office, register: Service) -> None:
    cursor = office.cursor()
    institution = office.hospital.institution
    large = [make_application(institution) for _ in range(8)]
    large = [replace(a, statement=replace(a.statement, other="长" * 100_000)) for a in large]  # 300 kB each
    store_applications(register, large)
    page = office.changes(cursor)
    assert 0 < len(page.changes) < len(large)
    assert page.more
    assert page.last == page.changes[-1].seq
    rest = office.changes(page.cursor)
    assert {c.id for c in (*page.changes, *rest.changes)} >= {application.id for application in large}


def test_a_claim_goes_into_the_feed_without_a_new_version(office: Office, register: Service) -> None:
    (application,) = seed_applications(register, office.hospital.institution)
    cursor = office.cursor()
    desk = ClaimDesk(register.environment)
    claim = desk.claim(ClaimQuery(application_id=application.id), office.caller)
    assert claim is not None
    assert claim.account_id == office.caller.account.id
    (change,) = office.changes(cursor).changes
    assert change.version == application.version
    assert msgspec.json.decode(change.body, type=Application).claim == claim


def test_a_colleagues_claim_stands_until_given_back(office: Office, register: Service) -> None:
    (application,) = seed_applications(register, office.hospital.institution)
    colleague = Office(register, office.hospital, Role.SUPERVISOR)
    desk = ClaimDesk(register.environment)
    mine = desk.claim(ClaimQuery(application_id=application.id), office.caller)
    assert desk.claim(ClaimQuery(application_id=application.id), colleague.caller) == mine
    assert desk.claim(ClaimQuery(application_id=application.id, release=True), colleague.caller) == mine
    assert desk.claim(ClaimQuery(application_id=application.id, release=True), office.caller) is None
    theirs = desk.claim(ClaimQuery(application_id=application.id), colleague.caller)
    assert theirs is not None
    assert theirs.account_id == colleague.caller.account.id


def test_another_epoch_asks_for_a_new_copy(office: Office, register: Service) -> None:
    cursor = office.cursor()
    register.registry.begin_epoch("test")
    assert resync_reason(office, cursor) == Resync.EPOCH
    assert office.changes(office.cursor()).changes == ()


def test_a_reader_that_waits_through_a_restore_is_told(office: Office, register: Service) -> None:
    """The rows of an epoch never come under the name of the one before."""
    place = office.feed.position(office.cursor(), office.caller)
    assert office.feed.page(place).changes == ()
    register.registry.begin_epoch("restored")
    seed_applications(register, office.hospital.institution)
    with pytest.raises(ServiceFault) as refused:
        office.feed.page(place, office.caller)
    assert refused.value.params == {"reason": Resync.EPOCH}


def test_a_reader_whose_device_is_revoked_while_he_waits_gets_nothing(office: Office, register: Service) -> None:
    place = office.feed.position(office.cursor(), office.caller)
    seed_applications(register, office.hospital.institution)
    DeviceDesk(register.environment).revoke_for_operator(office.device_id, RevocationReason.LOST)
    with pytest.raises(ServiceFault) as refused:
        office.feed.page(place, office.caller)
    assert refused.value.code is FaultCode.DEVICE_REVOKED


def test_a_reader_whose_account_is_shut_out_while_he_waits_gets_nothing(office: Office, register: Service) -> None:
    place = office.feed.position(office.cursor(), office.caller)
    seed_applications(register, office.hospital.institution)
    AccountDesk(register.environment, register.passwords).disable(office.caller.account.login)
    with pytest.raises(ServiceFault) as refused:
        office.feed.page(place, office.caller)
    assert refused.value.code is FaultCode.SESSION_EXPIRED


def test_a_snapshot_under_way_ends_without_its_end_when_the_account_is_shut_out(
    office: Office, register: Service
) -> None:
    seed_applications(register, office.hospital.institution, 3)
    lines = office.snapshots.begin("", office.caller)
    next(lines)
    AccountDesk(register.environment, register.passwords).disable(office.caller.account.login)
    assert list(lines) == []


def test_a_client_that_knows_more_than_the_register_is_told(office: Office, register: Service) -> None:
    epoch = register.environment.identity().epoch
    ahead = Cursor(epoch, office.caller.institution_id, seq=10_000)
    assert resync_reason(office, cursors.seal(register.environment.keys, ahead)) == Resync.AHEAD


def test_a_cursor_of_another_institution_is_out_of_scope(office: Office, register: Service) -> None:
    stranger = Office(register, seed_hospital(register))
    assert resync_reason(office, stranger.cursor()) == Resync.SCOPE


def test_a_cursor_of_another_shape_of_rows_is_refused(office: Office, register: Service) -> None:
    epoch = register.environment.identity().epoch
    old = Cursor(epoch, office.caller.institution_id, seq=1, schema=0)
    assert resync_reason(office, cursors.seal(register.environment.keys, old)) == Resync.SCHEMA


def test_a_pruned_log_asks_for_a_new_copy(office: Office, register: Service) -> None:
    old = office.cursor()
    seed_applications(register, office.hospital.institution, 3)
    kept = office.cursor()
    with register.environment.database.write() as transaction:
        transaction.feed.prune(office.caller.institution_id, register.environment.now() + timedelta(days=1))
    assert resync_reason(office, old) == Resync.COMPACTED
    assert office.changes(kept).changes == ()


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_of_two_who_prune_at_once_the_slower_hides_no_gap(office: Office, register: Service) -> None:
    """A floor put below what the other has cut would let a copy that stood in between go on without a word."""
    database, own, now = register.environment.database, office.caller.institution_id, register.environment.now
    seed_applications(register, office.hospital.institution)
    cursor = office.cursor()
    between = now()
    seed_applications(register, office.hospital.institution)
    with database.write() as slower:
        slower.feed.prune(own, between)
        with database.write() as faster:
            faster.feed.prune(own, now() + timedelta(days=1))
    assert resync_reason(office, cursor) == Resync.COMPACTED


@pytest.mark.parametrize("change", [lambda c: c[:-4] + "AAAA", lambda c: c[:10], lambda c: "…", str.lower])
def test_a_cursor_that_was_never_ours_is_a_bad_request(office: Office, change: object) -> None:
    assert callable(change)
    with pytest.raises(ServiceFault) as refused:
        office.changes(change(office.cursor()))
    assert refused.value.code is FaultCode.BAD_REQUEST


def copy_of(office: Office) -> tuple[Copy, str]:
    """Take a snapshot and return what a client would hold."""
    lines = office.snapshot()
    rows = {(line.kind, line.id): line.version for line in lines if isinstance(line, SnapshotRow)}
    return rows, office.cursor()


def digest_query(copy: Copy, cursor: str) -> DigestQuery:
    sums = bucket_sums((row_id, version) for (_, row_id), version in copy.items())
    return DigestQuery(cursor=cursor, count=len(copy), buckets=tuple(sums))


def test_equal_copies_have_equal_digests(office: Office, register: Service) -> None:
    seed_applications(register, office.hospital.institution, 30)
    copy, cursor = copy_of(office)
    assert len(copy) == 31
    answer = office.feed.compare(digest_query(copy, cursor), office.caller)
    assert (answer.settled, answer.differing) == (True, ())


def test_a_stale_missing_or_foreign_row_shows_in_its_bucket_and_heals(office: Office, register: Service) -> None:
    seeded = seed_applications(register, office.hospital.institution, 30)
    good, cursor = copy_of(office)
    kind = EntityKind.APPLICATION.value
    bad = dict(good)
    bad[kind, seeded[0].id] = 99
    del bad[kind, seeded[1].id]
    bad[kind, "stranger"] = 1
    differing = office.feed.compare(digest_query(bad, cursor), office.caller).differing
    assert set(differing) == {bucket_of(row) for row in (seeded[0].id, seeded[1].id, "stranger")}
    for bucket in differing:
        answer = msgspec.json.decode(msgspec.json.encode(office.feed.bucket(bucket, office.caller)), type=BucketRows)
        bad = {key: version for key, version in bad.items() if bucket_of(key[1]) != bucket}
        bad |= {(row.kind, row.id): row.version for row in answer.rows if row.op is Op.UPSERT}
    assert bad == good


def test_a_copy_behind_the_feed_is_not_compared(office: Office, register: Service) -> None:
    copy, cursor = copy_of(office)
    seed_applications(register, office.hospital.institution)
    assert not office.feed.compare(digest_query(copy, cursor), office.caller).settled


def test_the_institution_itself_is_in_the_copy_and_heals(office: Office) -> None:
    copy, cursor = copy_of(office)
    institution = office.hospital.institution
    copy[EntityKind.INSTITUTION.value, institution.id] = 0
    (bucket,) = office.feed.compare(digest_query(copy, cursor), office.caller).differing
    (row,) = office.feed.bucket(bucket, office.caller).rows
    assert (row.kind, row.id, row.version) == (EntityKind.INSTITUTION, institution.id, institution.version)
