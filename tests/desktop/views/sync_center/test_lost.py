"""A decision that the service had taken and, restored from a backup, no longer holds: never told as refused."""

from __future__ import annotations

import pytest

from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.cache import outbox_moves
from medreg_desktop.services.support.explain import row_topic
from medreg_desktop.views.sync_center.reconcile_words import result_word, summary
from medreg_desktop.views.sync_center.words import reason, state_word, trouble_word, troubles, what_happened
from tests.desktop.cache.office import NOW
from tests.desktop.review.office import Office
from tests.desktop.views.sync_center.bench import Bench, _decided, named


@pytest.fixture
def lost(office: Office) -> CommandId:
    """Accepted, then missing from the register that came back."""
    office.receives(named(1))
    command_id = _decided(office, 1)
    office.sends()
    office.hears(command_id, OutcomeKind.ACCEPTED, version=2, seq=40)
    office.store.write(lambda conn: outbox_moves.reopen(conn, command_id, "lost_by_server"))
    return command_id


def test_it_is_told_as_taken_once_and_missing_now(office: Office, lost: CommandId) -> None:
    state = Bench(office).view.state
    assert state.current is not None
    assert state.current.row.command.id == lost
    (item,) = state.waiting
    assert (state_word(item).text, reason(item, NOW)) == ("需处理", "服务端从备份恢复，没有这项决定")
    assert (trouble_word(state.current).text, troubles(state.waiting)) == ("登记库已无", "登记库已无 1")
    story = what_happened(state.current, NOW)
    assert story.startswith("您 10:00 的「同意」曾被采用。服务端从备份恢复，没有这项决定。")
    assert "没有采用" not in story


def test_the_reconciliation_and_the_reasons_say_so_too(office: Office, lost: CommandId) -> None:
    (batch,) = office.reconciling.read().batches
    assert result_word(batch.lines[0]).text == "登记库已无"
    assert summary(batch) == "王经办 1 条：登记库已无 1"
    assert row_topic(office.outbox.conflict(lost).row).value == "row_lost"
