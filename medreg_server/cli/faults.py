"""What an operator is told when a command cannot be carried out."""

from __future__ import annotations

from typing import Final

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.proofs import ProofUnreadable
from medreg_core.domain.tables import TableBroken
from medreg_server.cli.courier import COURIER
from medreg_server.cli.exam import spoken_refusal
from medreg_server.cli.receipts import KeysUnreadable, spoken_proof
from medreg_server.db.backup import BackupFault
from medreg_server.db.migrate import SchemaMismatch
from medreg_server.db.transaction import DatabaseBusy
from medreg_server.db.trouble import told_by_database
from medreg_server.services.demo.seed import DemoRefused
from medreg_server.services.exam.refusal import WorkbookRefused
from medreg_server.services.faults import ServiceFault
from medreg_server.services.registry import RegistryFault
from medreg_server.settings import SettingsFault

_REGISTRY: Final = {
    "institution_exists": "an institution with this code is registered already",
    "institution_unknown": "no institution has this code",
    "code_malformed": "this can be no registration number 机构登记号: it has 22 signs, the ninth a check character,"
    " or in the older forms 12 or 18",
    "name_malformed": "a name has 1 to 200 characters that can be seen",
    "login_malformed": "a login name has 1 to 100 characters that can be seen",
    "login_taken": "this login name is taken; choose another",
    "login_unknown": "no account has this login name",
    "password_length": "the password must have 8 to 128 characters",
    "serials_damaged": "form-serials.json in the data directory is damaged: put back the copy of its own backup",
    "region_malformed": "a region has six digits",
    "id_malformed": "this can be no account's id; it has 1 to 64 letters, digits, - and _",
    "id_taken": "an account has this id already; an account that is there keeps its own",
    "place_missing": "name where the account belongs: --institution of an office, --region of a commission",
}
_BACKUP: Final = {
    "file_exists": "the file exists already; a backup never overwrites",
    "nothing_there": "there is no register here",
    "database_not_empty": "the database exists already; restore only fills an empty place",
    "log_left": "a register stood here, and a new one would take or destroy what SQLite left of it. Stop the service,"
    " move these to where the register's file went, under its new name (NAME-wal), for they may hold its last"
    " decisions, and try again",
    "service_runs": "a service runs on this database; stop the service, empty the database and restore again",
    "damaged": "this is no whole backup of a register; nothing of it was restored",
    "newer": "the backup was made by a newer program; update this one first",
    "unfinished": "a restore into this database was broken off, and it must not be served; empty it (dropdb, createdb)"
    " and restore again",
    "program_missing": "this program of PostgreSQL is not installed",
    "program_failed": "PostgreSQL refused",
}
_DEMO: Final = {
    "demo_exists": "this database holds a demo province already; use an empty one",
    "not_empty": "this register holds institutions; the demo province is only for an empty one",
    "too_few_physicians": "the demo province needs at least {fewest} physicians",
    "login_taken": "a login name of the demo is taken; use an empty database",
}


_SERVICE: Final = {**COURIER, FaultCode.NOT_FOUND: "the register has nothing under this id"}


def spoken(error: Exception) -> str | None:
    """Return the sentence for a fault the operator can mend, or None for a bug of ours."""
    match error:
        case SettingsFault() | OSError() | TableBroken():
            sentence = _its_own(error)
        case SchemaMismatch():
            sentence = (
                f"the database is at schema {error.found or 'none'}, this program needs {error.needed}: run migrate"
            )
        case RegistryFault():
            sentence = _REGISTRY[error.code]
        case BackupFault():
            sentence = f"{_BACKUP[error.code]}: {error.detail}"
        case DemoRefused():
            sentence = _DEMO[error.code].format(**error.params)
        case WorkbookRefused():
            sentence = spoken_refusal(error)
        case ServiceFault(code=code) if code in _SERVICE:
            sentence = _SERVICE[code]
        case ProofUnreadable() | KeysUnreadable():
            sentence = spoken_proof(error)
        case DatabaseBusy():
            sentence = "the database does not answer, or is busy; nothing was changed"
        case _:
            return told_by_database(error)
    return sentence


def _its_own(error: Exception) -> str:
    """Return what the error says itself; of a file the name first, without the number of the system's error."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)
