"""What hangs on a command that was given up although the register may have it."""

from __future__ import annotations

import pytest

from medreg_core.contract.v1.commands import Outcome, RecordPrint
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import FormState, OutcomeKind
from medreg_desktop.services.cache import commands, handovers, outbox
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState, Resolution
from medreg_desktop.services.cache.store import CacheStore
from tests.desktop.cache.office import NOW, WANG, agree, application
from tests.desktop.cache.test_outbox import command

CONSENT, PRINT = (CommandId(f"{n:032d}") for n in (1, 2))


@pytest.fixture
def handed(store: CacheStore) -> CacheStore:
    """A consent and the print of its form lie in a courier's file; the network refuses the consent."""
    printed = RecordPrint(
        form_number="n", digest="d", form_state=FormState.PENDING, printed_at=NOW, copies=1, reprint=0
    )
    for each in (agree(application(1), CONSENT), command(2, application(1), printed, CONSENT)):
        store.write(lambda conn, each=each: commands.save(conn, each, WANG, NOW))  # type: ignore[misc]  # bound now
    store.write(lambda conn: handovers.hand_over(conn, [CONSENT, PRINT], "bundle", NOW))
    return store


def row(store: CacheStore, command_id: CommandId) -> OutboxRow:
    return store.read(lambda conn: outbox.row_of(conn, command_id))


def give_up(store: CacheStore) -> None:
    store.write(lambda conn: commands.close(conn, CONSENT, Resolution.DROPPED, NOW))


def answer(store: CacheStore, kind: OutcomeKind, **more: CommandId) -> OutboxRow:
    store.write(lambda conn: commands.settle(conn, Outcome(id=PRINT, kind=kind, **more), NOW, next_try=NOW))
    return row(store, PRINT)


def test_what_was_handed_over_with_it_is_asked_about_and_may_have_been_done(handed: CacheStore) -> None:
    """Found by seed 200159: the courier had carried both, and the print was told as never sent."""
    give_up(handed)
    assert row(handed, PRINT).state is OutboxState.QUEUED
    assert answer(handed, OutcomeKind.ACCEPTED).resolution is Resolution.NONE


def test_it_stops_when_the_register_has_never_heard_of_what_was_given_up(handed: CacheStore) -> None:
    give_up(handed)
    stopped = answer(handed, OutcomeKind.DEFERRED, waits_for=CONSENT)
    assert (stopped.state, stopped.resolution) == (OutboxState.DONE, Resolution.STOPPED)


def test_behind_what_the_register_refused_nothing_is_asked(handed: CacheStore) -> None:
    handed.write(lambda conn: commands.settle(conn, Outcome(id=CONSENT, kind=OutcomeKind.REJECTED), NOW))
    assert row(handed, PRINT).resolution is Resolution.STOPPED
