"""docs/configuration.md names every setting of the service with its default, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from medreg_server.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_every_setting_stands_on_the_page_with_its_default() -> None:
    part = PAGE.read_text(encoding="utf-8").split("## The desktop program")[0]
    written = dict(re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`|empty) \|", part, flags=re.MULTILINE))
    settings = Settings()
    assert written == {name: str(getattr(settings, name) or "") for name in Settings.__struct_fields__}
