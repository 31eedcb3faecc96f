"""A real encrypted copy, and an office over one."""

from tests.desktop.cache.conftest import clock, path, store  # noqa: F401 - fixtures
from tests.desktop.review.conftest import office  # noqa: F401 - fixture
