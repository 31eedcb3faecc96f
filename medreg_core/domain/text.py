"""One spelling for what people type: full and half width, letter case, blanks, name dots.

Stored text keeps what was written; these functions make the form that is compared and searched.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

_CODE_NOISE = dict.fromkeys(map(ord, " \t\r\n-_‐‑‒–—−·."), None)
_NAME_DOTS = dict.fromkeys(map(ord, "•‧∙・･．●﹒⸱ᐧ"), "·")
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"), None)


def normalise_code(text: str) -> str:
    """Return a code as it is compared: half width, upper case, without blanks and dashes.

    A full-width Ｘ, a lower-case x and the Roman numeral Ⅹ all become X (``domain.md`` §7.1).
    """
    if text.isascii() and text.isalnum():  # nearly every code that is stored: a list checks thousands of them
        return text.upper()
    return _settled(_code, text)


def normalise_name(text: str) -> str:
    """Return a person's name as it is searched: half width, one middle dot, single blanks, case folded.

    Not for the check of identity: there every character counts as it stands (see :mod:`medreg_core.domain.rules`).
    """
    return _settled(_name, text)


def normalise_text(text: str) -> str:
    """Return free text as it is searched: half width, case folded, single blanks."""
    return _settled(_plain, text)


def _code(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_INVISIBLE).translate(_CODE_NOISE).upper()


def _name(text: str) -> str:
    # The dots are mapped first: NFKC would turn the full-width stop of a minority name into a plain full stop.
    return _plain(text.translate(_NAME_DOTS))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).casefold().split())


def _settled(step: Callable[[str], str], text: str) -> str:
    """Apply ``step`` until nothing changes: folding case or dropping a blank may leave characters that compose anew."""
    while (again := step(text)) != text:
        text = again
    return text
