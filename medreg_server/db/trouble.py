"""What the database itself says when an operator's command cannot use it."""

from __future__ import annotations

from alembic.util import CommandError
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError


def told_by_database(error: Exception) -> str | None:
    """Return what is wrong with the address, the database, its disk or the revision; None for a bug of ours."""
    match error:
        case CommandError():
            return str(error)
        case ArgumentError():  # without what was given: it may hold a password
            return "database: expected sqlite:///FILE or postgresql://USER@HOST/NAME"
        case DatabaseError() if type(error) in {DatabaseError, OperationalError}:
            # Gone, full, read only, damaged, no database at all. Its other kinds are bugs of ours.
            return f"the database cannot be used: {str(error.orig).strip()}"
        case _:
            return None
