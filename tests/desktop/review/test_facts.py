"""What tells the register of sheets and codes stays in the outbox: nobody can take back that they are about."""

from __future__ import annotations

from medreg_core.contract.v1.activation import VoidCode
from medreg_core.contract.v1.commands import RecordPrint, RecordRecall
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import HandOutWay, OutcomeKind
from medreg_desktop.services.cache import codes, outbox
from tests.desktop.activation.test_code_desk import ANNA, desk_of, lease
from tests.desktop.review.office import Office
from tests.desktop.review.test_papers import ONE, agreed_and_printed, refusal


def queued(office: Office, body: type) -> CommandId:
    (item,) = (item for item in office.outbox.items() if isinstance(item.row.command.body, body))
    assert (item.can_cancel, item.can_edit) == (False, False)
    return item.row.command.id


def stays(office: Office, command_id: CommandId) -> bool:
    """Whether taking it back is refused in words that are true, and it is still to be sent."""
    assert refusal(lambda: office.outbox.cancel(command_id)) == "cannot_be_undone"
    due = office.store.read(lambda conn: outbox.due(conn, office.account.id, office.clock.now()))
    return command_id in [row.command.id for row in due]


def test_a_print_is_told_to_the_register_whatever_is_pressed(office: Office) -> None:
    agreed_and_printed(office)
    assert stays(office, queued(office, RecordPrint))


def test_a_recall_is_told_too_and_does_not_count_twice(office: Office) -> None:
    agreed_and_printed(office)
    office.reviews.withdraw(ONE)
    (line,) = office.papers.papers_to_recall()
    office.papers.record_recall(line.paper, 1)
    assert stays(office, queued(office, RecordRecall))
    (line,) = office.papers.papers_to_recall()
    assert (line.paper.recalled, line.paper.outstanding) == (1, 1)


def test_a_voided_code_is_told_too(office: Office) -> None:
    office.store.write(lambda conn: codes.add(conn, lease()))
    slip = desk_of(office).hand_out(ANNA, HandOutWay.SLIP)
    office.sends()
    office.hears(slip.command_id, OutcomeKind.ACCEPTED)
    desk_of(office).void(ANNA, slip.reference, "遗失")
    assert stays(office, queued(office, VoidCode))
