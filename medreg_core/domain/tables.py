"""The open lists and the settable numbers, read from ``medreg_core/tables/*.toml``.

An authority replaces a file without touching code; each file names its source and how far it may be trusted. Reading is
injected: the programs read the packaged files, tests hand in their own text.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

from medreg_core.domain.calendar import WorkCalendar, WorkYear
from medreg_core.domain.regions import Regions, parse_regions
from medreg_core.domain.vocabulary import Category, ChangePart, Kind

FILES: Final = (
    "regions.toml",
    "nations.toml",
    "educations.toml",
    "degrees.toml",
    "titles.toml",
    "id_kinds.toml",
    "exam_categories.toml",
    "scopes.toml",
    "departments.toml",
    "materials.toml",
    "phrases.toml",
    "rules.toml",
    "calendar.toml",
)
"""Every file that :func:`load_tables` reads."""


class TableBroken(Exception):
    """A table file cannot be used: which file, and why in the words of the reader's error."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a table comes from and how far it may be trusted (``domain.md`` §0)."""

    source: str
    trust: str


@dataclass(frozen=True, slots=True)
class CodeTable:
    """Codes and their official names."""

    names: Mapping[str, str]
    short_names: Mapping[str, str]

    def __contains__(self, code: str) -> bool:
        return code in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def name(self, code: str) -> str:
        """Return the official name, or the code itself when the table does not know it."""
        return self.names.get(code, code)

    def short_name(self, code: str) -> str:
        """Return the name for narrow columns and form cells."""
        return self.short_names.get(code) or self.name(code)


@dataclass(frozen=True, slots=True)
class ScopeTable:
    """执业范围: each belongs to one category."""

    table: CodeTable
    categories: Mapping[str, Category]

    def __contains__(self, code: str) -> bool:
        return code in self.table

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def name(self, code: str) -> str:
        """Return ``内科专业``."""
        return self.table.name(code)

    def short_name(self, code: str) -> str:
        """Return ``内科``, as lists print it."""
        return self.table.short_name(code)

    def category(self, code: str) -> Category | None:
        """Return the category a scope belongs to, or None when it is not known."""
        return self.categories.get(code)

    def of_category(self, category: Category) -> tuple[str, ...]:
        """Return the scopes of a category in the order of the regulation."""
        return tuple(code for code, owner in self.categories.items() if owner is category)


@dataclass(frozen=True, slots=True)
class RequiredMaterial:
    """One line of a materials checklist."""

    code: str
    needs_original: bool
    copies: int
    optional: bool = False
    after_agreement: bool = False  # printed only once the institution has agreed


@dataclass(frozen=True, slots=True)
class MaterialRule:
    """When a material is asked for."""

    required: RequiredMaterial
    kinds: frozenset[Kind]
    parts: frozenset[ChangePart]  # empty = any
    when: str  # "" always, "retraining"


@dataclass(frozen=True, slots=True)
class RegionMaterials:
    """What a province asks for otherwise."""

    drop: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    rules: tuple[MaterialRule, ...] = ()


@dataclass(frozen=True, slots=True)
class MaterialTable:
    """材料: names, the national list, and the provinces' own."""

    table: CodeTable
    rules: tuple[MaterialRule, ...]
    regions: Mapping[str, RegionMaterials]

    def name(self, code: str) -> str:
        """Return what the checklist prints."""
        return self.table.name(code)


@dataclass(frozen=True, slots=True)
class Phrases:
    """常用语 for the institution's opinion; only those for failed checks have braces, for the check's parameters."""

    agree: Mapping[str, tuple[str, ...]]  # kind, kind_part or "any"
    returning: tuple[str, ...]
    refusing: tuple[str, ...]
    failed: Mapping[str, str]  # check or blocker code → phrase for 退回修改

    def for_agreeing(self, kind: Kind, part: ChangePart | None = None) -> tuple[str, ...]:
        """Return the phrases for agreeing to an application of ``kind`` (a change of ``part``), fitting ones first."""
        own = f"{kind.value}_{part.value}" if part else kind.value
        return self.agree.get(own, ()) + self.agree.get("any", ())


@dataclass(frozen=True, slots=True)
class ReviewNumbers:
    """Settable numbers of the review rules; meaning and source of each stand in ``rules.toml``."""

    statutory_days: int
    promised_days: int
    institution_days: int
    supplement_days: int
    training_months: int
    stopped_years: int
    assessment_cycle_years: int
    report_days: int
    max_scopes: int
    max_scopes_county: int
    start_days_ahead: int
    filing_years: int
    year_end_notice_month: int
    originals_before_agreement: bool


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables, loaded once and shared by every part of a program."""

    regions: Regions
    nations: CodeTable
    educations: CodeTable
    degrees: CodeTable
    titles: CodeTable
    id_kinds: CodeTable
    resident_id_kinds: frozenset[str]  # kinds whose number follows GB 11643
    exam_categories: CodeTable
    exam_category_owners: Mapping[str, Category]
    scopes: ScopeTable
    departments: Mapping[str, str]  # usual name → scope
    materials: MaterialTable
    phrases: Phrases
    rules: ReviewNumbers
    calendar: WorkCalendar
    origins: Mapping[str, Origin]  # file → where it comes from


def load_tables(read: Callable[[str], str]) -> Tables:
    """Return the tables whose files ``read(name)`` gives as text. Raises TableBroken naming the file at fault."""
    documents = {file: _document(file, read) for file in FILES}
    parts: dict[str, Any] = {}
    for file, build in _BUILDERS.items():
        try:
            parts |= build(documents[file])
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise TableBroken(file, f"{type(error).__name__}: {error}") from error
    origins = {file: Origin(document["source"], document["trust"]) for file, document in documents.items()}
    return Tables(origins=origins, **parts)


def _document(file: str, read: Callable[[str], str]) -> dict[str, Any]:
    try:
        document = tomllib.loads(read(file))
    except tomllib.TOMLDecodeError as error:
        raise TableBroken(file, str(error)) from error
    if not document.get("source") or not document.get("trust"):
        raise TableBroken(file, "source or trust is missing")
    return document


def _code_table(document: dict[str, Any]) -> CodeTable:
    return CodeTable(dict(document["names"]), dict(document.get("short_names", {})))


def _named(field: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: {field: _code_table(document)}


def _regions(document: dict[str, Any]) -> dict[str, Any]:
    return {"regions": parse_regions(document["rows"], document.get("fictitious", ""))}


def _id_kinds(document: dict[str, Any]) -> dict[str, Any]:
    return {"id_kinds": _code_table(document), "resident_id_kinds": frozenset(document["resident_number"]["kinds"])}


def _exam_categories(document: dict[str, Any]) -> dict[str, Any]:
    owners = {code: Category(owner) for code, owner in document["categories"].items()}
    return {"exam_categories": _code_table(document), "exam_category_owners": owners}


def _scopes(document: dict[str, Any]) -> dict[str, Any]:
    names: dict[str, str] = {}
    owners: dict[str, Category] = {}
    for category in Category:
        names |= document[category.value]
        owners |= dict.fromkeys(document[category.value], category)
    short = {code: name.removesuffix("专业") for code, name in names.items()}
    return {"scopes": ScopeTable(CodeTable(names, short), owners)}


def _departments(document: dict[str, Any]) -> dict[str, Any]:
    return {"departments": dict(document["scopes"])}


def _material_rule(line: dict[str, Any]) -> MaterialRule:
    required = RequiredMaterial(
        line["code"],
        line["original"],
        line["copies"],
        line.get("optional", False),
        line.get("after_agreement", False),
    )
    kinds = frozenset(map(Kind, line["kinds"]))
    return MaterialRule(required, kinds, frozenset(map(ChangePart, line.get("parts", ()))), line.get("when", ""))


def _materials(document: dict[str, Any]) -> dict[str, Any]:
    regions = {
        province: RegionMaterials(
            frozenset(own.get("drop", ())),
            frozenset(own.get("optional", ())),
            tuple(map(_material_rule, own.get("required", ()))),
        )
        for province, own in document.get("regions", {}).items()
    }
    rules = tuple(map(_material_rule, document["required"]))
    return {"materials": MaterialTable(_code_table(document), rules, regions)}


def _phrases(document: dict[str, Any]) -> dict[str, Any]:
    agree = {kind: tuple(phrases) for kind, phrases in document["agree"].items()}
    returning, refusing = tuple(document["return"]["any"]), tuple(document["refuse"]["any"])
    return {"phrases": Phrases(agree, returning, refusing, dict(document["failed"]))}


def _rules(document: dict[str, Any]) -> dict[str, Any]:
    return {"rules": ReviewNumbers(**{field.name: document[field.name] for field in fields(ReviewNumbers)})}


def _calendar(document: dict[str, Any]) -> dict[str, Any]:
    years = {
        int(year): WorkYear(_days(year, own["days_off"]), _days(year, own["days_worked"]))
        for year, own in document["years"].items()
    }
    return {"calendar": WorkCalendar(years)}


def _days(year: str, days: list[str]) -> frozenset[date]:
    return frozenset(date.fromisoformat(f"{year}-{day}") for day in days)


_BUILDERS: Final[Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "regions.toml": _regions,
    "nations.toml": _named("nations"),
    "educations.toml": _named("educations"),
    "degrees.toml": _named("degrees"),
    "titles.toml": _named("titles"),
    "id_kinds.toml": _id_kinds,
    "exam_categories.toml": _exam_categories,
    "scopes.toml": _scopes,
    "departments.toml": _departments,
    "materials.toml": _materials,
    "phrases.toml": _phrases,
    "rules.toml": _rules,
    "calendar.toml": _calendar,
}
