"""The lamp's words in the status bar: true also days later, and when our clock was never compared."""

from __future__ import annotations

from datetime import timedelta

import pytest

from medreg_desktop.services.sync.lamp import Lamp, LampKind, Situation, lamp
from medreg_desktop.services.transport.trouble import Trouble, TroubleKind
from medreg_desktop.ui.lamp import lamp_word
from tests.desktop.cache.office import NOW


@pytest.mark.parametrize(("kind", "word"), [(LampKind.OFFLINE, "离线，自 {}"), (LampKind.SYNCED, "已同步 {}")])
def test_a_moment_of_another_day_says_which(kind: LampKind, word: str) -> None:
    assert lamp_word(Lamp(kind, since=NOW), NOW + timedelta(hours=2)).text == word.format("10:00")
    assert lamp_word(Lamp(kind, since=NOW), NOW + timedelta(days=3)).text == word.format("11-23 10:00")


def test_a_clock_that_was_never_compared_is_not_said_to_be_right() -> None:
    """A clock years ahead: no certificate fits it, so the service's time was never heard."""
    shown = lamp(Situation(session=True, trouble=Trouble(TroubleKind.CLOCK, "tls_expired")))
    assert lamp_word(shown, NOW).text == "本机时钟与证书不符"
