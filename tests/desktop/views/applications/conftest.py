"""An office as in the service's own tests: in contact, three sound applications."""

from __future__ import annotations

from tests.desktop.review.conftest import office  # noqa: F401 - fixture
from tests.helpers.qt import dressed_app, no_widget_left, theme  # noqa: F401 - fixtures
