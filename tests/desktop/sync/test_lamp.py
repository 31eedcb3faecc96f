"""The eight words: exactly one, by precedence; green only when it is true (look.md §5)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_desktop.services.sync.lamp import Lamp, LampKind, Situation, lamp
from medreg_desktop.services.transport.trouble import Trouble, TroubleKind

NOW = datetime(2026, 11, 23, 2, 42, tzinfo=UTC)
FINE = Situation(queue_known=True, session=True, caught_up=True, synced_at=NOW)


def trouble(kind: TroubleKind, code: str = "x") -> Trouble:
    return Trouble(kind, code)


def but(**changes: object) -> Situation:
    return Situation(**{**{f: getattr(FINE, f) for f in FINE.__slots__}, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (FINE, Lamp(LampKind.SYNCED, since=NOW)),
        (but(unsent=2, sent=3), Lamp(LampKind.SENDING, done=3, total=5)),
        (but(unsent=2, paused=True), Lamp(LampKind.SENDING, total=2, code="paused")),
        (but(queue_known=False), Lamp(LampKind.SENDING)),
        (
            but(caught_up=False, loaded=250, to_load=1000),
            Lamp(LampKind.SENDING, done=250, total=1000, code="receiving"),
        ),
        (but(session=False, offline_since=NOW), Lamp(LampKind.OFFLINE, since=NOW)),
        (
            but(trouble=trouble(TroubleKind.LINK, "server_unreachable"), offline_since=NOW, unsent=1),
            Lamp(LampKind.OFFLINE, since=NOW, code="server_unreachable"),
        ),
        (
            but(trouble=trouble(TroubleKind.SERVER, "server_error"), next_try_at=NOW),
            Lamp(LampKind.SERVER_SILENT, next_try_at=NOW, code="server_error"),
        ),
        (but(clock_offset_s=601.0), Lamp(LampKind.CLOCK, minutes_fast=10, code="clock_wrong")),
        (but(clock_offset_s=-86400.0), Lamp(LampKind.CLOCK, minutes_fast=-1440, code="clock_wrong")),
        (but(clock_offset_s=299.0), Lamp(LampKind.SYNCED, since=NOW)),
        (but(trouble=trouble(TroubleKind.CLOCK, "tls_expired")), Lamp(LampKind.CLOCK, code="tls_expired")),
        (
            # Our clock is known to be right: then it is the server's certificate, and nobody should set the clock.
            but(trouble=trouble(TroubleKind.CLOCK, "tls_expired"), clock_offset_s=1.0),
            Lamp(LampKind.SERVER_SILENT, code="tls_expired"),
        ),
        (
            but(trouble=trouble(TroubleKind.PORTAL, "captive_portal"), clock_offset_s=999.0),
            Lamp(LampKind.NETWORK_SIGN_IN, code="captive_portal"),
        ),
        (
            but(session=False, session_ended=True, trouble=trouble(TroubleKind.PORTAL)),
            Lamp(LampKind.SIGN_IN, code="session_expired"),
        ),
        (but(needs_you=3, session_ended=True, unsent=9), Lamp(LampKind.NEEDS_YOU, count=3)),
        (but(blocked="client_too_old"), Lamp(LampKind.NEEDS_YOU, count=1, code="client_too_old")),
    ],
)
def test_words(situation: Situation, expected: Lamp) -> None:
    assert lamp(situation) == expected


moments = st.none() | st.integers(0, 10**6).map(lambda s: NOW + timedelta(seconds=s))
situations = st.builds(
    Situation,
    needs_you=st.integers(0, 3),
    unsent=st.integers(0, 3),
    sent=st.integers(0, 3),
    queue_known=st.booleans(),
    session=st.booleans(),
    session_ended=st.booleans(),
    blocked=st.sampled_from(["", "", "client_too_old"]),
    trouble=st.none() | st.sampled_from(TroubleKind).map(trouble),
    clock_offset_s=st.none() | st.floats(-1e6, 1e6),
    offline_since=moments,
    next_try_at=moments,
    synced_at=moments,
    caught_up=st.booleans(),
    loaded=st.integers(0, 9),
    to_load=st.integers(0, 9),
    paused=st.booleans(),
)


@given(situations)
def test_green_is_impossible_while_anything_waits(s: Situation) -> None:
    if lamp(s).kind is LampKind.SYNCED:
        assert s.unsent == 0
        assert s.needs_you == 0
        assert s.queue_known
        assert s.session
        assert s.caught_up
        assert s.trouble is None
        assert not s.blocked


@given(situations)
def test_what_needs_a_person_is_never_hidden(s: Situation) -> None:
    assert (lamp(s).kind is LampKind.NEEDS_YOU) == bool(s.needs_you or s.blocked)
