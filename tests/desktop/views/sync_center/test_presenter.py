"""What 同步中心 decides, without Qt: what comes first, that looking changes nothing, and what each act settles."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medreg_core.contract.v1.commands import Outcome
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.cache import commands, outbox_moves
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxCounts, OutboxState
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.views.sync_center.state import Group
from tests.core.builders import request
from tests.desktop.cache.office import NOW, agree
from tests.desktop.review.office import LI, Office, application
from tests.desktop.views.sync_center.bench import AGREE, Bench, Story, ids, troubled


def locked() -> OutboxCounts:
    raise KnownFault("cache_locked")


@pytest.fixture
def story(office: Office) -> Story:
    return troubled(office)


@pytest.fixture
def bench(office: Office, story: Story) -> Bench:
    return Bench(office)


def test_what_needs_the_registrar_stands_first_and_is_shown_at_once(bench: Bench, story: Story) -> None:
    shown = [item.row.command.id for item in bench.view.state.shown]
    assert shown[:3] == [story.conflict, story.rejected, story.quarantined]
    assert story.queued in shown[3:]
    assert bench.view.current == story.conflict
    bench.presenter.choose(Group.NEEDS_YOU)
    assert len(bench.view.state.shown) == 3


def test_behind_a_very_long_queue_the_answers_are_found_and_all_that_waits_is_counted(office: Office) -> None:
    answered = office.reviews.decide(ids(1)[0], AGREE).command_id
    assert answered is not None
    office.sends()
    office.hears(answered, OutcomeKind.ACCEPTED, version=2, seq=4)

    def gather(conn: Connection) -> None:
        for n in range(1_000, 2_102):
            outbox_moves.add(conn, agree(application(2), f"{n:032x}"), office.account.id, NOW)

    office.store.write(gather)
    state = Bench(office).view.state
    assert [item.row.command.id for item in state.answered] == [answered]
    assert state.open_count == 1102


def test_what_was_settled_between_showing_and_pressing_is_said_to_be_settled(bench: Bench, story: Story) -> None:
    """As when a snapshot finds a decision that was called lost."""
    settled = Outcome(id=story.conflict, kind=OutcomeKind.ACCEPTED, version=2, seq=9)
    bench.office.store.write(lambda conn: commands.settle(conn, settled, NOW))
    bench.presenter.give_up()
    bench.settle()
    assert bench.view.state.problem == "settled_meanwhile"
    assert bench.view.current != story.conflict
    bench.presenter.choose(Group.NEEDS_YOU)
    assert bench.view.state.problem == "", "said once, not for ever"


def test_what_kept_the_copy_from_being_read_is_not_shown_any_more_once_it_was_read(bench: Bench) -> None:
    read = bench.presenter._outbox.counts
    bench.presenter._outbox.counts = locked  # type: ignore[method-assign]
    bench.presenter.refresh()
    bench.settle()
    assert bench.view.state.problem == "cache_locked"
    bench.presenter._outbox.counts = read  # type: ignore[method-assign]
    bench.presenter.refresh()
    bench.settle()
    assert bench.view.state.problem == ""


def test_looking_at_everything_changes_nothing(bench: Bench, story: Story) -> None:
    before = bench.rows()
    for _ in range(4):
        bench.presenter.next_waiting()
        bench.settle()
    bench.presenter.look_at_application(ids(2)[0])
    bench.presenter.later()
    bench.presenter.choose(Group.ANSWERED)
    bench.presenter.refresh()
    bench.settle()
    assert bench.rows() == before


def test_f2_goes_round_even_when_pressed_before_the_answer(bench: Bench, story: Story) -> None:
    bench.presenter.next_waiting()
    bench.presenter.next_waiting()
    bench.settle()
    assert bench.view.current == story.quarantined
    assert story.rejected not in [s.current.row.command.id for s in bench.view.states if s.current]
    bench.presenter.next_waiting()
    bench.settle()
    assert bench.view.current == story.conflict


def test_an_answer_out_of_order_does_not_replace_the_item_asked_for(bench: Bench, story: Story) -> None:
    bench.presenter.look_at(story.rejected)
    bench.presenter.look_at(story.quarantined)
    bench.reading.queue.reverse()
    bench.settle()
    assert bench.view.current == story.quarantined


def test_later_puts_away_brings_the_next_and_stays_put_away(bench: Bench, story: Story) -> None:
    before = bench.rows()
    seen = []
    for _ in range(3):
        bench.presenter.later()
        bench.settle()
        seen.append(bench.view.current)
    assert seen == [story.rejected, story.quarantined, None]
    bench.presenter.refresh()
    bench.settle()
    assert bench.view.current is None
    assert bench.rows() == before
    bench.presenter.next_waiting()
    bench.settle()
    assert bench.view.current == story.conflict


def test_reviewing_again_opens_the_newest_version_with_the_words(bench: Bench, story: Story) -> None:
    bench.presenter.review_again()
    bench.settle()
    assert bench.view.opened == [ids(1)[0]]
    draft = bench.office.reviews.open(ids(1)[0]).draft
    assert draft is not None
    assert draft.opinion == AGREE.opinion
    assert bench.rows()[story.conflict][0] == OutboxState.NEEDS_YOU


def test_giving_up_settles_one_item_and_brings_the_next(bench: Bench, story: Story) -> None:
    bench.presenter.give_up()
    bench.settle()
    assert bench.rows()[story.conflict][0] == OutboxState.DONE
    assert bench.view.current == story.rejected
    assert len(bench.view.state.waiting) == 2


def test_a_quarantined_command_is_sent_only_after_it_was_saved_as_due(bench: Bench, story: Story) -> None:
    bench.presenter.look_at(story.quarantined)
    bench.settle()
    bench.presenter.retry(story.quarantined)
    assert bench.view.synced == 0
    bench.settle()
    assert bench.view.synced == 1
    assert bench.rows()[story.quarantined][0] == OutboxState.QUEUED
    assert bench.view.current == story.conflict


def test_a_decision_that_never_left_is_taken_back(bench: Bench, story: Story) -> None:
    bench.presenter.cancel(story.queued)
    bench.settle()
    assert story.queued not in [item.row.command.id for item in bench.view.state.items]
    assert story.queued in [item.row.command.id for item in bench.view.state.answered]


def test_what_was_sent_meanwhile_cannot_be_taken_back_and_says_so(bench: Bench, story: Story) -> None:
    bench.office.sends()
    bench.presenter.cancel(story.queued)
    bench.settle()
    assert bench.view.state.problem == "already_sent"
    shown = {item.row.command.id: item for item in bench.view.state.items}
    assert not shown[story.queued].can_cancel
    bench.presenter.give_up()
    bench.settle()
    assert bench.view.state.problem == ""


def test_as_many_copies_are_recorded_as_are_back(bench: Bench) -> None:
    before = bench.rows()
    (line,) = bench.view.state.outstanding
    assert line.paper.outstanding == 2
    bench.presenter.record_recall(line)
    bench.settle()
    assert bench.rows() == before, "nobody can take it back: it is asked first"
    bench.presenter.recall(1)
    bench.settle()
    (line,) = bench.view.state.outstanding
    assert (line.paper.recalled, line.paper.outstanding) == (1, 1)
    bench.presenter.record_recall(line)
    bench.presenter.later()
    assert bench.view.state.recalling is None
    assert len(bench.rows()) == len(before) + 1
    bench.presenter.record_recall(line)
    bench.presenter.recall(1)
    bench.settle()
    assert bench.view.state.outstanding == ()
    assert len(bench.view.state.papers) == 1


def test_the_row_of_the_work_list_leads_to_its_own_item(bench: Bench, story: Story) -> None:
    bench.presenter.choose(Group.ANSWERED)
    bench.presenter.look_at_application(ids(2)[0])
    bench.settle()
    assert bench.view.current == story.rejected
    assert bench.view.state.group is Group.OPEN
    bench.presenter.look_at_application(ids(4)[0])  # only waiting to be sent: nothing to settle
    bench.settle()
    assert bench.view.current == story.rejected


def test_the_item_in_view_follows_the_register(bench: Bench, story: Story) -> None:
    newer = application(1, version=3, content_version=3, request=request(department="产科"))
    bench.office.receives(newer)
    bench.presenter.refresh()
    bench.settle()
    current = bench.view.state.current
    assert current is not None
    assert current.current is not None
    assert current.current.content_version == 3


def test_an_older_reading_that_comes_late_is_dropped(bench: Bench, story: Story) -> None:
    bench.presenter.refresh()
    stale = bench.reading.queue.pop()
    read = stale.work()
    bench.office.outbox.drop(story.conflict)
    bench.presenter.refresh()
    bench.settle()
    stale.on_done(read)
    assert story.conflict not in [item.row.command.id for item in bench.view.state.items]


def test_of_another_registrar_only_the_number_is_known(office: Office, story: Story) -> None:
    other = Bench(Office(office.store, office.clock, LI, office.ids))
    assert other.view.state.items == ()
    assert other.view.state.papers == ()
    assert other.view.state.counts is not None
    assert other.view.state.counts.others == 4  # the decisions; the print stopped with its consent


def test_a_report_changes_nothing_but_the_report(bench: Bench) -> None:
    before = bench.view.state
    bench.presenter.report(SyncReport(paused=True))
    assert bench.view.state == replace(before, report=SyncReport(paused=True))


def test_nothing_is_shown_once_the_page_is_gone(bench: Bench) -> None:
    bench.presenter.refresh()
    bench.presenter.next_waiting()
    bench.presenter.close()
    before = len(bench.view.states)
    bench.settle()
    assert len(bench.view.states) == before
