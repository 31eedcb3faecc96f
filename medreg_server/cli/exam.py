"""What an operator reads after ``import-exam``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from medreg_server.services.exam.import_list import ImportReport
from medreg_server.services.exam.refusal import Refusal, WorkbookRefused
from medreg_server.services.exam.rows import COLUMNS, RowFault

SHOWN_FAULTS: Final = 200
"""More lines than this help nobody at a terminal."""

_ROW: Final = {
    "missing": "is empty",
    "too_long": "is too long",
    "control_character": "holds a character that cannot be printed",
    "stored_as_number": "is stored as a number, which has lost its last digits; format the column as text",
    "unknown": "is not one of the known values",
    "differs_from_code": "does not agree with the certificate number in the same row",
    "no_year": "is not a year of four digits",
    "repeated_differently": "stands in the list before, with other details",
    "differs_from_register": "differs from what the register holds; corrections go the way of 资格补改",
    "physician_named_otherwise": "differs from the name the physician signed up with; the result waits, unmatched",
    "id_length": "has a wrong length",
    "id_characters": "holds a wrong character",
    "id_date": "holds a day that does not exist",
    "id_future": "holds a day in the future",
    "id_check": "has a wrong check character",
    "qualification_length": "has a wrong length (24 or 27)",
    "qualification_characters": "holds a wrong character",
    "qualification_year": "names an impossible year",
    "qualification_id": "holds a wrong ID number",
    "qualification_id_differs": "holds another ID number than the row",
}
_FILE: Final = {
    Refusal.FILE_MISSING: "there is no such file",
    Refusal.FILE_TOO_LARGE: "the file has {size} bytes; at most {limit} are read",
    Refusal.NOT_A_WORKBOOK: "this is no .xlsx workbook; save the list as .xlsx",
    Refusal.ENCRYPTED_OR_OLD: "the workbook has a password or the old .xls form; save it as .xlsx without a password",
    Refusal.DAMAGED: "the workbook is damaged; ask for it again",
    Refusal.TOO_MANY_PARTS: "the workbook has {count} parts; at most {limit} are read",
    Refusal.UNPACKS_TOO_LARGE: "the workbook unpacks to {size} bytes; at most {limit} are read",
    Refusal.PACKED_TOO_TIGHTLY: "the workbook unpacks to more than {limit} times its size, as no list does",
    Refusal.MACROS: "the workbook holds macros; save it as .xlsx without them",
    Refusal.EXTERNAL_LINKS: "the workbook draws on other files or data sources; save it with values only",
    Refusal.EMBEDDED_OBJECTS: "the workbook holds embedded objects; save it with values only",
    Refusal.DECLARES_ENTITIES: "the workbook declares entities, as no spreadsheet program does",
    Refusal.TOOK_TOO_LONG: "reading the workbook took more than {seconds} seconds",
    Refusal.TOO_MUCH_FOR_READER: "the workbook is more than the reader can hold",
    Refusal.TOO_MANY_ROWS: "the list has more than {limit} rows; split it",
    Refusal.TOO_MANY_COLUMNS: "the first sheet has more than {limit} columns",
    Refusal.COLUMNS_MISSING: "the head row lacks {columns}",
    Refusal.NO_ROWS: "the list has no rows below its head",
}


def spoken_refusal(refused: WorkbookRefused) -> str:
    """Return why the file is not read."""
    return _FILE[refused.code].format(**refused.params) + "; nothing was changed"


def report_lines(report: ImportReport) -> Iterator[str]:
    """Yield the report: each row that somebody must look at, then one sentence."""
    for row in (*report.faults, *report.notices)[:SHOWN_FAULTS]:
        yield _row_line(row)
    hidden = len(report.faults) + len(report.notices) - SHOWN_FAULTS
    if hidden > 0:
        yield f"and {hidden} more"
    yield _summary(report)


def _row_line(row: RowFault) -> str:
    return f"line {row.line}: {COLUMNS[row.field][0]} {_ROW.get(row.code, row.code)}"


def _summary(report: ImportReport) -> str:
    counts = (
        f"{report.matched} matched to a physician, {report.waiting} wait for theirs to sign up, "
        f"{report.completed} completed, {report.unchanged} here already"
    )
    faulty = len({fault.line for fault in report.faults})
    if report.written:
        left_out = f", {faulty} faulty left out" if faulty else ""
        return f"imported {report.rows} rows: {counts}{left_out}"
    if faulty:
        return f"nothing was changed: {faulty} of {report.rows} rows are faulty; correct them, or use --skip-faulty"
    return f"nothing was changed; of {report.rows} rows: {counts}"
