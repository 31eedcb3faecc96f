"""Runs the comparison, prints the table, writes ``benchmarks/results/forms.json``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pypdfium2

from benchmarks.forms import sample
from benchmarks.forms.peers import ENGINES
from medreg_desktop.services.printing.scan import scan_page

RESULTS = sample.ROOT / "benchmarks" / "results" / "forms.json"
PACKAGES = {"medreg (ReportLab)": "reportlab", "typst": "typst", "WeasyPrint": "weasyprint", "fpdf2": "fpdf2"}
# How many forms an engine draws in each mode: enough for some seconds of work, a slow one draws fewer.
COUNTS = {
    "medreg (ReportLab)": (1000, 200),
    "typst": (300, 60),
    "WeasyPrint": (20, 6),
    "fpdf2": (60, 4),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One engine's figures; None where it could not run, ``note`` says why."""

    engine: str
    version: str
    batch_per_s: float | None
    batch_per_cpu_s: float | None  # what a quiet machine would show: processor time only
    batch_forms: int
    batch_mb_per_1000: float | None
    batch_peak_mb: float | None
    single_per_s: float | None
    single_kb: float | None
    single_peak_mb: float | None
    cold_first_s: float | None
    cold_first_cpu_s: float | None
    codes_read_back: bool
    note: str = ""


def run(engine: str, mode: str, count: int, folder: Path) -> dict[str, float]:
    """Run a worker; ``wall`` is the whole process, from its start to its end."""
    command = [sys.executable, "-m", "benchmarks.forms.worker", engine, mode, str(count), str(folder)]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=sample.ROOT, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {**answer, "wall": wall}


def measure(engine: str, folder: Path, share: float, repeats: int) -> Row:
    """Measure one engine in its three modes; the cold start is the median of some fresh processes."""
    batch_count, single_count = (max(2, round(n * share)) for n in COUNTS[engine])
    try:
        starts = [run(engine, "cold", 1, folder) for _ in range(repeats)]
        batch = run(engine, "batch", batch_count, folder)
        single = run(engine, "single", single_count, folder)
    except RuntimeError as error:
        return Row(engine, _version(engine), None, None, 0, *[None] * 7, codes_read_back=False, note=str(error))
    return Row(
        engine,
        _version(engine),
        round(batch["forms"] / batch["seconds"], 1),
        round(batch["forms"] / batch["cpu"], 1),
        batch_count,
        round(batch["bytes"] / batch["forms"] / 1000, 2),
        round(batch["peak_mb"]),
        round(single["forms"] / single["seconds"], 1),
        round(single["bytes"] / single["forms"] / 1000, 1),
        round(single["peak_mb"]),
        round(statistics.median(start["wall"] for start in starts), 3),
        round(statistics.median(start["whole_cpu"] for start in starts), 3),
        _codes_read_back(folder / f"{engine.split(maxsplit=1)[0]}-batch.pdf", batch_count),
    )


def _version(engine: str) -> str:
    return version(PACKAGES[engine])


def _codes_read_back(path: Path, forms: int) -> bool:
    """Whether the last form's first page gives back its own number: a document that cannot be read proves no speed."""
    document = pypdfium2.PdfDocument(path)
    try:
        page = document[2 * (forms - 1)].render(scale=200 / 72, grayscale=True).to_pil()
        complete = len(document) == 2 * forms
    finally:
        document.close()
    expected = json.loads((path.parent / "forms.json").read_text("utf-8"))[forms - 1]["texts"]
    codes = scan_page(page)
    return complete and (codes.form_number, codes.qr) == (expected["form_number"], expected["code"])


def whole_job(count: int) -> float:
    """Return forms per second of the whole path: records, words, signature, digest, drawing."""
    of = sample.tables()
    library = sample.library(of)
    found = sample.applications(count, of)
    from medreg_desktop.services.printing.fonts import open_fonts
    from medreg_desktop.services.printing.form_document import FormEngine

    engine = FormEngine(open_fonts(sample.FONTS))
    engine.render([library.content(sample.job(0, found[0]))], dated=sample.TODAY)
    start = time.perf_counter()
    engine.render([library.content(sample.job(n, one)) for n, one in enumerate(found)], dated=sample.TODAY)
    return count / (time.perf_counter() - start)


def table(rows: list[Row]) -> str:
    """Return the figures as a table, each with its ratio to ours."""
    ours = rows[0]
    names = (
        ("batch/s", 10),
        ("×ours", 8),
        ("MB/1000", 9),
        ("RSS MB", 8),
        ("single/s", 10),
        ("KB/form", 9),
        ("cold s", 8),
        ("cpu s", 7),
    )
    head = f"{'engine':22}" + "".join(f"{name:>{width}}" for name, width in names) + "  codes"
    lines = [head, "-" * len(head)]
    for row in rows:
        if row.batch_per_s is None or ours.batch_per_s is None:
            lines.append(f"{row.engine:22}not run: {row.note}")
            continue
        cells = (
            (row.batch_per_s, 9),
            (row.batch_per_cpu_s, 11),
            (round(row.batch_per_s / ours.batch_per_s, 3), 8),
            (row.batch_mb_per_1000, 9),
            (row.batch_peak_mb, 8),
            (row.single_per_s, 10),
            (row.single_kb, 9),
            (row.cold_first_s, 8),
            (row.cold_first_cpu_s, 7),
        )
        figures = "".join(f"{value:>{width}}" for value, width in cells)
        lines.append(f"{row.engine:22}{figures}  {'read back' if row.codes_read_back else 'NOT READ'}")
    return "\n".join(lines)


def main() -> int:
    """Run all engines; the exit status says only whether our document could be read back, never how fast it was."""
    parser = argparse.ArgumentParser(prog="benchmarks.forms", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the forms, one cold start")
    parser.add_argument("--keep", type=Path, help="keep the PDFs in this folder")
    quick = (options := parser.parse_args()).quick
    share, repeats = (0.1, 1) if quick else (1.0, 5)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        sample.write(max(batch for batch, _ in COUNTS.values()), folder)
        rows = [measure(engine, folder, share, repeats) for engine in ENGINES]
    whole = whole_job(50 if quick else 500)
    print(table(rows))
    print(f"\nmedreg from records to paper, signature included: {whole:.0f} forms/s")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(_result(rows, whole, quick=quick), indent=1, ensure_ascii=False) + "\n", "utf-8")
    return int(not rows[0].codes_read_back)


def _result(rows: list[Row], whole: float, *, quick: bool) -> dict[str, Any]:
    ours = rows[0]
    ratios = {
        row.engine: {
            "batch": round(row.batch_per_s / ours.batch_per_s, 4),
            "single": round(row.single_per_s / ours.single_per_s, 4)
            if row.single_per_s and ours.single_per_s
            else None,
            "cold": round(row.cold_first_s / ours.cold_first_s, 2) if row.cold_first_s and ours.cold_first_s else None,
        }
        for row in rows
        if row.batch_per_s and ours.batch_per_s
    }
    return {
        "what": "the two-page review form of the demo province's applicants, QR and Code 128 included",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end",
        "python": platform.python_version(),
        "quick": quick,
        "targets": {"batch_per_s": 200, "cold_first_s": 0.5},
        "whole_job_per_s": round(whole, 1),
        "rows": [asdict(row) for row in rows],
        "ratio_to_ours": ratios,
    }


if __name__ == "__main__":
    raise SystemExit(main())
