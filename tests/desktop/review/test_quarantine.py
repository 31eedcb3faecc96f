"""A command that is set apart has four ways out, and none of them lets two decisions take effect."""

from __future__ import annotations

import json

import msgspec
import pytest

from medreg_core.contract.v1.commands import Agree
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import CommandKind, OutcomeKind, State
from medreg_desktop.services.cache import audit, outbox_moves
from medreg_desktop.services.cache.outbox import OutboxState, Resolution
from medreg_desktop.services.review.deciding import Decision
from medreg_desktop.services.review.quarantine_desk import Reason
from medreg_desktop.services.search.conditions import RowSync
from medreg_desktop.services.search.rows import STATES
from medreg_desktop.services.transport.attempts import Attempt
from tests.desktop.cache.office import NOW
from tests.desktop.review.office import LI, Office, application
from tests.desktop.review.test_conflicts import refusal, row

AGREE = Decision(CommandKind.AGREE, 1, "同意聘用，密语甲。")
RETURN = Decision(CommandKind.RETURN, 1, "请补照片。")
ONE = application(1).id


def set_apart(office: Office, cause: str = "poison", *, print_left: bool = False) -> CommandId:
    """A consent that was sent, printed and never answered; ``print_left``: its print was sent with it."""
    command_id = office.reviews.decide(ONE, AGREE).command_id
    assert command_id is not None
    if not print_left:
        office.sends()
    office.papers.record_print(office.papers.form(ONE), 2, to_file=False)
    if print_left:
        office.sends()
    office.store.write(lambda conn: outbox_moves.back_off(conn, [command_id], "server_error", None))
    office.store.write(lambda conn: outbox_moves.quarantine(conn, command_id, cause))
    return command_id


def actions(office: Office) -> list[str]:
    return [line.action for line in office.store.read(lambda conn: audit.lines(conn, 50))]


def test_sent_again_it_is_due_at_once(office: Office) -> None:
    command_id = set_apart(office)
    office.outbox.retry([command_id])
    assert (row(office, command_id).state, row(office, command_id).attempts) == (OutboxState.QUEUED, 0)


def test_corrected_it_is_replaced_in_the_transaction_of_the_new_decision(office: Office) -> None:
    command_id = set_apart(office)
    assert office.reviews.open(ONE).shown_state is State.AGREED
    sheet = office.outbox.review_again(command_id)
    assert sheet.shown_state is State.SUBMITTED, "its effect is no longer shown, so that it can be decided anew"
    assert sheet.draft is not None
    assert sheet.draft.opinion == AGREE.opinion
    assert office.reviews.open(ONE).row_sync is RowSync.QUARANTINED, "and it stays in sight"
    made = office.reviews.decide(ONE, RETURN).command_id
    assert made is not None
    assert row(office, command_id).resolution is Resolution.REPLACED
    new = row(office, made)
    assert new.command.depends_on is None, "it would wait for ever for what is never sent again"
    assert new.command.base_version == application(1).version
    assert [item.row.command.id for item in office.outbox.items()] == [made]
    assert "command_replaced" in actions(office)
    (paper,) = office.papers.papers_to_recall()
    assert paper.paper.outstanding == 2


@pytest.mark.parametrize("way", ["corrected", "given up"])
def test_a_print_that_left_with_it_is_asked_about_and_stops_if_the_register_waits_for_it(
    office: Office, way: str
) -> None:
    """It would wait for ever for a command that is never sent again."""
    command_id = set_apart(office, print_left=True)
    assert office.quarantine.look(command_id).behind == 0, "nothing is closed with it"
    if way == "corrected":
        office.outbox.review_again(command_id)
        office.reviews.decide(ONE, RETURN)
    else:
        office.quarantine.give_up(command_id, Reason.OTHER)
    (printed,) = (item.row for item in office.outbox.items() if item.row.command.depends_on == command_id)
    office.hears(printed.command.id, OutcomeKind.DEFERRED, waits_for=command_id)
    assert row(office, printed.command.id).resolution is Resolution.STOPPED
    assert "command_stopped" in actions(office)


def test_closing_the_window_leaves_it_where_it_was(office: Office) -> None:
    command_id = set_apart(office)
    office.outbox.review_again(command_id)
    assert row(office, command_id).state is OutboxState.QUARANTINED
    office.outbox.retry([command_id])
    assert office.reviews.open(ONE).shown_state is State.AGREED, "sent again it counts again"


def test_if_the_service_had_taken_the_first_it_answers_the_second_with_a_conflict(office: Office) -> None:
    """Never both: the second is built on the version that the first has used up."""
    command_id = set_apart(office)
    office.outbox.review_again(command_id)
    made = office.reviews.decide(ONE, RETURN).command_id
    assert made is not None
    agreed = application(1, version=2, state=State.AGREED)
    office.receives(agreed)
    office.sends()
    office.hears(made, OutcomeKind.CONFLICT, code="already_decided", by="王经办", at=NOW, current=agreed, version=2)
    assert office.reviews.open(ONE).shown_state is State.AGREED
    assert row(office, made).state is OutboxState.NEEDS_YOU
    late = office.hears
    late(command_id, OutcomeKind.ACCEPTED, version=2, seq=9)
    assert row(office, command_id).resolution is Resolution.REPLACED, "a late answer changes nothing"


def test_given_up_it_says_what_it_takes_along(office: Office) -> None:
    command_id = set_apart(office)
    body = row(office, command_id).command.body
    assert isinstance(body, Agree)
    seen = office.quarantine.look(command_id)
    assert (seen.form_number, seen.printed, seen.behind, seen.was_sent) == (body.form_number, 2, 1, True)
    office.quarantine.give_up(command_id, Reason.NO_LONGER_WANTED)
    assert row(office, command_id).resolution is Resolution.DROPPED
    assert office.outbox.items() == []
    assert office.reviews.open(ONE).shown_state is State.SUBMITTED
    dropped = next(
        line for line in office.store.read(lambda conn: audit.lines(conn, 50)) if line.action == "command_dropped"
    )
    assert json.loads(dropped.detail) == {"command": command_id, "reason": "no_longer_wanted"}
    assert [line.paper.outstanding for line in office.papers.papers_to_recall()] == [2]


def test_handed_over_is_a_reference_without_a_name_or_a_word(office: Office) -> None:
    command_id = set_apart(office)
    attempts = (Attempt(NOW, "commands", "server", "server_error", 500, 12, "req-1", commands=(command_id,)),)
    given = office.quarantine.hand_over(command_id, attempts)
    told = msgspec.json.decode(given.content)
    assert told["command"]["id"] == command_id
    assert told["command"]["kind"] == "agree"
    assert told["cause"] == "poison"
    assert told["attempts"][0]["request_id"] == "req-1"
    assert len(told["command"]["sha256"]) == 64
    person = application(1).person
    text = given.content.decode() + given.file_name
    for secret in (person.name, person.id_number, person.phone, "密语甲", office.account.name):
        assert not secret or secret not in text
    after = row(office, command_id)
    assert (after.state, after.last_cause) == (OutboxState.QUARANTINED, "handed_over")
    assert "command_handed_over" in actions(office)


def test_handed_over_over_a_correction_it_shows_again_in_the_list_as_on_its_sheet(office: Office) -> None:
    """Found by seed 311094: the list went on without it."""
    command_id = set_apart(office)
    office.outbox.review_again(command_id)
    office.quarantine.hand_over(command_id, ())
    assert office.reviews.open(ONE).shown_state is State.AGREED
    listed = office.store.read(lambda conn: conn.execute("SELECT state FROM worklist WHERE id = ?", (ONE,)).fetchall())
    assert [STATES[state] for (state,) in listed] == [State.AGREED]


@pytest.mark.parametrize("act", ["look", "give_up", "hand_over"])
def test_only_what_is_set_apart_and_only_by_its_author(office: Office, act: str) -> None:
    queued = office.reviews.decide(application(2).id, AGREE).command_id
    assert queued is not None
    more = {"look": (), "give_up": (Reason.OTHER,), "hand_over": ((),)}[act]
    assert refusal(lambda: getattr(office.quarantine, act)(queued, *more)) == "not_set_apart"
    command_id = set_apart(office)
    li = Office(office.store, office.clock, LI, office.ids)
    assert refusal(lambda: getattr(li.quarantine, act)(command_id, *more)) == "not_yours"
