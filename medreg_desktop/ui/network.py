"""Tells when the operating system sees another network. Loaded after the first paint: QtNetwork costs some 30 ms."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QNetworkInformation


class NetworkWatch(QObject):
    """Emits ``changed`` at every change of reach or medium. Lives on the UI thread.

    A hint that a try is worth while, whichever way it changed, and never a reason not to try: the system does not know
    the way to our service.
    """

    changed = Signal()

    def __init__(self, system: QNetworkInformation | None, parent: QObject | None = None) -> None:
        """Without a ``system`` nothing is ever heard."""
        super().__init__(parent)
        if system is not None:
            system.reachabilityChanged.connect(self.changed)
            system.transportMediumChanged.connect(self.changed)


def system_network() -> QNetworkInformation | None:
    """Return what Qt learns of the system's network, None where it knows no way to ask. On the UI thread."""
    if not QNetworkInformation.loadBackendByFeatures(QNetworkInformation.Feature.Reachability):
        return None
    return QNetworkInformation.instance()
