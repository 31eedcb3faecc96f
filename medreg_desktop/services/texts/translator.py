"""Looks up what is shown. Source texts are English; ``resources/translations/<language>/*.json`` hold the rest.

The catalogue is process-wide, set once at start before the first window: words are the one thing every module shows,
and handing a translator through each constructor would say nothing that the reader does not know.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import reduce

_catalogue: dict[str, str] = {}


def install(catalogues: Iterable[str]) -> None:
    """Make the given JSON texts (source → translation) the current catalogue; an empty iterable means English."""
    _catalogue.clear()
    for text in catalogues:
        _catalogue.update(json.loads(text))


def tr(source: str, **params: object) -> str:
    """Return ``source`` in the current language with ``{params}`` filled in."""
    text = _catalogue.get(source, source)
    return text.format_map(params) if params else text


def trn(singular: str, plural: str, n: int, **params: object) -> str:
    """Like :func:`tr` for a counted thing; catalogues are keyed by the plural source."""
    text = _catalogue.get(plural) or (singular if n == 1 else plural)
    return text.format_map({"n": n, **params})


def together(*sentences: str) -> str:
    """Return whole sentences one after the other, with the space between them that the language wants."""
    said = [sentence for sentence in sentences if sentence]
    return reduce(lambda before, more: tr("{said} {more}", said=before, more=more), said) if said else ""


def mark(source: str) -> str:
    """Mark a constant for the catalogue; look it up later with :func:`tr`."""
    return source
