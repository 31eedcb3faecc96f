"""行政区划 (GB/T 2260) with history. A miss proves nothing: no table is complete (``domain.md`` §7.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """One name a code had, with the first and last year it was valid; None means open at that end."""

    code: str  # six digits
    name: str
    first_year: int | None = None
    last_year: int | None = None

    def valid_in(self, year: int) -> bool:
        """Return whether the code had this name in ``year``."""
        return (self.first_year or 0) <= year <= (self.last_year or year)


@dataclass(frozen=True, slots=True)
class Regions:
    """All regions by code, each with its names in order of time."""

    by_code: Mapping[str, tuple[Region, ...]]

    def __contains__(self, code: str) -> bool:
        """Return whether the code is or ever was in use; ``37`` stands for ``370000``."""
        return _six(code) in self.by_code

    def __iter__(self) -> Iterator[Region]:
        """Yield every region that is valid today, in the order of codes."""
        for names in self.by_code.values():
            if names[-1].last_year is None:
                yield names[-1]

    def find(self, code: str, year: int | None = None) -> Region | None:
        """Return the region as it was in ``year``, or its latest name; None when the code is not known."""
        names = self.by_code.get(_six(code), ())
        if year is not None:
            names = tuple(region for region in names if region.valid_in(year))
        return names[-1] if names else None

    def name(self, code: str, year: int | None = None) -> str:
        """Return the region's own name, or the code itself when it is not known: nothing vanishes from paper."""
        region = self.find(code, year)
        return region.name if region else code

    def full_name(self, code: str, year: int | None = None) -> str:
        """Return ``示例省示例市示例区`` for a code of any level, leaving out levels that are not known."""
        six = _six(code)
        if self.find(six, year) is None:
            return code
        codes = dict.fromkeys((f"{six[:2]}0000", f"{six[:4]}00", six))
        return "".join(region.name for part in codes if (region := self.find(part, year)))

    def provinces(self) -> tuple[Region, ...]:
        """Return the provinces of today."""
        return tuple(region for region in self if region.code.endswith("0000"))

    def within(self, code: str) -> tuple[Region, ...]:
        """Return what lies directly below a province or a city today."""
        six = _six(code)
        prefix, tail = (six[:2], 4) if six.endswith("0000") else (six[:4], 2)
        ending = "00" if tail == 4 else ""
        return tuple(
            region
            for region in self
            if region.code != six and region.code.startswith(prefix) and region.code.endswith(ending)
        )


def province_of(code: str) -> str:
    """Return the two digits of the province in any region code."""
    return code[:2]


def parse_regions(*blocks: str) -> Regions:
    """Return the regions of blocks of lines ``code,first year,last year,name`` (empty year = open)."""
    by_code: dict[str, tuple[Region, ...]] = {}
    for block in blocks:
        for line in block.split():
            code, first, last, name = line.split(",", 3)
            region = Region(code, name, int(first) if first else None, int(last) if last else None)
            by_code[code] = (*by_code.get(code, ()), region)
    # Rows stand in the order of their first year; the name without an end must be last, it is today's.
    return Regions({code: tuple(sorted(names, key=lambda r: r.last_year or 9999)) for code, names in by_code.items()})


def _six(code: str) -> str:
    return code.ljust(6, "0")
