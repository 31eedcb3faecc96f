"""Guards and tools for tests that make windows. Import the fixtures in a folder's conftest:

``from tests.helpers.qt import dressed_app, no_widget_left  # noqa: F401``
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QTimer
from PySide6.QtGui import QImage, QRegion
from PySide6.QtWidgets import QApplication, QWidget

from medreg_desktop.ui import language
from medreg_desktop.ui.theme import Mode, Theme
from medreg_desktop.ui.tokens import DEFAULT_PT, Density


@pytest.fixture(scope="session")
def dressed_app(qapp: QApplication) -> Theme:
    """The application in Chinese and the light look; the theme, for tests that change it (and change it back)."""
    language.use(qapp)
    gc.collect()
    gc.freeze()  # what the imports brought is no business of the guards below, and would cost 0.1 s a test
    return Theme(qapp, Mode.LIGHT)


@pytest.fixture
def theme(dressed_app: Theme) -> Iterator[Theme]:
    """The theme for a test that changes it; put back afterwards."""
    yield dressed_app
    dressed_app.set_mode(Mode.LIGHT)
    dressed_app.set_density(Density.COMPACT)
    dressed_app.set_font_pt(DEFAULT_PT)


@pytest.fixture(autouse=True)
def no_widget_left(qapp: QApplication, dressed_app: Theme) -> Iterator[None]:
    """Fail a test that leaves a window or a running timer behind."""
    windows = set(map(id, QApplication.topLevelWidgets()))
    timers = set(map(id, _running_timers()))
    yield
    settle()
    left = [w for w in QApplication.topLevelWidgets() if id(w) not in windows and not w.parent()]
    ticking = [t for t in _running_timers() if id(t) not in timers]
    names = [f"{type(w).__name__} {w.accessibleName()}" for w in left]
    for widget in left:
        widget.close()
        widget.deleteLater()
    settle()
    assert not names, f"windows left behind: {names}"
    assert not ticking, f"timers left running: {[repr(t.parent()) for t in ticking]}"


def _running_timers() -> list[QTimer]:
    gc.collect()
    found = []
    for thing in gc.get_objects():
        if isinstance(thing, QTimer):
            try:
                if thing.isActive():
                    found.append(thing)
            except RuntimeError:  # its C++ half is gone already
                continue
    return found


def settle() -> None:
    """Deliver what is queued, deferred deletions included."""
    for _ in range(3):
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def picture(widget: QWidget, scale: float = 1.0) -> QImage:
    """Return the widget as it looks at a device pixel ratio."""
    size = widget.size() * scale
    image = QImage(size, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    widget.render(image, QPoint(), QRegion(), QWidget.RenderFlag.DrawWindowBackground | QWidget.RenderFlag.DrawChildren)
    return image


def grab(widget: QWidget, path: Path, scale: float = 1.0) -> QImage:
    """Save the widget as a PNG at a device pixel ratio and return it."""
    settle()
    image = picture(widget, scale)
    path.parent.mkdir(parents=True, exist_ok=True)
    assert image.save(str(path)), f"cannot write {path}"
    return image


def close(widget: QWidget) -> None:
    """Close a window and let it go for good."""
    widget.close()
    widget.deleteLater()
    settle()
