"""Decision records: a number is given once, and docs/ARCHITECTURE.md lists every one under its own title."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.architecture.sources import ROOT, modules

DOCS = ROOT / "docs"
RECORDS = sorted((DOCS / "adr").glob("*.md"))


def number_of(record: Path) -> str:
    return record.name.partition("-")[0]


def test_each_number_is_given_once() -> None:
    assert [number for number, times in Counter(map(number_of, RECORDS)).items() if times > 1] == []


def test_each_title_carries_the_number_of_its_file() -> None:
    first_words = {record.name: record.read_text(encoding="utf-8").split(maxsplit=2)[:2] for record in RECORDS}
    assert [name for name, words in first_words.items() if words != ["#", name.partition("-")[0]]] == []


def test_the_architecture_page_lists_every_record_under_its_title() -> None:
    page = (DOCS / "ARCHITECTURE.md").read_text(encoding="utf-8")
    titles = {record: record.read_text(encoding="utf-8").splitlines()[0].split(maxsplit=2)[2] for record in RECORDS}
    lines = [f"- [{number_of(record)}](adr/{record.name}) {title}" for record, title in titles.items()]
    assert [line for line in lines if line not in page.splitlines()] == []


def test_whoever_names_a_record_names_one_there_is() -> None:
    known = set(map(number_of, RECORDS))
    texts = [*(ROOT / name for name in modules()), *DOCS.rglob("*.md")]
    named = {(path.name, n) for path in texts for n in re.findall(r"ADR (\d{3})", path.read_text(encoding="utf-8"))}
    assert named, "the pattern finds nothing"
    assert {(name, number) for name, number in named if number not in known} == set()
