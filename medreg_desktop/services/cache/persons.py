"""Asks the copy whether it knows a number or a name, so that nothing of its persons leaves it unseen."""

from __future__ import annotations

import json
from collections.abc import Iterable

from medreg_desktop.services.cache.connection import Connection

_NUMBERS = ("id_number", "phone", "qualification_code", "practice_code")


def numbers_among(conn: Connection, candidates: Iterable[str]) -> set[str]:
    """Return those of the candidates that are somebody's ID number, telephone or certificate number."""
    wanted = json.dumps(sorted(set(candidates)))
    found: set[str] = set()
    for column in _NUMBERS:
        statement = f"SELECT {column} FROM worklist WHERE {column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants
        found |= {str(row[0]) for row in conn.execute(statement, (wanted,))}
    return found


def latin_names(conn: Connection) -> set[str]:
    """Return the names in the copy that are written in Latin letters: of applicants, handlers and who claimed."""
    found: set[str] = set()
    for column in ("name", "handler", "claim_name"):
        statement = f"SELECT DISTINCT {column} FROM worklist WHERE {column} GLOB '*[A-Za-z]*'"  # noqa: S608 - constants
        found |= {str(row[0]) for row in conn.execute(statement)}
    return found


def account_names(conn: Connection) -> set[str]:
    """Return logins and names of everybody who has signed in on this computer."""
    stored = conn.execute("SELECT value FROM setting WHERE name LIKE 'account %'")
    accounts = [json.loads(row[0]) for row in stored]
    return {str(account[key]) for account in accounts for key in ("login", "name") if account.get(key)}
