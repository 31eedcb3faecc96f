"""One engine in a process of its own: ``python -m benchmarks.forms.worker ENGINE MODE COUNT FOLDER``; answers in JSON.

Modes: ``cold`` (one form, the clock started by the caller), ``batch`` (one document), ``single`` (one PDF per form).
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from benchmarks.forms.peers import ENGINES


def main(name: str, mode: str, count: int, folder: Path) -> None:
    """Draw and report seconds (of the clock and of the processor), bytes and the peak of memory."""
    forms = json.loads((folder / ("first.json" if mode == "cold" else "forms.json")).read_text("utf-8"))[:count]
    engine = ENGINES[name](json.loads((folder / "pages.json").read_text("utf-8")))
    if mode != "cold":
        engine.batch(forms[:1])  # fonts read, caches warm
    start, busy = time.perf_counter(), time.process_time()
    made = [engine.batch(forms)] if mode != "single" else [engine.batch([form]) for form in forms]
    took, cpu = time.perf_counter() - start, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    stem = f"{name.split(maxsplit=1)[0]}-{mode}.pdf"
    (folder / stem).write_bytes(made[0])
    whole_cpu = time.process_time()
    size = sum(map(len, made))
    answer = {"seconds": took, "cpu": cpu, "whole_cpu": whole_cpu, "bytes": size, "peak_mb": peak, "forms": len(forms)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
