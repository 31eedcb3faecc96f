from __future__ import annotations

from tests.server.conftest import (  # the fixtures that give each test both engines
    cluster,
    database_url,
    engine_name,
    migrated_file,
    migrated_template,
)

__all__ = ["cluster", "database_url", "engine_name", "migrated_file", "migrated_template"]
