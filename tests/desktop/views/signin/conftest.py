"""Every test here makes widgets: the look is on, nothing may be left behind."""

from __future__ import annotations

from tests.helpers.qt import dressed_app, no_widget_left, theme  # noqa: F401 - fixtures
