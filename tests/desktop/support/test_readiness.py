"""The offline verdict: each limit on both sides, and that a worse situation never gets a better answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_core.contract.v1.activation import CodeLease, LeasedCode
from medreg_core.contract.v1.messages import FormLease
from medreg_desktop.services.cache import codes, leases
from medreg_desktop.services.cache.outbox import OutboxCounts, OutboxState
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.support.readiness import LIMITS, Fact, Situation, Verdict, readiness
from medreg_desktop.services.support.situation import Stock, situation, stock
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.texts import offline_words
from medreg_desktop.ui.readiness import readiness_brief, readiness_word
from tests.architecture.sources import chinese

HOUR, DAY, GIB = timedelta(hours=1), timedelta(days=1), 1 << 30
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

WELL = Situation(
    data_age=timedelta(minutes=1), reading_left=14 * DAY, sign_in_left=9 * HOUR, form_numbers=90, codes=80,
    clock_error_s=2.0, free_disk=80 * GIB,
)  # fmt: skip

SIDES = [
    ("data_age", 4 * HOUR, Verdict.CAN),
    ("data_age", 5 * HOUR, Verdict.CAN_BUT),
    ("data_age", 25 * HOUR, Verdict.BETTER_NOT),
    ("data_age", None, Verdict.BETTER_NOT),
    ("reading_left", 3 * DAY, Verdict.CAN),
    ("reading_left", 2 * DAY, Verdict.CAN_BUT),
    ("reading_left", 23 * HOUR, Verdict.BETTER_NOT),
    ("reading_left", -DAY, Verdict.BETTER_NOT),
    ("reading_left", None, Verdict.BETTER_NOT),
    ("sign_in_left", HOUR, Verdict.CAN),
    ("sign_in_left", HOUR / 2, Verdict.CAN_BUT),
    ("sign_in_left", timedelta(), Verdict.BETTER_NOT),
    ("sign_in_left", None, Verdict.CAN),
    ("form_numbers", 30, Verdict.CAN),
    ("form_numbers", 29, Verdict.CAN_BUT),
    ("form_numbers", 4, Verdict.BETTER_NOT),
    ("form_numbers", None, Verdict.CAN),
    ("codes", 20, Verdict.CAN),
    ("codes", 0, Verdict.CAN_BUT),
    ("codes", None, Verdict.CAN),
    ("unsent", 0, Verdict.CAN),
    ("unsent", 500, Verdict.CAN_BUT),
    ("needs_you", 1, Verdict.CAN_BUT),
    ("clock_error_s", -300.0, Verdict.CAN),
    ("clock_error_s", 301.0, Verdict.CAN_BUT),
    ("clock_error_s", -90_000.0, Verdict.BETTER_NOT),
    ("clock_error_s", None, Verdict.CAN_BUT),
    ("free_disk", 2 * GIB, Verdict.CAN),
    ("free_disk", GIB, Verdict.CAN_BUT),
    ("free_disk", 1000, Verdict.BETTER_NOT),
    ("free_disk", None, Verdict.CAN_BUT),
]


def test_all_well_says_so_without_a_reason() -> None:
    found = readiness(WELL)
    assert (found.verdict, found.deciding) == (Verdict.CAN, None)


@pytest.mark.parametrize(("name", "value", "verdict"), SIDES)
def test_each_limit_on_both_sides(name: str, value: object, verdict: Verdict) -> None:
    found = readiness(replace(WELL, **{name: value}))  # type: ignore[arg-type]  # a field of Situation
    assert found.verdict is verdict
    assert (found.deciding is None) == (verdict is Verdict.CAN)


def test_the_worst_line_speaks_and_of_equals_the_weightiest() -> None:
    found = readiness(replace(WELL, unsent=3, needs_you=1, form_numbers=2, free_disk=0))
    assert found.deciding is not None
    assert found.deciding.fact is Fact.FORM_NUMBERS


def test_every_fact_has_one_limit_with_its_sides_in_order() -> None:
    assert [limit.fact for limit in LIMITS] == list(Fact)
    for limit in LIMITS:
        assert limit.care != limit.stop
        assert (limit.care > limit.stop) == limit.more_is_better


spans = st.timedeltas(min_value=-3 * DAY, max_value=40 * DAY)
counts = st.integers(0, 1000)
situations = st.builds(
    Situation,
    data_age=st.none() | spans.map(abs),
    reading_left=st.none() | spans,
    sign_in_left=spans,
    needs_you=counts,
    form_numbers=counts,
    codes=counts,
    unsent=counts,
    clock_error_s=st.none() | st.floats(-1e6, 1e6),
    free_disk=st.none() | st.integers(0, 1 << 40),
)


@given(situations, situations)
def test_a_worse_situation_never_gets_a_better_verdict(one: Situation, other: Situation) -> None:
    assert readiness(worse_of(one, other)).verdict >= max(readiness(one).verdict, readiness(other).verdict)


def worse_of(one: Situation, other: Situation) -> Situation:
    """The worse of each fact, by plain sense: older, less, more waiting, further off; not known is not better."""
    return Situation(
        data_age=_known(max, one.data_age, other.data_age),
        reading_left=_known(min, one.reading_left, other.reading_left),
        sign_in_left=_known(min, one.sign_in_left, other.sign_in_left),
        needs_you=max(one.needs_you, other.needs_you),
        form_numbers=_known(min, one.form_numbers, other.form_numbers),
        codes=_known(min, one.codes, other.codes),
        unsent=max(one.unsent, other.unsent),
        clock_error_s=max(_or_off(one.clock_error_s), _or_off(other.clock_error_s), key=abs),
        free_disk=min(_or_little(one.free_disk), _or_little(other.free_disk)),
    )


def _known(worse, one, other):  # type: ignore[no-untyped-def]  # of whatever type the fact is
    return None if one is None or other is None else worse(one, other)


def _or_off(error_s: float | None) -> float:
    return 301.0 if error_s is None else error_s


def _or_little(free: int | None) -> int:
    return GIB if free is None else free


def test_every_fact_has_its_words_and_they_are_whole_sentences_together() -> None:
    for limit in LIMITS:
        for value in (None, -1.0, 0.0, 0.5, 3.0, 1e6):
            if value is None and limit.unknown is Verdict.CAN:
                continue
            assert "{" not in offline_words.reason_words(limit.fact, value)
            assert offline_words.remedy_words(limit.fact, value)
        assert offline_words.FACTS[limit.fact] in chinese()
    words = readiness_word(readiness(replace(WELL, form_numbers=12)))
    assert words.icon != readiness_word(readiness(WELL)).icon


@pytest.mark.parametrize("fact", ["reading", "sign_in"])
def test_what_has_ended_is_over_and_not_almost_over(fact: str) -> None:
    ended, almost = offline_words.value_words(fact, 0.0), offline_words.value_words(fact, 0.5)
    assert ended == offline_words.value_words(fact, -3.0)
    assert ended != almost


@pytest.mark.parametrize("fact", ["clock", "disk"])
def test_what_is_not_known_is_not_said_to_be_wrong(fact: str) -> None:
    assert offline_words.remedy_words(fact, None) != offline_words.remedy_words(fact, 0.1)


def test_the_status_bar_does_not_say_twice_what_stands_beside_it() -> None:
    waits = readiness(replace(WELL, needs_you=4, unsent=14))
    whole, brief = readiness_word(waits), readiness_brief(waits)
    assert ("4" in whole.text, "4" in brief.text, "2" in brief.text) == (True, False, True)
    assert (brief.icon, brief.colour) == (whole.icon, whole.colour)
    few = readiness(replace(WELL, form_numbers=12))
    assert readiness_brief(few) == readiness_word(few), "what stands nowhere else is said"
    assert readiness_brief(readiness(WELL)) == readiness_word(readiness(WELL))


def test_the_situation_of_a_pc_that_has_never_synced_is_the_worst() -> None:
    found = situation(SyncReport(), Stock(), None, NOW, None)
    assert readiness(found).verdict is Verdict.BETTER_NOT


def test_the_situation_is_counted_by_the_services_clock() -> None:
    """A PC whose clock is ten days slow must not believe that it may read for ten days more."""
    report = SyncReport(offline_until=NOW + 5 * DAY, synced_at=NOW, clock_offset_s=-10 * 86400.0)
    found = situation(report, Stock(has_copy=True), None, NOW, NOW + 12 * HOUR)
    assert found.reading_left == -5 * DAY
    assert found.sign_in_left == 12 * HOUR - 10 * DAY
    assert found.data_age == timedelta()


def test_without_contact_in_this_run_the_copys_own_memory_counts() -> None:
    held = Stock(NOW + 9 * DAY, 60.0, NOW - 2 * HOUR, has_copy=True, form_numbers=40, free_disk=9 * GIB)
    counts = OutboxCounts({OutboxState.QUEUED: 2, OutboxState.QUARANTINED: 1}, others=4)
    found = situation(SyncReport(), held, counts, NOW, None)
    assert (found.data_age, found.reading_left) == (2 * HOUR, 9 * DAY - timedelta(minutes=1))
    assert (found.clock_error_s, found.sign_in_left) == (60.0, None)
    assert (found.unsent, found.needs_you) == (2, 1)


def test_an_ended_session_counts_as_none_left() -> None:
    found = situation(SyncReport(sign_in_wanted=True), Stock(), None, NOW, NOW + HOUR)
    assert found.sign_in_left == timedelta()


def test_the_stock_is_read_from_copy_and_disk(store: CacheStore, tmp_path: Path) -> None:
    store.write(lambda conn: leases.add(conn, FormLease("990100", 2026, 1, 64)))
    seven = CodeLease(NOW + DAY, tuple(LeasedCode(f"r{n}", f"c{n}") for n in range(7)))
    store.write(lambda conn: codes.add(conn, seven))
    found = store.read(lambda conn: stock(conn, tmp_path, NOW, decides=True))
    assert found.form_numbers == 64
    assert found.codes == 7
    assert found.free_disk
    asked = store.read(lambda conn: stock(conn, tmp_path / "gone", NOW, decides=False))
    assert (asked.form_numbers, asked.codes, asked.free_disk) == (None, None, None)
