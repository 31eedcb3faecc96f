"""An office as in the service's own tests: in contact, three sound applications."""

from __future__ import annotations

import pytest

from tests.desktop.review.conftest import office  # noqa: F401 - fixture
from tests.desktop.review.office import Office
from tests.desktop.views.review.bench import Bench
from tests.helpers.qt import dressed_app, no_widget_left, theme  # noqa: F401 - fixtures


@pytest.fixture
def bench(office: Office) -> Bench:  # noqa: F811 - the fixture of this name
    return Bench(office)
