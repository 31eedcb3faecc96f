"""A real encrypted copy."""

from tests.desktop.cache.conftest import clock, path, store  # noqa: F401 - fixtures
