"""Run as a program: forks an office that works until SIGKILL, again and again, and checks what is left.

``python -m tests.desktop.cache.killed FOLDER CYCLES SEED`` prints a line of JSON with what was found.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from medreg_core.contract.v1.messages import FormLease
from medreg_desktop.services.cache import audit, commands, drafts, leases, papers, sync_state
from medreg_desktop.services.cache.connection import Connection, connect
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.cache.feed import Feed
from medreg_desktop.services.cache.journal import Journal
from medreg_desktop.services.cache.papers import IssuedForm
from medreg_desktop.services.cache.rescue import rescue
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.search.names import fold_name, tails
from tests.desktop.cache.office import EPOCH, KEY, NOW, WANG, StillClock, agree, application, judge, page, upsert


def main(folder: str, cycles: str, seed: str) -> None:
    """Kill ``cycles`` times, then damage the file beyond repair and rescue it."""
    path, dice = Path(folder) / "cache.db", random.Random(int(seed))
    tails(fold_name("王"))  # loads the readings once, here, and not anew in every office that is forked
    acknowledged: set[str] = set()
    violations: list[str] = []
    for cycle in range(int(cycles)):
        acknowledged |= _one_life(path, cycle, dice)
        violations += _check(path, acknowledged)
    path.write_bytes(os.urandom(100_000))
    rescue(path, KEY, StillClock())
    violations += [f"after rescue: {text}" for text in _check(path, acknowledged)]
    sys.stdout.write(json.dumps({"acknowledged": len(acknowledged), "violations": violations}))


def _one_life(path: Path, cycle: int, dice: random.Random) -> set[str]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(path, cycle, writing)
    os.close(writing)
    said = b""
    # It dies some moments after a chosen number of decisions, or now and then while it is still opening the file.
    wanted = dice.randint(1, 4) if cycle == 0 or dice.random() < 0.8 else 0
    while said.count(b"\n") < wanted:
        said += os.read(reading, 65536)
    select.select([], [], [], dice.random() * 0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(reading, 65536):
        said += more
    os.close(reading)
    return {line for line in said.decode().splitlines() if line.endswith(".")}


def _work(path: Path, cycle: int, writing: int) -> None:
    store = CacheStore.open(path, KEY, StillClock())
    if not cycle:
        store.write(lambda conn: sync_state.write(conn, epoch=EPOCH, seq="0"))
        store.write(lambda conn: leases.add(conn, FormLease("990100", 2026, 1, 999_999)))
    feed = Feed(store, judge)
    os.write(writing, b"open\n")
    for number in _numbers(cycle):
        command_id = f"{cycle:06d}-{number:06d}."
        store.write(lambda conn, n=number, c=command_id: _decide(conn, n, c))
        os.write(writing, f"{command_id}\n".encode())
        seq = store.read(sync_state.read).seq
        feed.apply_page(page(seq, [upsert(seq + 1, application(number, version=cycle + 1))]))


def _numbers(cycle: int) -> Iterator[int]:
    yield from range(cycle * 10_000 + 1, cycle * 10_000 + 10_000)


def _decide(conn: Connection, number: int, command_id: str) -> None:
    entity = application(number)
    number_of_form = leases.take(conn, 2026, NOW)
    command = agree(entity, command_id, number_of_form)
    papers.issue(conn, IssuedForm(number_of_form, entity.id, command.id, WANG, "d", 1, NOW))
    commands.save(conn, command, WANG, NOW, basis=entity)
    drafts.save(conn, entity.id, WANG, Draft(content_version=1, opinion=command_id), NOW)


def _check(path: Path, acknowledged: set[str]) -> list[str]:
    conn = connect(path, KEY)
    found = [row[0] for row in conn.execute("SELECT id FROM outbox")]
    forms = [row[0] for row in conn.execute("SELECT command_id FROM form")]
    told = [
        row[0] for row in conn.execute("SELECT json_extract(detail, '$.command') FROM audit WHERE action = 'agree'")
    ]
    drafted = {row[0] for row in conn.execute("SELECT json_extract(body, '$.opinion') FROM draft")}
    seq, rows = conn.execute(
        "SELECT (SELECT value FROM sync_value WHERE name = 'seq'), (SELECT count(*) FROM application)"
    ).fetchall()[0]
    broken = audit.first_broken(conn)
    conn.close()
    in_journal = {str(e.row["id"]) for f in Journal(path.with_suffix(".journal"), KEY).frames() for e in f.entries
                  if e.table == "outbox" and e.row}  # fmt: skip
    checks = {
        "lost": acknowledged <= set(found),
        "not in the journal": acknowledged <= in_journal,
        "journal ahead": in_journal <= set(found),
        "doubled": len(found) == len(set(found)),
        "parts of a decision": set(found) == set(forms) == set(told) == drafted,
        "audit broken": broken is None,
        "rows without position": seq is None or int(seq) == rows,
    }
    return [name for name, holds in checks.items() if not holds]


if __name__ == "__main__":
    main(*sys.argv[1:])
