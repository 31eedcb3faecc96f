"""Guards and tools for tests that make windows. Import the fixtures in a folder's conftest:

``from tests.helpers.qt import dressed_app, no_widget_left  # noqa: F401``
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt, QTimer
from PySide6.QtGui import QAccessible, QImage, QRegion
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QScrollBar, QWidget

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
    gc.collect()
    gc.freeze()  # what is alive now is not this test's; looking through all of it again and again took half the time
    yield
    settle()
    left = [w for w in QApplication.topLevelWidgets() if id(w) not in windows and not w.parent()]
    ticking = _running_timers()
    names = [f"{type(w).__name__} {w.accessibleName()}" for w in left]
    for widget in left:
        widget.close()
        widget.deleteLater()
    settle()
    assert not names, f"windows left behind: {names}"
    assert not ticking, f"timers left running: {[repr(t.parent()) for t in ticking]}"


def _running_timers() -> list[QTimer]:
    """Return the running timers among the objects made since the last freeze."""
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
    widget.ensurePolished()
    if (layout := widget.layout()) is not None:
        layout.activate()
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


def nameless(root: QWidget) -> list[str]:
    """Return the interactive widgets below ``root`` that a screen reader could not name."""
    found = []
    for widget in (root, *root.findChildren(QWidget)):
        interactive = isinstance(widget, QAbstractButton | QLineEdit) or widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if interactive and widget.isVisibleTo(root) and not isinstance(widget, QScrollBar):
            spoken = QAccessible.queryAccessibleInterface(widget)
            if spoken is None or not spoken.text(QAccessible.Text.Name).strip():
                found.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    return found


def clipped(root: QWidget) -> list[str]:
    """Return the labels and buttons below ``root`` whose words do not fit into them."""
    found = []
    for label in root.findChildren(QLabel):
        if label.isVisibleTo(root) and label.text():
            needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
            too_narrow = not label.wordWrap() and label.width() < label.fontMetrics().horizontalAdvance(label.text())
            if too_narrow or label.height() < needed:
                found.append(f"{label.text()} {label.width()}x{label.height()} needs {needed}")
    for button in root.findChildren(QAbstractButton):
        hint = button.sizeHint()
        if button.isVisibleTo(root) and (button.width() < hint.width() or button.height() < hint.height()):
            found.append(f"{button.accessibleName()} {button.size().toTuple()} needs {hint.toTuple()}")
    return found
