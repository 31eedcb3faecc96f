"""Leaving over real files: killed at every step it goes on; nothing is destroyed before it is safe; nothing is left."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_killed_at_every_step_of_leaving_nothing_is_lost_and_nothing_is_left(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.desktop.auth.killed_leaving", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["violations"] == []
    assert found["steps"] > 40
