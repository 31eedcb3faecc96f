"""Waiting that a busy machine does not fail; memory and the language are given back."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from pytestqt.wait_signal import SignalBlocker

from medreg_desktop.services.texts import translator

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


@pytest.fixture(scope="session", autouse=True)
def empty_clipboard() -> Iterator[None]:
    """Empty the clipboard at the end: offscreen it outlives Python, and what Python made for it must not."""
    yield
    if QGuiApplication.instance() is not None:
        QGuiApplication.clipboard().clear()


@pytest.fixture(autouse=True)
def same_language() -> Iterator[None]:
    """Put back the words on the screen, which are the process's, after a test in another language."""
    before = dict(translator._catalogue)
    yield
    translator.install([json.dumps(before)])
