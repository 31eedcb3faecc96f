"""Every state that can be asked has its words, its cause and its next step; nothing of a person is in the text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from medreg_core.contract.v1.commands import Outcome
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState, Resolution
from medreg_desktop.services.support import explain
from medreg_desktop.services.support.explain import Topic
from medreg_desktop.services.sync.diary import Diary
from medreg_desktop.services.sync.events import Call
from medreg_desktop.services.sync.forecast import Forecast, Prospect, Rehearsed
from medreg_desktop.services.sync.lamp import Lamp, LampKind
from medreg_desktop.services.sync.report import SyncReport, Wait
from medreg_desktop.services.texts.explanations import CALLS, EXPLANATIONS, KINDS
from medreg_desktop.services.transport.attempts import Attempt
from medreg_desktop.services.transport.trouble import TroubleKind
from tests.architecture.sources import chinese
from tests.desktop.support.rows import NOW, StillClock, row


def diary_with(*attempts: Attempt) -> Diary:
    diary = Diary(StillClock())
    for attempt in attempts:
        diary.log.record(attempt, attempt.commands)
    return diary


def attempt(code: str = "", call: str = "changes", **more: object) -> Attempt:
    return replace(Attempt(NOW, call, "link" if code else "", code), **more)  # type: ignore[arg-type]  # own fields


def report(kind: LampKind, **more: object) -> SyncReport:
    return replace(SyncReport(lamp=Lamp(kind)), **more)  # type: ignore[arg-type]  # own fields


def test_every_topic_has_its_words_in_both_languages() -> None:
    assert set(EXPLANATIONS) == {topic.value for topic in Topic}
    for told in EXPLANATIONS.values():
        for text in (told.means, told.next, told.you, *([told.cause] if told.cause else ())):
            assert text.endswith("."), text
            assert chinese()[text].endswith(("。", "）")), text


def test_every_exchange_and_every_class_of_cause_has_a_word() -> None:
    assert {call.value for call in Call} <= set(CALLS)
    assert {kind.value for kind in TroubleKind} == set(KINDS)


@pytest.mark.parametrize("kind", list(LampKind))
def test_every_word_of_the_lamp_is_a_topic(kind: LampKind) -> None:
    found = explain.of_lamp(report(kind, needs_you=1), diary_with())
    assert found.topic.value == kind.value


@pytest.mark.parametrize(
    ("given", "topic"),
    [
        (report(LampKind.NEEDS_YOU, lamp=Lamp(LampKind.NEEDS_YOU, 1, code="disk_full")), Topic.BLOCKED),
        (report(LampKind.SENDING, lamp=Lamp(LampKind.SENDING, code="paused")), Topic.PAUSED),
        (report(LampKind.SENDING, lamp=Lamp(LampKind.SENDING, code="receiving")), Topic.RECEIVING),
        (report(LampKind.SENDING, lamp=Lamp(LampKind.SENDING, code="receiving"), resync_reason="resync"), Topic.RESYNC),
        (report(LampKind.SENDING, lamp=Lamp(LampKind.SENDING, code="receiving"), removals_held=True), "removals_held"),
    ],
)
def test_words_that_the_lamp_shares_are_told_apart(given: SyncReport, topic: str) -> None:
    assert explain.lamp_topic(given) == topic


def test_the_lamp_in_trouble_names_cause_since_when_and_the_next_try() -> None:
    diary = diary_with(attempt(), attempt("server_unreachable"), attempt("server_error", request_id="3f2a"))
    due = NOW + timedelta(seconds=23)
    given = report(
        LampKind.OFFLINE, lamp=Lamp(LampKind.OFFLINE, since=NOW, next_try_at=due), receiving=Wait(2, "x", due)
    )
    found = explain.of_lamp(given, diary)
    assert (found.code, found.since, found.next_try) == ("server_error", NOW, due)
    assert found.request_id == "3f2a"
    assert [item.code for item in found.attempts] == ["server_error", "server_unreachable", ""]


def test_since_when_comes_from_the_diary_where_the_lamp_does_not_say() -> None:
    diary = diary_with()
    given = report(LampKind.SERVER_SILENT)
    diary.heard(given)
    assert explain.of_lamp(given, diary).since == NOW


STATES = [
    (row(OutboxState.QUEUED), Topic.ROW_WAITING),
    (row(OutboxState.IN_FLIGHT), Topic.ROW_SENDING),
    (row(OutboxState.DEFERRED), Topic.ROW_DEFERRED),
    (row(OutboxState.QUARANTINED), Topic.ROW_QUARANTINED),
    (row(OutboxState.NEEDS_YOU, OutcomeKind.CONFLICT), Topic.ROW_CONFLICT),
    (row(OutboxState.NEEDS_YOU, OutcomeKind.REJECTED), Topic.ROW_REFUSED),
    (row(OutboxState.NEEDS_YOU), Topic.ROW_REFUSED),
    (row(OutboxState.NEEDS_YOU, OutcomeKind.ACCEPTED, last_cause="lost_by_server"), Topic.ROW_LOST),
    (row(OutboxState.DONE, OutcomeKind.ACCEPTED), Topic.ROW_ACCEPTED),
    (row(OutboxState.DONE, OutcomeKind.SUPERSEDED), Topic.ROW_ACCEPTED),
    (row(OutboxState.DONE, OutcomeKind.REJECTED, resolution=Resolution.DROPPED), Topic.ROW_CLOSED),
    (row(OutboxState.DONE, resolution=Resolution.CANCELLED), Topic.ROW_CLOSED),
]


@pytest.mark.parametrize(("given", "topic"), STATES)
def test_every_state_of_a_decision_is_a_topic(given: OutboxRow, topic: Topic) -> None:
    assert explain.row_topic(given) is topic


def test_a_waiting_decision_names_what_holds_all_of_them() -> None:
    due = NOW + timedelta(seconds=9)
    given = report(LampKind.SERVER_SILENT, sending=Wait(3, "server_error", due))
    found = explain.of_command(row(OutboxState.QUEUED), given, diary_with())
    assert (found.code, found.next_try) == ("server_error", due)
    own = explain.of_command(row(OutboxState.QUEUED, last_cause="server_retry"), given, diary_with())
    assert own.code == "server_retry"
    chained = explain.of_command(row(OutboxState.QUEUED, depends_on="c0"), given, diary_with())
    assert chained.code == "waits_for_command"


def test_an_answered_decision_is_tried_no_more_and_shows_its_own_exchanges() -> None:
    mine = attempt("server_error", "commands", commands=("c1",))
    diary = diary_with(mine, attempt("", "commands", commands=("c2",)), attempt())
    given = report(LampKind.OFFLINE, sending=Wait(1, "server_error", NOW))
    found = explain.of_command(row(OutboxState.QUARANTINED, last_cause="poison"), given, diary)
    assert (found.code, found.next_try) == ("poison", None)
    assert [item.code for item in found.attempts] == ["server_error"]


def test_what_the_rehearsal_holds_back_says_so_and_until_when() -> None:
    said = Outcome(id=CommandId("c1"), kind=OutcomeKind.CONFLICT, code="version_conflict")
    foreseen = Forecast(CommandId("c1"), Prospect.NEEDS_YOU, said)
    due = NOW + timedelta(minutes=2)
    given = report(LampKind.SENDING, rehearsed=Rehearsed(3, 3, 2, affected=(foreseen,), sends_at=due, holds_until=due))
    assert explain.lamp_topic(given) is Topic.REHEARSAL
    assert explain.of_lamp(given, diary_with()).next_try == due
    found = explain.of_command(row(OutboxState.QUEUED), given, diary_with())
    assert (found.topic, found.code, found.next_try) == (Topic.ROW_HELD, "version_conflict", due)
    sent = explain.of_command(row(OutboxState.IN_FLIGHT), given, diary_with())
    assert sent.topic is Topic.ROW_SENDING


def test_nothing_waits_on_a_settled_application() -> None:
    at = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    found = explain.of_settled(report(LampKind.SYNCED, synced_at=at), diary_with(attempt()))
    assert (found.topic, found.since, len(found.attempts)) == (Topic.ROW_SYNCED, at, 1)
