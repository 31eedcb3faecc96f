"""``dev.py sim --kills N``: kills processes, lists the labelled places, names every finding with the seed to repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from simulator.campaign import commit
from simulator.ground import GROUNDS, Ground
from simulator.kills import campaign
from simulator.kills.campaign import LIVES, WorldReport
from simulator.kills.fate import Cell
from simulator.kills.spread import Log, Watch, end_in_order, spread, tell
from simulator.paths import new_folder
from simulator.template import template


def main(kills: int, seed: int, workers: int, log_file: str, databases: Sequence[str]) -> int:
    """Kill at least so many processes on each database; 0 when every invariant held."""
    end_in_order()
    template()
    campaign.warm()
    log, failed = Log(log_file), 0
    for name in databases:
        with new_folder() as root, GROUNDS[name](Path(root)) as ground:
            failed += _on(ground, Path(root), kills, seed, workers, log)
    log.close()
    return 1 if failed else 0


def _on(ground: Ground, root: Path, kills: int, seed: int, workers: int, log: Log) -> int:
    watch, cells = Watch(), campaign.places(root, ground)
    log.write({"commit": commit(), "database": ground.name, "first_seed": seed})
    reports: list[WorldReport] = []
    done, following = 0, seed
    while done < kills:
        seeds = range(following, following + max(workers, (kills - done) // LIVES))
        for report in spread(lambda number: campaign.run(root, ground, number, cells), seeds, workers, WorldReport):
            reports.append(report)
            log.write(report)
            _say_what_is_wrong(report)
        following, done = seeds.stop, sum(report.kills for report in reports)
    failed = sum(bool(report.wrong) for report in reports)
    hit = Counter(cell for report in reports for cell in report.hit)
    _list(cells, hit)
    summary = {
        "database": ground.name,
        "kills": done,
        "worlds": len(reports),
        "failed": failed,
        "places": len(cells),
        "places_hit": len(hit),
        "seconds": round(watch.seconds, 1),
        "hits": dict(sorted(hit.items())),
    }
    log.write(summary)
    tell(
        f"{ground.name}: {done} kills in {len(reports)} worlds, {failed} failed; {len(hit)} of {len(cells)} labelled"
        f" places hit; {done / watch.seconds:.1f} kills/s"
    )
    return failed


def _say_what_is_wrong(report: WorldReport) -> None:
    if report.wrong:
        tell(f"seed {report.seed}:")
        for line in report.wrong:
            tell(f"  {line}")
        tell(f"  again: python3 dev.py sim --kills 1 --seed {report.seed} --jobs 1 --database {report.database}")


def _list(cells: Sequence[Cell], hit: Counter[str]) -> None:
    """Print every labelled place with the number of kills there, one line for each kind of work."""
    works: dict[str, list[str]] = {}
    for cell in sorted(cells):
        works.setdefault(cell.work, []).append(f"{cell.point} {hit[str(cell)]}")
    for work, points in works.items():
        tell(f"{work}: {'; '.join(points)}")
