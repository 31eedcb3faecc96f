"""``dev.py sim --power N``: cuts the power; with ``--mutants``, of programs that deserve it."""

from __future__ import annotations

from pathlib import Path

from simulator.campaign import commit
from simulator.kills.campaign import warm
from simulator.kills.spread import Log, Watch, end_in_order, isolated, spread, tell
from simulator.paths import new_folder
from simulator.power import campaign, mutants
from simulator.power.campaign import CUTS, LIVES, PowerReport
from simulator.power.mutants import Mutant
from simulator.template import template

_MUTANT_SEEDS = 60


def main(cuts: int, seed: int, workers: int, log_file: str) -> int:
    """Cut the power at least so often; 0 when every invariant held."""
    end_in_order()
    template()
    warm()
    watch, log, done, failed, lives, operations = Watch(), Log(log_file), 0, 0, 0, 0
    following = seed
    log.write({"commit": commit(), "first_seed": seed})
    with new_folder() as root:
        while done < cuts:
            seeds = range(following, following + max(workers, -(-(cuts - done) // (LIVES * CUTS))))
            for report in spread(lambda number: _alone(Path(root), number), seeds, workers, PowerReport):
                log.write(report)
                done, operations, lives = done + report.cuts, operations + report.operations, lives + LIVES
                failed += bool(report.wrong)
                _say_what_is_wrong(report)
            following = seeds.stop
    log.write({"cuts": done, "failed": failed, "operations": operations, "seconds": round(watch.seconds, 1)})
    log.close()
    tell(
        f"{done} power cuts in {lives} lives of {operations} recorded operations, {failed} seeds failed;"
        f" {done / watch.seconds:.1f} cuts/s"
    )
    return 1 if failed else 0


def main_of_mutants(seed: int, log_file: str) -> int:
    """Print for each mutant the power cut that finds it; 0 when none survives."""
    end_in_order()
    template()
    warm()
    log, survivors = Log(log_file), 0
    with new_folder() as root:
        for mutant in mutants.ALL:
            killer = _killer(mutant, Path(root), range(seed, seed + _MUTANT_SEEDS))
            survivors += killer is None
            tell(f"{mutant.name:50} {'SURVIVED' if killer is None else f'seed {killer.seed}: {killer.wrong[0][:110]}'}")
            log.write({"mutant": mutant.name, "found_by": killer})
    log.close()
    tell(f"{len(mutants.ALL) - survivors} of {len(mutants.ALL)} mutants found within {_MUTANT_SEEDS} seeds each")
    return 1 if survivors else 0


def _killer(mutant: Mutant, root: Path, seeds: range) -> PowerReport | None:
    """Return the first seed whose power cuts find the bug."""
    with mutant.alive():
        return next((report for seed in seeds if (report := _alone(root, seed)).wrong), None)


def _alone(root: Path, seed: int) -> PowerReport:
    """Run a seed in a process of its own: the shims below SQLite stay as long as theirs."""
    return isolated(lambda: campaign.run(root / f"town-{seed}", seed), PowerReport)


def _say_what_is_wrong(report: PowerReport) -> None:
    if report.wrong:
        tell(f"seed {report.seed}:")
        for line in report.wrong:
            tell(f"  {line}")
        tell(f"  again: python3 dev.py sim --power 1 --seed {report.seed} --jobs 1")
