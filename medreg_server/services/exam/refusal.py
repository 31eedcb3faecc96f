"""Why a whole workbook is refused; single rows have faults of their own (:mod:`medreg_server.services.exam.rows`)."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """What is wrong with a file as such."""

    FILE_MISSING = "file_missing"
    FILE_TOO_LARGE = "file_too_large"  # params: size, limit
    NOT_A_WORKBOOK = "not_a_workbook"
    ENCRYPTED_OR_OLD = "encrypted_or_old"
    DAMAGED = "damaged"
    TOO_MANY_PARTS = "too_many_parts"  # params: count, limit
    UNPACKS_TOO_LARGE = "unpacks_too_large"  # params: size, limit
    PACKED_TOO_TIGHTLY = "packed_too_tightly"  # params: limit
    MACROS = "macros"
    EXTERNAL_LINKS = "external_links"
    EMBEDDED_OBJECTS = "embedded_objects"
    DECLARES_ENTITIES = "declares_entities"
    TOOK_TOO_LONG = "took_too_long"  # params: seconds
    TOO_MUCH_FOR_READER = "too_much_for_reader"
    TOO_MANY_ROWS = "too_many_rows"  # params: limit
    TOO_MANY_COLUMNS = "too_many_columns"  # params: limit
    COLUMNS_MISSING = "columns_missing"  # params: columns
    NO_ROWS = "no_rows"


class WorkbookRefused(Exception):
    """The file is not read at all; nothing was changed."""

    def __init__(self, code: Refusal, **params: str) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params
