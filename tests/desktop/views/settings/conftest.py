"""The guards of every test that makes windows."""

from tests.helpers.qt import dressed_app, no_widget_left, theme  # noqa: F401 - fixtures
