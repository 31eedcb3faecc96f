"""A computer that has to go: what is unfinished on it may lie before a supervisor already, and stays as it is."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from medreg_core.contract.v1.devices import WipeAnswer
from medreg_core.contract.v1.messages import MAGIC
from medreg_core.domain.records import CommandId, DeviceId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.cache import outbox_moves, unfinished
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.review.quarantine_desk import Reason
from tests.desktop.cache.office import EPOCH
from tests.desktop.review.office import Office
from tests.desktop.review.test_conflicts import row
from tests.desktop.review.test_quarantine import AGREE, ONE, RETURN

ORDER = WipeAnswer(magic=MAGIC, server_id="server-1", device_id=DeviceId("device-1"), nonce="n" * 16, wipe=True)

WAYS: dict[str, tuple[OutboxState, Callable[[Office, CommandId], object]]] = {
    "taken back": (OutboxState.QUEUED, lambda office, command: office.outbox.cancel(command)),
    "changed": (OutboxState.QUEUED, lambda office, command: office.outbox.edit(command, RETURN)),
    "dropped": (OutboxState.QUARANTINED, lambda office, command: office.outbox.drop(command)),
    "given up": (
        OutboxState.QUARANTINED,
        lambda office, command: office.quarantine.give_up(command, Reason.MISTAKEN),
    ),
}


def test_no_form_leaves_it_and_what_is_leaving_is_known_here(office: Office) -> None:
    office.reviews.decide(ONE, AGREE)
    form = office.papers.form(ONE)
    (leaving,) = office.papers.announce_prints([form], 1, to_file=False)
    office.store.write(lambda conn: unfinished.seal(conn, ORDER))
    for deed in (office.papers.check_may_print, lambda: office.papers.announce_prints([form], 1, to_file=False)):
        with pytest.raises(KnownFault, match="device_removed"):
            deed()
    office.papers.record_print(form, 1, to_file=False, announced=leaving)
    assert [(record.copies, record.perhaps) for record in office.papers.prints(ONE)] == [(1, False)]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_handed_over_cannot_be_closed_here_any_more(office: Office, way: str) -> None:
    """A supervisor might carry out what its maker had been told was taken back."""
    state, deed = WAYS[way]
    command = office.reviews.decide(ONE, AGREE).command_id
    assert command is not None
    if state is OutboxState.QUARANTINED:
        office.store.write(lambda conn: outbox_moves.quarantine(conn, command, "poison"))
    office.store.write(lambda conn: unfinished.seal(conn, ORDER))
    with pytest.raises(KnownFault, match="device_removed"):
        deed(office, command)
    assert row(office, command).state is state
    office.store.write(unfinished.unseal)
    deed(office, command)
    assert row(office, command).state is OutboxState.DONE


@pytest.mark.parametrize(("epoch", "expected"), [("", 0), (EPOCH, 0), ("restored", 1)])
def test_what_a_restored_register_may_have_lost_is_handed_over_as_well(
    office: Office, epoch: str, expected: int
) -> None:
    """Seed 311188: it was shut out before it had compared, and nobody would ever have said that a decision is gone."""
    receipt = office.reviews.decide(ONE, AGREE)
    office.sends()
    assert receipt.command_id is not None
    office.hears(receipt.command_id, OutcomeKind.ACCEPTED)
    office.store.write(lambda conn: unfinished.seal(conn, msgspec.structs.replace(ORDER, epoch=epoch)))
    found = office.store.read(unfinished.sizes)
    assert [command for command, _ in found] == [receipt.command_id] * expected
