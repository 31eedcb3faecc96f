"""The engine tells of an outage once when it begins, for each new cause, and when it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from medreg_core.contract.v1.messages import MAGIC, Pong
from medreg_core.domain.records import AccountId
from medreg_desktop.services.sync import effects, events
from medreg_desktop.services.sync.engine import begin, step
from medreg_desktop.services.sync.events import Call, Moment
from medreg_desktop.services.sync.outbox_view import Actor, Position
from medreg_desktop.services.sync.state import SyncState
from medreg_desktop.services.transport.trouble import Trouble, TroubleKind

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
Told = effects.NoteOutage | effects.EndOutage


def at(seconds: float) -> Moment:
    return Moment(1000.0 + seconds, START + timedelta(seconds=seconds))


def failed(seconds: float, code: str = "server_unreachable", kind: TroubleKind = TroubleKind.LINK) -> events.Failed:
    return events.Failed(at(seconds), Call.PING, Trouble(kind, code))


def pong(seconds: float) -> events.PongArrived:
    moment = at(seconds)
    return events.PongArrived(moment, Pong(MAGIC, "s", "n", moment.wall, "k", b""))


def told(*happened: events.Event) -> list[Told]:
    state: SyncState = begin(1)
    found: list[Told] = []
    start = (
        events.SignedIn(at(0), Actor(AccountId("wang"), session=False)),
        events.CopyRead(at(0), Position(cursor="c")),
        events.QueueRead(at(0), ()),
    )
    for event in (*start, *happened):
        state, done = step(state, event)
        found += [each for each in done if isinstance(each, Told)]
    return found


def test_told_once_for_each_cause_and_once_at_the_end() -> None:
    first, second, end = told(
        failed(1), failed(9), failed(20, "captive_portal", TroubleKind.PORTAL), failed(40), pong(100)
    )
    assert isinstance(first, effects.NoteOutage)
    assert isinstance(second, effects.NoteOutage)
    assert (first.cause, second.cause) == ("server_unreachable", "captive_portal")
    assert isinstance(end, effects.EndOutage)
    assert end.lasted_s == 99.0


def test_the_first_word_of_a_run_ends_what_an_earlier_run_began() -> None:
    (end,) = told(pong(5), pong(9))
    assert isinstance(end, effects.EndOutage)
    assert end.lasted_s is None


def test_a_second_outage_begins_anew() -> None:
    notes = [
        each for each in told(failed(1), pong(100), failed(200), pong(300)) if isinstance(each, effects.NoteOutage)
    ]
    assert [note.at for note in notes] == [at(1), at(200)]


def test_an_answer_that_only_refuses_is_no_loss_of_contact() -> None:
    found = told(failed(1, "session_expired", TroubleKind.SIGN_IN))
    assert not [each for each in found if isinstance(each, effects.NoteOutage)]
