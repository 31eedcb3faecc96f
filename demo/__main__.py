"""``python -m demo``: the demo province with windows on the screen, or the whole job headless with pictures."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from demo.journey import REGISTRAR, Journey
from demo.province import Province

PHYSICIANS = 5000


def headless(out: Path, physicians: int) -> int:
    """Do the journey; return 0 only if every step held."""
    for old in (out / "province", out / "office"):
        shutil.rmtree(old, ignore_errors=True)
    journey = Journey(out, physicians)
    try:
        journey.run()
    except Exception:  # noqa: BLE001 - the account is in journey.json; the exit status tells
        traceback.print_exc()
    print(f"{sum(step.ok for step in journey.journal.steps)} of {len(journey.journal.steps)} steps held: {out}")
    return 0 if journey.journal.ok else 1


def on_screen(folder: Path, physicians: int) -> int:
    """Start the embedded service and open the desktop program; the first sign-in's account and password are printed."""
    province = Province(folder / "province")
    people = province.seed(physicians)
    province.serve()
    print(f"account {REGISTRAR}, password {people.password}", flush=True)
    command = [
        *(sys.executable, "-m", "demo.window", "--server", province.url, "--account", REGISTRAR),
        *("--data", str(folder / "office")),
    ]
    try:
        return subprocess.run(command, input=people.password + "\n", text=True, check=False).returncode
    finally:
        province.stop()


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="dev.py demo")
    parser.add_argument("--headless", action="store_true", help="without windows on a screen")
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="where pictures, forms and journey.json go")
    parser.add_argument("--physicians", type=int, default=PHYSICIANS)
    parser.add_argument("--data", type=Path, default=None, help="keep the demo province here between runs")
    chosen = parser.parse_args()
    if chosen.headless:
        return headless(chosen.out.resolve(), chosen.physicians)
    folder = chosen.data or Path(tempfile.gettempdir()) / "medreg-demo"
    return on_screen(folder, chosen.physicians)


if __name__ == "__main__":
    sys.exit(main())
