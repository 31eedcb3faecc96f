"""Outages as they are kept: whatever the clocks do, with bounded growth, and what was decided meanwhile."""

from __future__ import annotations

from datetime import timedelta

from medreg_core.contract.v1.commands import Outcome
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.cache import commands, outages
from medreg_desktop.services.cache.outbox import Resolution
from medreg_desktop.services.cache.store import CacheStore
from tests.desktop.cache.office import NOW, WANG, agree, application

HOUR = timedelta(hours=1)


def lose(store: CacheStore, at=NOW, cause: str = "server_unreachable", offset_s: float | None = 0.0) -> None:  # type: ignore[no-untyped-def]
    store.write(lambda conn: outages.note(conn, at, cause, offset_s))


def find(store: CacheStore, at=NOW + HOUR, lasted_s: float | None = 3600.0, offset_s: float | None = 0.0) -> None:  # type: ignore[no-untyped-def]
    store.write(lambda conn: outages.end(conn, at, lasted_s, offset_s))


def kept(store: CacheStore) -> list[outages.Outage]:
    return store.write(outages.latest)


def test_an_outage_has_both_ends_and_every_cause_once(store: CacheStore) -> None:
    lose(store)
    lose(store, NOW + timedelta(minutes=5), "captive_portal")
    lose(store, NOW + timedelta(minutes=9), "server_unreachable")
    find(store)
    (outage,) = kept(store)
    assert (outage.began_at, outage.ended_at) == (NOW, NOW + HOUR)
    assert outage.causes == ("server_unreachable", "captive_portal")


def test_a_clock_set_right_in_the_middle_makes_it_no_longer(store: CacheStore) -> None:
    fast = timedelta(days=365)
    lose(store, NOW + fast, offset_s=fast.total_seconds())
    find(store, NOW + HOUR, offset_s=0.0)
    (outage,) = kept(store)
    assert (outage.began_at, outage.ended_at) == (NOW, NOW + HOUR)


def test_without_the_services_clock_the_monotonic_one_tells_how_long(store: CacheStore) -> None:
    lose(store, offset_s=None)
    find(store, NOW - timedelta(days=3), lasted_s=1800.0, offset_s=None)
    (outage,) = kept(store)
    assert outage.ended_at == NOW + timedelta(minutes=30)


def test_a_blip_is_no_outage(store: CacheStore) -> None:
    lose(store)
    find(store, NOW + timedelta(seconds=20), lasted_s=20.0)
    assert kept(store) == []


def test_one_that_began_in_an_earlier_run_ends_with_the_first_word_of_this_one(store: CacheStore) -> None:
    lose(store)
    lose(store, NOW + timedelta(minutes=30), "server_silent")
    find(store, lasted_s=None)
    find(store, NOW + 2 * HOUR, lasted_s=None)
    assert [outage.ended_at for outage in kept(store)] == [NOW + HOUR]


def test_only_the_last_ones_are_kept(store: CacheStore) -> None:
    for n in range(outages.MOST + 5):
        lose(store, NOW + n * 2 * HOUR)
        find(store, NOW + n * 2 * HOUR + HOUR)
    assert len(kept(store)) == outages.MOST
    assert kept(store)[-1].began_at == NOW + 5 * 2 * HOUR


def test_it_knows_what_was_decided_meanwhile_and_what_waited_already(store: CacheStore) -> None:
    def decide(n: int) -> None:
        made = agree(application(n), f"{n:032d}")
        store.write(lambda conn: commands.save(conn, made, WANG, NOW))

    decide(1)
    lose(store)
    decide(2)
    find(store)
    decide(3)
    (outage,) = kept(store)
    found = store.write(lambda conn: outages.commands_of(conn, outage))
    assert [int(command_id) for command_id in found] == [1, 2]


def test_what_was_answered_before_has_no_part_in_it_whenever_it_is_given_up(store: CacheStore) -> None:
    made = agree(application(1), f"{1:032d}")
    answer = Outcome(id=made.id, kind=OutcomeKind.CONFLICT, code="version_conflict")
    store.write(lambda conn: commands.save(conn, made, WANG, NOW))
    store.write(lambda conn: commands.settle(conn, answer, NOW))
    lose(store, NOW + HOUR)
    find(store, NOW + 2 * HOUR)
    store.write(lambda conn: commands.close(conn, made.id, Resolution.DROPPED, NOW + 3 * HOUR))
    (outage,) = kept(store)
    assert store.write(lambda conn: outages.commands_of(conn, outage)) == []
