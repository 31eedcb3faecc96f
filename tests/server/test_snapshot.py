"""The first copy: order, marks, cuts, changes meanwhile (``sync.md`` §5.4)."""

from __future__ import annotations

import tracemalloc
import zlib
from dataclasses import replace
from random import Random

import msgspec
import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medreg_core.contract.v1.commands import Refuse, Return
from medreg_core.contract.v1.digest import row_hash
from medreg_core.contract.v1.feed import (
    MARK_EVERY,
    Change,
    EntityKind,
    SnapshotEnd,
    SnapshotHead,
    SnapshotLine,
    SnapshotMark,
    SnapshotRow,
)
from medreg_core.contract.v1.messages import MAGIC
from medreg_core.domain.records import Application, ApplicationId
from medreg_core.domain.vocabulary import State
from medreg_server.api.packing import packed
from medreg_server.services import snapshot as snapshot_module
from medreg_server.services.service import Service
from tests.helpers.server import Hospital, make_application, seed_applications, store_applications
from tests.server.clients import Office, command, new_id

Copy = dict[tuple[str, str], int]


@pytest.fixture
def office(register: Service, hospital: Hospital) -> Office:
    return Office(register, hospital)


def rows_of(lines: list[SnapshotLine]) -> list[SnapshotRow]:
    return [line for line in lines if isinstance(line, SnapshotRow)]


def store_many(register: Service, hospital: Hospital, count: int) -> list[Application]:
    """Store ``count`` applications of one physician: only their number matters here."""
    first = make_application(hospital.institution)
    store_applications(register, [first])
    others = [replace(first, id=ApplicationId(new_id())) for _ in range(count - 1)]
    with register.environment.database.write() as transaction:
        transaction.applications.add(others)
    return [first, *others]


def test_a_snapshot_names_itself_counts_itself_and_ends(office: Office, register: Service) -> None:
    seeded = seed_applications(register, office.hospital.institution, 5)
    lines = office.snapshot()
    head, end = lines[0], lines[-1]
    assert isinstance(head, SnapshotHead)
    assert isinstance(end, SnapshotEnd)
    identity = register.environment.identity()
    assert (head.magic, head.server_id, head.epoch) == (MAGIC, identity.server_id, identity.epoch)
    assert (head.total, head.done, end.count) == (6, 0, 6)
    rows = rows_of(lines)
    assert end.digest == f"{sum(row_hash(row.id, row.version) for row in rows) % 2**64:016x}"
    assert {row.id for row in rows} == {office.hospital.institution.id, *(a.id for a in seeded)}


def test_open_applications_come_first_and_the_newest_before_the_older(office: Office, register: Service) -> None:
    seeded = seed_applications(register, office.hospital.institution, 6)
    for application in seeded[3:]:
        office.send_one(command(application, Refuse(opinion="不符合")))
    rows = rows_of(office.snapshot())
    assert rows[0].kind == EntityKind.INSTITUTION
    newest_first = sorted(a.id for a in seeded[:3])[::-1], sorted(a.id for a in seeded[3:])[::-1]
    expected = [*newest_first[0], *newest_first[1]]
    assert [row.id for row in rows[1:]] == expected


def test_a_mark_every_250_rows_resumes_exactly_there(office: Office, register: Service, hospital: Hospital) -> None:
    store_many(register, hospital, 620)
    lines = office.snapshot()
    marks = [line for line in lines if isinstance(line, SnapshotMark)]
    assert [mark.count for mark in marks] == [MARK_EVERY, 2 * MARK_EVERY]
    for mark in marks:
        again = office.snapshot(mark.after)
        assert again[0].done == mark.count
        assert again[1:] == lines[lines.index(mark) + 1 :]


def apply_page(copy: Copy, changes: tuple[Change, ...]) -> None:
    for change in changes:
        key = (change.kind, change.id)
        if change.version >= copy.get(key, 0):
            copy[key] = change.version


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_cut_anywhere_and_changed_meanwhile_the_copy_ends_whole(
    office: Office, register: Service, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Small pages and marks; the stream is cut at drawn places, rows change between; replaying the feed repairs all."""
    monkeypatch.setattr(snapshot_module, "_PAGE_ROWS", 4)
    monkeypatch.setattr(snapshot_module, "MARK_EVERY", 3)
    chance = Random(seed)
    seeded = seed_applications(register, office.hospital.institution, 9)
    copy: Copy = {}
    after, end = "", None
    while end is None:
        kept: Copy = {}
        cut = chance.randint(5, 20)  # at least one mark further each time
        for number, raw in enumerate(office.snapshots.begin(after, office.caller)):
            line = msgspec.json.decode(raw, type=SnapshotLine)
            if number % 2:
                _change_something(office, chance.choice(seeded))
            match line:
                case SnapshotRow():
                    kept[line.kind, line.id] = line.version
                case SnapshotMark():
                    copy |= kept
                    after = line.after
                case SnapshotEnd():
                    copy |= kept
                    end = line
            if number > cut and end is None and after:
                break
    cursor, more = end.cursor, True
    while more:
        page = office.changes(cursor)
        apply_page(copy, page.changes)
        cursor, more = page.cursor, page.more
    whole = {(row.kind, row.id): row.version for row in rows_of(office.snapshot())}
    assert copy == whole


def _change_something(office: Office, application: Application) -> None:
    current = office.now(application)
    if current.state is State.SUBMITTED:
        office.send_one(command(current, Return(opinion="请补充")))


def peak_bytes(office: Office) -> int:
    tracemalloc.start()
    for _ in office.snapshots.begin("", office.caller):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_the_stream_needs_no_more_memory_for_more_rows(register: Service, hospital: Hospital) -> None:
    office = Office(register, hospital)
    store_many(register, hospital, 2_000)
    peak_bytes(office)  # caches of the libraries fill here
    few = peak_bytes(office)
    store_many(register, hospital, 5_000)
    assert peak_bytes(office) < 1.2 * few


UNPACKED = {"gzip": lambda: zlib.decompressobj(31), "zstd": zstd.ZstdDecompressor}


@pytest.mark.parametrize("way", UNPACKED)
def test_a_cut_packed_stream_gives_every_row_sent(
    way: str, office: Office, register: Service, hospital: Hospital
) -> None:
    """The chunks are flushed one by one, so a cut loses only what was not sent."""
    store_many(register, hospital, 300)
    plain = b"".join(office.snapshots.begin("", office.caller))
    chunks = list(packed(iter([plain[:100_000], plain[100_000:]]), way))
    assert UNPACKED[way]().decompress(b"".join(chunks)) == plain
    assert UNPACKED[way]().decompress(chunks[0]) == plain[:100_000]
