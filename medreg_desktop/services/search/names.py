"""How a name is written, read aloud and typed: folding, pinyin with every reading, and the tokens they are found by.

A typed word finds a name when the folded name contains it, or when it is the beginning of one of the name's *tails*:
the pinyin, or the initials, of the name from any of its characters on (``xiaom`` and ``xm`` find 单小明, so do
``shanx``, ``sxm`` and ``dxm``). Pinyin is needed only when a row is written; a query's letters are compared as typed.
"""

from __future__ import annotations

import importlib
import os
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from itertools import islice, product

TAIL_LETTERS = 40
"""Longest tail kept; a longer typed word finds nothing by pinyin."""

SHORT_TAIL = 6
"""Beginnings of tails up to this length are tokens of their own: the longest syllables (shuang) have six letters."""

_NAME_CHARACTERS = 40  # characters of a name that get tails; a name of 300 characters must not write a megabyte
_READINGS_PER_CHARACTER = 3
_READINGS_PER_NAME = 8
_DOTS = dict.fromkeys(map(ord, "•‧∙⋅・･᛫⸱●゠"), "·")
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})  # controls, format characters, halves of a pair; not Co and Cn
_DIAERESIS = "\u0308"
_SYLLABLE = re.compile(r"[a-z0-9]+|.", re.DOTALL)


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Return ``text`` as it is compared: NFKC (full and half width), case folded, one middle dot, single spaces.

    Control and format characters and apostrophes (``xi'an``) are dropped: nobody sees or types them reliably. A
    character that Python does not know yet, or of private use, is part of a name like any other.
    """
    composed = unicodedata.normalize("NFKC", text.translate(_DOTS)).casefold().translate(_DOTS)
    kept = (" " if c.isspace() else c for c in composed if c.isspace() or not _is_dropped(c))
    return " ".join("".join(kept).split())


def _is_dropped(character: str) -> bool:
    return character in "'’‘" or (not character.isprintable() and unicodedata.category(character) in _UNSEEN)


def fold_name(name: str) -> str:
    """Return the folded name without spaces; one with a middle dot also without the dot, on a second line."""
    whole = fold(name).replace(" ", "")
    return f"{whole}\n{whole.replace('·', '')}" if "·" in whole else whole


def words(text: str) -> tuple[str, ...]:
    """Split what was typed into folded words; every one of them must match."""
    return tuple(dict.fromkeys(fold(text).split(" "))) if fold(text) else ()


@lru_cache(maxsize=65536)
def tails(folded: str) -> str:
    """Return all tails of a folded name, each after a space: a space and ``w`` occur in it if ``w`` begins one."""
    bare = folded.rsplit("\n", 1)[-1][:_NAME_CHARACTERS]
    found: dict[str, None] = {}
    for reading in _readings(bare):
        for start in range(len(reading)):
            found["".join(reading[start:])[:TAIL_LETTERS]] = None
            found["".join(syllable[0] for syllable in reading[start:])[:TAIL_LETTERS]] = None
    return "".join(f" {tail}" for tail in found)


@lru_cache(maxsize=65536)
def sort_key(folded: str) -> str:
    """Return the key by which Chinese readers expect texts in order: first reading, then the characters themselves."""
    bare = folded.rsplit("\n", 1)[-1]
    first = next(_readings(bare[:_NAME_CHARACTERS]), ())
    return f"{' '.join(first)}\t{bare}"


def tokens(folded: str, name_tails: str) -> str:
    """Return the full-text tokens of a name: its characters, their pairs, and the beginnings of its tails.

    ASCII only, so that no tokenizer table decides what a rare character is: ``n`` + 5 hex digits per character, ``t`` +
    the first 1 to 6 letters of a tail, ``q`` + a whole tail longer than that.
    """
    found: dict[str, None] = {}
    for line in folded.split("\n"):
        found.update(dict.fromkeys(_grams(line, 1)))
        found.update(dict.fromkeys(_grams(line, 2)))
    for tail in name_tails.split():
        for length in range(1, min(len(tail), SHORT_TAIL) + 1):
            found["t" + tail[:length]] = None
        if len(tail) > SHORT_TAIL:
            found["q" + tail] = None
    return " ".join(found)


def _grams(text: str, size: int) -> Iterator[str]:
    codes = [f"{ord(c):05x}" for c in text]
    return ("n" + "".join(codes[i : i + size]) for i in range(len(codes) - size + 1))


def gram_tokens(word: str, most: int = 16) -> tuple[str, ...]:
    """Return the tokens that every name containing ``word`` has: itself up to two characters, else its first pairs."""
    return tuple(dict.fromkeys(islice(_grams(word, min(len(word), 2)), most)))


def _readings(bare: str) -> Iterator[tuple[str, ...]]:
    """Yield the readings of a name, the most usual first, each as syllables; bounded.

    First the usual reading, then every other reading of a single character, then combinations: so that within the bound
    no reading of any character is missing in names of ordinary length.
    """
    choices = _choices(bare)
    usual = tuple(options[0] for options in choices)
    if not usual:
        return
    single = ((*usual[:i], other, *usual[i + 1 :]) for i, options in enumerate(choices) for other in options[1:])
    seen = dict.fromkeys(islice(_chain(usual, single, product(*choices)), 4 * _READINGS_PER_NAME))
    yield from islice(seen, _READINGS_PER_NAME)


def _chain(first: tuple[str, ...], *more: Iterator[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    yield first
    for each in more:
        yield from each


def _choices(bare: str) -> list[tuple[str, ...]]:
    """Return the possible syllables of each character; the surname's own readings come first."""
    for length in (2, 1):
        surname = surname_readings().get(bare[:length])
        if surname and len(bare) >= length:
            head = [
                tuple(dict.fromkeys((*(reading[i] for reading in surname), *_syllables(c))))
                for i, c in enumerate(bare[:length])
            ]
            return head + _everyday(bare[length:])
    return _everyday(bare)


def _everyday(text: str) -> list[tuple[str, ...]]:
    options = (_syllables(piece) for piece in _SYLLABLE.findall(text))
    return [each for each in options if each]


@cache
def surname_readings() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """Return the readings of surnames that everyday readings get wrong, syllables per character (``surnames.toml``)."""
    table = tomllib.loads(files(__package__).joinpath("surnames.toml").read_text("utf-8"))
    return {
        surname: tuple(tuple(reading.split()) for reading in readings)
        for surname, readings in table["readings"].items()
    }


@lru_cache(maxsize=65536)
def _syllables(piece: str) -> tuple[str, ...]:
    """Return the everyday syllables of one character, or a run of Latin letters as it stands; () for a symbol."""
    if piece.isascii():
        return (piece,) if piece.isalnum() else ()
    marked = _pinyin_table().get(ord(piece), "")
    plain = dict.fromkeys(spelling for each in marked.split(",") for spelling in _spellings(each) if spelling)
    return tuple(islice(plain, _READINGS_PER_CHARACTER))


def _spellings(marked: str) -> tuple[str, ...]:
    """Return a syllable without its tone mark; ü is typed v, u or (in passports) yu."""
    letters = (c for c in unicodedata.normalize("NFD", marked) if c == _DIAERESIS or "a" <= c <= "z")
    plain = unicodedata.normalize("NFC", "".join(letters))
    return (plain.replace("ü", "v"), plain.replace("ü", "u"), plain.replace("ü", "yu")) if "ü" in plain else (plain,)


@cache
def _pinyin_table() -> Mapping[int, str]:
    """Return pypinyin's readings by code point, loaded when first needed.

    Without its phrases, which nobody here asks: 180,000 lists, whose loading and whose every later look for garbage
    would hold the window for 100 ms.
    """
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    table: Mapping[int, str] = importlib.import_module("pypinyin.pinyin_dict").pinyin_dict
    return table
