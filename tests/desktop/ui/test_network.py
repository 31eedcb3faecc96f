"""The operating system's word that the network has changed."""

from __future__ import annotations

import subprocess
import sys

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QNetworkInformation
from pytestqt.qtbot import QtBot

from medreg_desktop.ui.network import NetworkWatch, system_network

Reachability, TransportMedium = QNetworkInformation.Reachability, QNetworkInformation.TransportMedium


class FakeSystem(QObject):
    """Says what it is told to say, as Qt's object does."""

    reachabilityChanged = Signal(Reachability)
    transportMediumChanged = Signal(TransportMedium)


def heard_by(watch: NetworkWatch) -> list[None]:
    heard: list[None] = []
    watch.changed.connect(lambda: heard.append(None))
    return heard


def test_another_reach_and_another_medium_are_changes(qtbot: QtBot) -> None:
    system = FakeSystem()
    heard = heard_by(watch := NetworkWatch(system))
    system.reachabilityChanged.emit(Reachability.Disconnected)
    system.reachabilityChanged.emit(Reachability.Online)
    assert len(heard) == 2
    system.transportMediumChanged.emit(TransportMedium.WiFi)
    assert len(heard) == 3
    watch.deleteLater()


def test_without_a_way_to_ask_nothing_is_heard(qtbot: QtBot) -> None:
    assert heard_by(NetworkWatch(None)) == []


def test_the_real_system_is_heard_where_qt_knows_a_way_to_ask_it(qtbot: QtBot) -> None:
    system = system_network()
    heard = heard_by(watch := NetworkWatch(system))
    if system is not None:
        system.reachabilityChanged.emit(system.reachability())
    assert bool(heard) is (system is not None)
    assert system_network() is system, "a second program of this process shares it"
    watch.deleteLater()


def test_the_first_window_does_not_wait_for_it() -> None:
    code = "import sys, medreg_desktop.app.start; sys.exit('PySide6.QtNetwork' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
