"""Brings an exam centre's list into the register: all of it or nothing, and nothing twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from medreg_core.domain.records import PhysicianId
from medreg_server.db.audit import Event
from medreg_server.db.exam_results import HeldResult, Owner
from medreg_server.db.transaction import ReadTransaction, WriteTransaction
from medreg_server.services.environment import Environment
from medreg_server.services.exam.rows import ExamResult, Field, RowFault, parse_rows
from medreg_server.services.exam.workbook import read_rows

_CHUNK: Final = 500  # codes per query, below every engine's limit of parameters


@dataclass(frozen=True, slots=True)
class Entry:
    """A result with whose it is, if a physician of that name and ID number has signed up."""

    result: ExamResult
    physician_id: PhysicianId | None


@dataclass(slots=True)
class _Plan:
    """What importing would do; filled row by row."""

    new: list[Entry] = field(default_factory=list)
    completed: list[Entry] = field(default_factory=list)
    unchanged: int = 0
    faults: list[RowFault] = field(default_factory=list)
    notices: list[RowFault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a list holds and what was, or would be, done with it."""

    rows: int
    matched: int  # new, and a physician of that name and ID number is there
    waiting: int  # new, for somebody who has not signed up
    completed: int  # were here, and the list told more of them
    unchanged: int
    faults: tuple[RowFault, ...]  # rows that are not imported
    notices: tuple[RowFault, ...]  # rows that are imported, but somebody should look
    written: bool


class ExamImport:
    """The operator's import of exam results."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def run(self, path: Path, *, dry_run: bool = False, skip_faulty: bool = False) -> ImportReport:
        """Import the list in one transaction; with ``dry_run`` only say what would happen.

        Faulty rows keep the whole list out, so that nothing is half done, unless ``skip_faulty`` leaves just them
        out. Raises WorkbookRefused when the file as such is not read.
        """
        parsed = list(parse_rows(read_rows(path), self._environment.tables, self._environment.today()))
        results = [row for row in parsed if isinstance(row, ExamResult)]
        faults = [fault for row in parsed if not isinstance(row, ExamResult) for fault in row]
        with self._environment.database.read() as transaction:
            plan = _planned(transaction, results, faults)
        written = not dry_run and _is_to_do(plan, skip_faulty)
        if written:
            with self._environment.database.write() as writing:
                plan = _planned(writing, results, faults)  # another import may have come in between
                written = _is_to_do(plan, skip_faulty)
                if written:
                    _carry_out(writing, plan)
        return _report(len(parsed), plan, written=written)


def _is_to_do(plan: _Plan, skip_faulty: bool) -> bool:
    return bool(plan.new or plan.completed) and (skip_faulty or not plan.faults)


def _planned(transaction: ReadTransaction, results: Sequence[ExamResult], faults: Sequence[RowFault]) -> _Plan:
    plan = _Plan(faults=list(faults))
    seen: dict[str, ExamResult] = {}
    for chunk in _chunks(_once_each(results, seen, plan)):
        held = transaction.exam_results.held([result.qualification.code for result in chunk])
        owners = transaction.exam_results.owners([result.qualification.id_number for result in chunk])
        for result in chunk:
            qualification = result.qualification
            _place(plan, result, held.get(qualification.code), owners.get(qualification.id_number))
    plan.faults.sort(key=lambda fault: fault.line)
    return plan


def _once_each(results: Iterable[ExamResult], seen: dict[str, ExamResult], plan: _Plan) -> Iterator[ExamResult]:
    """Yield each code once; a repetition that says the same is unchanged, another one is a fault."""
    for result in results:
        first = seen.setdefault(result.qualification.code, result)
        if first is result:
            yield result
        elif (first.qualification, first.admission_number) == (result.qualification, result.admission_number):
            plan.unchanged += 1
        else:
            plan.faults.append(RowFault(result.line, Field.CODE, "repeated_differently"))


def _place(plan: _Plan, result: ExamResult, held: HeldResult | None, owner: Owner | None) -> None:
    """Sort one result into the plan."""
    name = result.qualification.name
    physician_id = owner.physician_id if owner is not None and owner.name == name else None
    if owner is not None and physician_id is None:
        plan.notices.append(RowFault(result.line, Field.NAME, "physician_named_otherwise"))
    entry = Entry(result, physician_id)
    if held is None:
        plan.new.append(entry)
    elif (held.name, held.id_number) != (name, result.qualification.id_number):
        # Corrections of what the exam centre once said go the way of 资格补改 (domain.md §4.2), never by a list.
        plan.faults.append(RowFault(result.line, Field.NAME, "differs_from_register"))
    elif held.admission_number not in ("", result.admission_number):
        plan.faults.append(RowFault(result.line, Field.ADMISSION_NUMBER, "differs_from_register"))
    elif not held.admission_number or (held.physician_id is None and physician_id is not None):
        plan.completed.append(Entry(result, held.physician_id or physician_id))
    else:
        plan.unchanged += 1


def _carry_out(transaction: WriteTransaction, plan: _Plan) -> None:
    transaction.physicians.add_qualifications(
        ((entry.physician_id, entry.result.qualification) for entry in plan.new),
        {entry.result.qualification.code: entry.result.admission_number for entry in plan.new},
    )
    for entry in plan.completed:
        code = entry.result.qualification.code
        transaction.exam_results.complete(code, entry.physician_id, entry.result.admission_number)
    counts = {"new": str(len(plan.new)), "completed": str(len(plan.completed)), "unchanged": str(plan.unchanged)}
    transaction.record(Event("exam.import", detail=counts))


def _report(rows: int, plan: _Plan, *, written: bool) -> ImportReport:
    matched = sum(entry.physician_id is not None for entry in plan.new)
    return ImportReport(
        rows=rows,
        matched=matched,
        waiting=len(plan.new) - matched,
        completed=len(plan.completed),
        unchanged=plan.unchanged,
        faults=tuple(plan.faults),
        notices=tuple(plan.notices),
        written=written,
    )


def _chunks(results: Iterator[ExamResult]) -> Iterator[list[ExamResult]]:
    while chunk := list(islice(results, _CHUNK)):
        yield chunk
