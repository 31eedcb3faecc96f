"""The two kinds of trouble that are not bugs (``style.md`` §3.14). Both carry a code; the sentence is in ``texts``."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as made  # the record has a member called field


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the user can mend, shown beside its field."""

    code: str
    field: str = ""
    params: dict[str, str] = made(default_factory=dict)


class KnownFault(Exception):
    """Something in the environment: offline, disk full, locked, refused. Shown as one bar with a next step."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code)
        self.code = code
        self.params = params
