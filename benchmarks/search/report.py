"""The measured table beside the targets of ``design.md`` §10, from the results file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

OURS = "MedReg"
_MOST_P99 = {50_000: 16.0, 1_000_000: 50.0}
_MOST_MEDIAN = {1_000_000: 16.0}
_MOST_RATIO = {"PostgreSQL + pg_trgm": 0.3, "DuckDB": 0.01, "tantivy": 1.0}


def lines(sizes: Mapping[str, Any]) -> Iterator[str]:
    """Yield the report of every measured size, smallest first."""
    for size, result in sorted(sizes.items(), key=lambda item: int(item[0])):
        yield ""
        yield f"{int(size):,} rows, {result['date']}, {result['machine']}"
        if "load_before" in result:
            yield f"  load before the questions {result['load_before']}, after {result['load_after']}"
        yield from _table(result["page_ms"], result["exact_count_ms"])
        yield from _verdicts(int(size), result)


def _table(cells: Mapping[str, Mapping[str, Any]], counts: Mapping[str, Any]) -> Iterator[str]:
    engines = list(next(iter(cells.values())))
    yield f"{'first 100 rows, ms, median/p99':36}" + "".join(f"{name:>22}" for name in engines) + f"{'exact count':>22}"
    for name, cell in cells.items():
        each = [cell[engine] for engine in engines] + [counts[name]]
        yield f"{name:36}" + "".join(f"{one['median']:.2f}/{one['p99']:.2f}".rjust(22) for one in each)


def _verdicts(size: int, result: Mapping[str, Any]) -> Iterator[str]:
    ours = {name: cell[OURS] for name, cell in result["page_ms"].items()}
    slowest, latest = max(ours.values(), key=lambda c: c["median"]), max(ours.values(), key=lambda c: c["p99"])
    if size in _MOST_MEDIAN:
        yield _verdict("worst median", slowest["median"], _MOST_MEDIAN[size])
    if size in _MOST_P99:
        yield _verdict("worst p99", latest["p99"], _MOST_P99[size])
    if used := result.get("ours_processor_ms"):
        longest = max(used.values(), key=lambda c: c["p99"])
        yield f"  worst p99 of processor time: {longest['p99']} (what other programs took away left out)"
    for peer, most in _MOST_RATIO.items():
        if peer in result["ratios"]:
            yield _verdict(f"geometric mean by {peer}", result["ratios"][peer], most)
    by_scan = max(cell[OURS]["median"] / cell["LIKE scan"]["median"] for cell in result["page_ms"].values())
    yield _verdict("slowest class by one LIKE scan", round(by_scan, 3), 1.0)
    same = result["equality"]
    yield f"  equal to plain SQL: {same['equal']}/{same['combinations']} combinations ({same['with_rows']} with rows)"
    yield f"  ready in seconds: {result['seconds']}"


def _verdict(what: str, value: float, most: float) -> str:
    return f"  {what}: {value} (target at most {most}) {'met' if value <= most else 'MISSED'}"
