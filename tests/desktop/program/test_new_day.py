"""A program that runs overnight: the screens follow the day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from medreg_desktop.app.house import House
from tests.helpers.program import Desk


def test_on_a_new_day_the_screens_read_again(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = office.office
    today = shown._house.today()
    office.until(lambda: not shown._settle.isActive(), "rest")
    shown._ageing.timeout.emit()
    assert not shown._settle.isActive()
    monkeypatch.setattr(House, "today", lambda _self: today + timedelta(days=1))
    shown._ageing.timeout.emit()
    assert shown._settle.isActive()
    office.until(lambda: not shown._settle.isActive(), "the screens read")
    shown._ageing.timeout.emit()
    assert not shown._settle.isActive()
