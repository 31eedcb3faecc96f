"""One row of the work list: what the index stores of an application, and what the list shows of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, NamedTuple

from medreg_core.domain.records import Application, ApplicationId
from medreg_core.domain.vocabulary import Category, ChangePart, Kind, Level, State
from medreg_desktop.services.search.conditions import RowSync, fold_code
from medreg_desktop.services.search.names import fold_name, sort_key, tails

KINDS, PARTS, STATES = tuple(Kind), tuple(ChangePart), tuple(State)
CATEGORIES, LEVELS, SYNCS = tuple(Category), tuple(Level), tuple(RowSync)

UNPUBLISHED = 65534
"""Deadline day of a row whose work calendar is not published: after every known one."""

NO_DEADLINE = 65535
"""Deadline day of a row without one: last."""

PROBLEMS = 100
"""``checks`` holds failed * PROBLEMS + unknown, each at most 99: one number that orders and filters."""

_CHINA = timezone(timedelta(hours=8))
_EPOCH = date(1970, 1, 1)

PERSON_COLUMNS = (
    "id", "name", "folded", "tails", "name_sort", "id_number", "id_tail",
    "qualification_code", "practice_code", "phone",
)  # fmt: skip
"""Columns that change only with the applicant's own data; with them the tokens and the code indexes are rewritten."""

STATUS_COLUMNS = (
    "kind", "part", "state", "sync", "category", "level", "scopes", "education", "department", "department_sort",
    "handler", "handler_sort", "submitted", "deadline", "checks", "passed", "have", "need", "missing",
    "form_number", "form_key", "claim_account", "claim_name", "claim_until", "version",
)  # fmt: skip
"""Columns that reviewing and syncing change."""


@dataclass(frozen=True, slots=True)
class RowDerived:
    """What a row shows that the application itself does not hold: overlay, checks, deadline, who works on it."""

    shown_state: State
    sync: RowSync = RowSync.SYNCED
    passed: int = 0
    failed: int = 0
    unknown: int = 0
    have: int = 0  # materials there
    need: int = 0  # materials required
    deadline: date | None = None
    deadline_unpublished: bool = False
    handler: str = ""  # display name of the registrar who decided or holds it
    form_number: str = ""  # given on this device; else the server's


@dataclass(frozen=True, slots=True)
class IndexRow:
    """An application as the index stores it: the values of PERSON_COLUMNS and of STATUS_COLUMNS."""

    person: tuple[str, ...]
    status: tuple[str | int, ...]


class WorklistRow(NamedTuple):
    """What the list shows of one application. ``n`` is the row's number in this copy, the last key of every order.

    A named tuple, because a frozen dataclass of thirty fields takes fifteen times longer to make: 0.25 ms a page.
    """

    n: int
    id: ApplicationId
    name: str
    id_number: str
    kind: Kind
    part: ChangePart | None
    state: State
    sync: RowSync
    category: Category
    level: Level
    scopes: tuple[str, ...]
    education: str
    department: str
    handler: str
    submitted_on: date
    deadline: date | None
    deadline_unpublished: bool
    passed: int
    failed: int
    unknown: int
    have: int
    need: int
    phone: str
    qualification_code: str
    practice_code: str
    form_number: str
    claim_account: str
    claim_name: str
    claim_until: datetime | None
    version: int


def day_number(day: date) -> int:
    """Return the days since 1970-01-01, 16 bits wide until 2149; a day before counts as the first."""
    return min(max((day - _EPOCH).days, 0), UNPUBLISHED - 1)


@lru_cache(maxsize=4096)
def _day(number: int) -> date:
    return _EPOCH + timedelta(number)


@lru_cache(maxsize=4096)
def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def index_row(application: Application, derived: RowDerived) -> IndexRow:
    """Return the row of the index for an application with its overlay; pure, most of its time is the pinyin."""
    return IndexRow(_person(application), _status(application, derived))


def _person(application: Application) -> tuple[str, ...]:
    person, id_number = application.person, fold_code(application.person.id_number)
    folded = fold_name(person.name)
    qualification = application.qualification.code if application.qualification else ""
    return (
        application.id,
        person.name,
        folded,
        tails(folded),
        sort_key(folded),
        id_number,
        id_number[-1:-7:-1],
        fold_code(qualification),
        fold_code(application.practice_code),
        fold_code(person.phone),
    )


def _status(application: Application, derived: RowDerived) -> tuple[str | int, ...]:
    request, claim = application.request, application.claim
    form_number = form_number_of(application, derived.form_number)
    return (
        KINDS.index(application.kind),
        -1 if application.change_part is None else PARTS.index(application.change_part),
        STATES.index(derived.shown_state),
        SYNCS.index(derived.sync),
        CATEGORIES.index(request.category),
        LEVELS.index(request.level),
        f" {' '.join(request.scopes)} " if request.scopes else "",
        application.person.education,
        request.department,
        sort_key(request.department),
        derived.handler,
        sort_key(derived.handler),
        day_number(application.submitted_at.astimezone(_CHINA).date()),
        _deadline(derived),
        min(derived.failed, PROBLEMS - 1) * PROBLEMS + min(derived.unknown, PROBLEMS - 1),
        derived.passed,
        derived.have,
        derived.need,
        max(derived.need - derived.have, 0),
        form_number,
        fold_code(form_number),
        claim.account_id if claim else "",
        claim.name if claim else "",
        int(claim.until.timestamp()) if claim else 0,
        application.version,
    )


def form_number_of(application: Application, given: str) -> str:
    """Return the form number to show: the one ``given`` here that the register does not carry yet, else its own."""
    return given or (application.form.number if application.form else "")


def _deadline(derived: RowDerived) -> int:
    if derived.deadline is not None:
        return day_number(derived.deadline)
    return UNPUBLISHED if derived.deadline_unpublished else NO_DEADLINE


ROW_COLUMNS = (
    "n", "id", "name", "id_number", "kind", "part", "state", "sync", "category", "level", "scopes", "education",
    "department", "handler", "submitted", "deadline", "checks", "passed", "have", "need", "phone",
    "qualification_code", "practice_code", "form_number", "claim_account", "claim_name", "claim_until", "version",
)  # fmt: skip
"""The columns a page reads, in the order of :func:`worklist_row`."""


def worklist_row(values: tuple[Any, ...]) -> WorklistRow:
    """Return the row the list shows from the values of ROW_COLUMNS."""
    (n, id_, name, id_number, kind, part, state, sync, category, level, scopes, education, department, handler,
     submitted, deadline, checks, passed, have, need, phone, qualification_code, practice_code, form_number,
     claim_account, claim_name, claim_until, version) = values  # fmt: skip
    failed, unknown = divmod(checks, PROBLEMS)
    return _new_row((
        n, id_, name, id_number, KINDS[kind], None if part < 0 else PARTS[part], STATES[state], SYNCS[sync],
        CATEGORIES[category], LEVELS[level], _codes(scopes), education, department, handler,
        _day(submitted), _day(deadline) if deadline < UNPUBLISHED else None,
        deadline == UNPUBLISHED, passed, failed, unknown, have, need, phone, qualification_code, practice_code,
        form_number, claim_account, claim_name,
        datetime.fromtimestamp(claim_until, UTC) if claim_until else None, version,
    ))  # fmt: skip


_new_row = WorklistRow._make
