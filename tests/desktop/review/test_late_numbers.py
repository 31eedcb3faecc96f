"""A form number whose lease ended on the way: the decision keeps its words, the paper is called back (ADR 018)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from medreg_core.contract.v1.commands import Agree
from medreg_core.contract.v1.messages import FormLease
from medreg_core.domain.records import ApplicationId
from medreg_core.domain.vocabulary import CommandKind, OutcomeKind, State
from medreg_desktop.services.cache import leases, outbox, sync_state
from medreg_desktop.services.cache.outbox import Resolution
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.review.deciding import Decision
from tests.desktop.cache.office import NOW
from tests.desktop.review.office import Office

ONE = ApplicationId(f"{1:032x}")
AGREE = Decision(CommandKind.AGREE, 1, "同意聘用")


def lease(first: int, days: int) -> FormLease:
    return FormLease("110101", 2026, first, first + 9, NOW + timedelta(days=days), b"seal")


def test_an_ended_lease_gives_no_number_and_the_one_that_ends_first_is_used_first(office: Office) -> None:
    office.store.write(leases.burn)
    office.store.write(lambda conn: leases.add(conn, lease(200, 40)))
    office.store.write(lambda conn: leases.add(conn, lease(300, 20)))
    office.store.write(lambda conn: leases.add(conn, lease(400, -1)))

    def take(days: int) -> str:
        return office.store.write(lambda conn: leases.take(conn, 2026, NOW + timedelta(days=days)))

    assert [take(0)[12:18], take(0)[12:18], take(21)[12:18]] == ["000300", "000301", "000200"]
    assert office.store.read(lambda conn: leases.left(conn, NOW + timedelta(days=21))) == 9
    with pytest.raises(KnownFault, match="form_numbers_used_up"):
        take(41)


def test_a_clock_set_back_makes_no_lease_young_again(office: Office) -> None:
    office.store.write(leases.burn)
    office.store.write(lambda conn: leases.add(conn, lease(200, 1)))
    office.store.write(lambda conn: sync_state.note_server_time(conn, NOW + timedelta(days=2)))
    office.clock.set_back(days=30)
    with pytest.raises(KnownFault, match="form_numbers_used_up"):
        office.reviews.decide(ONE, AGREE)


def test_the_decision_is_made_again_under_another_number_and_the_paper_is_called_back(office: Office) -> None:
    receipt = office.reviews.decide(ONE, AGREE)
    assert receipt.command_id is not None
    office.papers.record_print(office.papers.form(ONE), 2, to_file=False)
    office.sends()
    office.hears(
        receipt.command_id,
        OutcomeKind.REJECTED,
        code="form_number_expired",
        params={"expired_on": "2026-10-01"},
    )
    assert [line.paper.form_number for line in office.papers.papers_to_recall()] == [receipt.form_number]
    sheet = office.outbox.review_again(receipt.command_id)
    assert sheet.draft is not None
    assert (sheet.shown_state, sheet.draft.opinion) == (State.SUBMITTED, "同意聘用")
    second = office.reviews.decide(ONE, AGREE)
    assert second.form_number not in ("", receipt.form_number)
    old = office.store.read(lambda conn: outbox.row_of(conn, receipt.command_id or ""))  # type: ignore[arg-type] # an id
    assert old.resolution is Resolution.REPLACED
    newest = office.store.read(lambda conn: outbox.row_of(conn, second.command_id or "")).command.body  # type: ignore[arg-type] # an id
    assert isinstance(newest, Agree)
    assert [line.paper.outstanding for line in office.papers.papers_to_recall()] == [2]
