"""Waiting that a busy machine does not fail, and memory given back."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from pytestqt.wait_signal import SignalBlocker

_PATIENCE_MS = 30_000


class PatientBot(QtBot):
    """pytest-qt's bot; what has not come in half a minute is not coming, five seconds are no proof."""

    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = _PATIENCE_MS) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: object, *, timeout: int = _PATIENCE_MS, **options: object) -> SignalBlocker:
        return super().waitSignal(signal, timeout=timeout, **options)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """Pytest-qt's bot with patience."""
    return PatientBot(request)


@pytest.fixture(scope="module", autouse=True)
def thawed() -> Iterator[None]:
    """Let go, after each file, of what the guard against leaks (:mod:`tests.helpers.qt`) froze and nobody uses."""
    yield
    gc.unfreeze()
