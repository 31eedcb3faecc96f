"""The peer: PouchDB replicates the same rows over HTTP on loopback, from LevelDB into LevelDB, without encryption."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent / "pouch"
BATCHES = (100, 500)
"""Its default, and the size of our own pages; the faster of the two is compared."""


@dataclass(frozen=True, slots=True)
class Pouch:
    """Rows per second of PouchDB: the first replication, and one of a change of every row."""

    rows: int
    batch: int
    first_per_s: float
    delta_per_s: float


def measured(bodies: Iterable[str], folder: Path, batches: Sequence[int] = BATCHES) -> list[Pouch]:
    """Replicate ``bodies`` (JSON objects with an ``id``) once with each batch size."""
    _install()
    file = folder / "rows.ndjson"
    file.write_text("".join(f"{body}\n" for body in bodies), "utf-8")
    rows = sum(1 for _ in file.open(encoding="utf-8"))
    return [_measured(file, folder / f"batch-{batch}", rows, batch) for batch in batches]


def _measured(file: Path, folder: Path, rows: int, batch: int) -> Pouch:
    folder.mkdir()
    found = json.loads(_run("node", "replicate.mjs", str(file), str(folder), str(batch)).splitlines()[-1])
    shutil.rmtree(folder)
    return Pouch(rows, batch, rows / found["first"], rows / found["delta"])


def _install() -> None:
    """Install what the lock file names, unless that was done before."""
    if not (HERE / "node_modules" / "pouchdb").is_dir():
        _run("npm", "ci", "--no-progress")


def _run(*command: str) -> str:
    if shutil.which(command[0]) is None:
        raise SystemExit("The sync benchmark needs Node.js 20 or newer. On Debian: apt-get install nodejs npm")
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr[-800:]}")
    return done.stdout
