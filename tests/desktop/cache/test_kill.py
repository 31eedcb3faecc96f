"""SIGKILL at any moment: no acknowledged decision is lost, none is doubled, none is half there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CYCLES = 100


def test_a_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.desktop.cache.killed", str(tmp_path), str(CYCLES), "20261123"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["violations"] == []
    assert found["acknowledged"] > CYCLES
