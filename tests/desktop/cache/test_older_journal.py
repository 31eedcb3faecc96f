"""A journal that could not be written for a while knows less than the file: it fills in and overrules nothing."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from medreg_core.contract.v1.activation import CodeLease, HandOutCode, LeasedCode, VoidCode
from medreg_core.contract.v1.commands import CodeBody, Command
from medreg_core.contract.v1.messages import FormLease
from medreg_core.domain.records import CommandId, PhysicianId
from medreg_core.domain.vocabulary import CodeState, HandOutWay
from medreg_desktop.services.cache import codes, commands, drafts, leases, outbox, papers
from medreg_desktop.services.cache.connection import Connection, connect
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.cache.journal import Journal
from medreg_desktop.services.cache.outbox import Resolution
from medreg_desktop.services.cache.papers import IssuedForm
from medreg_desktop.services.cache.rescue import rescue
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from tests.desktop.cache.office import KEY, NOW, WANG, StillClock, agree, application

ONE, TWO = agree(application(1), "a" * 32), agree(application(2), "b" * 32, "990100-2026-000002-X")
ANNA, BEN = PhysicianId("physician-anna"), PhysicianId("physician-ben")


@contextmanager
def journal_held() -> Iterator[None]:
    """The journal can neither be written nor renewed; the database can."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EACCES, "a scanner holds the journal")

    with pytest.MonkeyPatch.context() as held:
        held.setattr(Journal, "append", refuse)
        held.setattr(Journal, "replace", refuse)
        yield


def rescued(path: Path) -> CacheStore:
    rescue(path, KEY, StillClock())
    return CacheStore.open(path, KEY, StillClock())


def draft(text: str) -> Draft:
    return Draft(content_version=1, opinion=text)


def give(reference: str, physician: PhysicianId, body: CodeBody) -> Command:
    return Command(
        id=CommandId(f"{body.__class__.__name__}-{reference}"),
        physician_id=physician,
        base_version=0,
        made_at=NOW,
        body=body,
    )


HELD = pytest.mark.logs("the journal is held")


@HELD
def test_a_decision_called_back_is_not_sent_after_all(path: Path, clock: StillClock) -> None:
    store = CacheStore.open(path, KEY, clock)
    store.write(lambda conn: commands.save(conn, ONE, WANG, NOW))
    store.write(lambda conn: commands.save(conn, TWO, WANG, NOW))
    with journal_held():
        store.write(lambda conn: commands.close(conn, ONE.id, Resolution.CANCELLED, NOW))
        store.close()
    with closing(rescued(path)) as store:
        assert [row.command.id for row in store.read(lambda conn: outbox.due(conn, WANG, NOW))] == [TWO.id]


@HELD
def test_what_was_typed_last_is_what_comes_back(path: Path, clock: StillClock) -> None:
    first, second = application(1).id, application(2).id
    store = CacheStore.open(path, KEY, clock)
    store.write(lambda conn: drafts.save(conn, first, WANG, draft("半句"), NOW))
    store.write(lambda conn: drafts.save(conn, second, WANG, draft("另一份"), NOW))
    with journal_held():  # the draft typed anew has another row than the one the journal holds
        store.write(lambda conn: drafts.discard(conn, first, WANG))
        store.write(lambda conn: drafts.save(conn, first, WANG, draft("整句"), NOW))
        store.close()
    with closing(rescued(path)) as store:
        found = store.read(lambda conn: [drafts.find(conn, each, WANG) for each in (first, second)])
    assert [each and each.opinion for each in found] == ["整句", "另一份"]


@HELD
@pytest.mark.parametrize("file_gives_codes", [True, False])
def test_no_code_comes_to_stand_on_two_slips(path: Path, clock: StillClock, file_gives_codes: bool) -> None:
    lease = CodeLease(NOW + timedelta(days=60), tuple(LeasedCode(f"r{n}", f"CODE-{n}") for n in range(3)))
    store = CacheStore.open(path, KEY, clock)
    store.write(lambda conn: codes.add(conn, lease))

    def hand_out(conn: Connection, physician: PhysicianId) -> str:
        taken = codes.take(conn, physician, CommandId(f"HandOutCode-r{physician is BEN:d}"), NOW, NOW)
        body = HandOutCode(reference=taken.reference, way=HandOutWay.SLIP)
        commands.save(conn, give(taken.reference, physician, body), WANG, NOW)
        return taken.reference

    def void(conn: Connection, reference: str) -> None:
        codes.void(conn, reference)
        commands.save(conn, give(reference, BEN, VoidCode(reference=reference, reason="寄丢")), WANG, NOW)

    with journal_held():
        assert store.write(lambda conn: [hand_out(conn, ANNA), hand_out(conn, BEN)]) == ["r0", "r1"]
        store.write(lambda conn: void(conn, "r1"))
        store.close()
    if not file_gives_codes:  # as if no page of the table could be read
        conn = connect(path, KEY)
        conn.execute("DELETE FROM activation_code")
        conn.close()
    with closing(rescued(path)) as store:
        (anna,), (ben,) = store.read(lambda conn: (codes.held_by(conn, ANNA), codes.held_by(conn, BEN)))
        assert (anna.reference, anna.state, anna.command_id) == ("r0", CodeState.HANDED_OUT, "HandOutCode-r0")
        assert (ben.reference, ben.state) == ("r1", CodeState.VOIDED)
        assert store.write(lambda conn: codes.take(conn, BEN, CommandId("third"), NOW, NOW)).reference == "r2"


@HELD
@pytest.mark.parametrize("unreadable", [("lease",), ("lease", "form")])
def test_no_form_number_comes_to_stand_on_two_papers(
    path: Path, clock: StillClock, unreadable: tuple[str, ...]
) -> None:
    store = CacheStore.open(path, KEY, clock)
    store.write(lambda conn: leases.add(conn, FormLease("990100", 2026, 1, 50)))

    def decide(conn: Connection, number: int) -> str:
        form, entity = leases.take(conn, 2026, NOW), application(number)
        made = agree(entity, f"{number:032d}", form)
        papers.issue(conn, IssuedForm(form, entity.id, made.id, WANG, "d", 1, NOW))
        commands.save(conn, made, WANG, NOW)
        return form

    with journal_held():
        used = [store.write(lambda conn, n=n: decide(conn, n)) for n in (1, 2, 3)]  # type: ignore[misc]
        store.close()
    conn = connect(path, KEY)
    for table in unreadable:  # as if no page of them could be read
        conn.execute(f"DELETE FROM {table}")
    conn.close()
    with closing(rescued(path)) as store:
        assert store.write(lambda conn: leases.take(conn, 2026, NOW)) not in used


@HELD
def test_a_code_made_worthless_is_not_shown_again(path: Path, clock: StillClock) -> None:
    store = CacheStore.open(path, KEY, clock)
    store.write(lambda conn: codes.add(conn, CodeLease(NOW + timedelta(days=60), (LeasedCode("r0", "CODE-0"),))))
    body = HandOutCode(reference="r0", way=HandOutWay.SLIP)
    made = give("r0", ANNA, body)
    store.write(lambda conn: codes.take(conn, ANNA, made.id, NOW, NOW))
    store.write(lambda conn: commands.save(conn, made, WANG, NOW))
    void = give("r0", ANNA, VoidCode(reference="r0", reason="寄丢"))
    with journal_held():
        store.write(lambda conn: codes.void(conn, "r0"))
        store.write(lambda conn: commands.save(conn, void, WANG, NOW))
        store.close()
    conn = connect(path, KEY)
    conn.execute("DELETE FROM activation_code")
    conn.close()
    with closing(rescued(path)) as store, pytest.raises(LookupError):
        store.write(lambda conn: codes.show_again(conn, "r0"))


def test_a_rescue_on_a_full_disk_says_so(path: Path, clock: StillClock) -> None:
    store = CacheStore.open(path, KEY, clock)
    store.write(lambda conn: commands.save(conn, ONE, WANG, NOW))
    store.close()
    content = b"x" * 100
    path.write_bytes(content)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as disk:
        disk.setattr(Journal, "replace", full)
        with pytest.raises(KnownFault, match="disk_full"):
            rescue(path, KEY, clock)
    assert path.read_bytes() == content
    with closing(rescued(path)) as store:
        assert [row.command for row in store.read(lambda conn: outbox.rows(conn, WANG))] == [ONE]


@pytest.mark.parametrize(
    ("error", "code"),
    [(PermissionError(errno.EACCES, "held"), "cache_locked"), (OSError("unreadable"), "disk_trouble")],
)
def test_a_journal_that_cannot_be_read_is_told_at_the_start(
    path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch, error: OSError, code: str
) -> None:
    CacheStore.open(path, KEY, clock).close()

    def refuse(_: Journal) -> int:
        raise error

    with monkeypatch.context() as held:
        held.setattr(Journal, "audit_head", refuse)
        with pytest.raises(KnownFault, match=code):
            CacheStore.open(path, KEY, clock)
    CacheStore.open(path, KEY, clock).close()
