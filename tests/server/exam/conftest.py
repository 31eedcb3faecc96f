from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time
from pathlib import Path

import pytest
import xlsxwriter

from medreg_core.domain.deadlines import CHINA
from medreg_server.services.rule_tables import installed_tables
from medreg_server.services.service import Service
from tests.helpers.server import open_register
from tests.server.demo.conftest import TODAY

HEAD = ("姓名", "身份证号", "准考证号", "级别", "类别", "资格证书编码", "年度", "考区/考点")
NOW = datetime.combine(TODAY, time(9), CHINA)
TABLES = installed_tables()

Rows = Sequence[Sequence[str | float]]


def write_rows(path: Path, rows: Rows) -> Path:
    """Write a workbook cell by cell: numbers as numbers, everything else as text."""
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        for line, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(line, column, cell)
                else:
                    sheet.write_number(line, column, cell)
    return path


@pytest.fixture
def exam_register(database_url: str, tmp_path: Path) -> Iterator[Service]:
    with open_register(database_url, tmp_path, lambda: NOW) as service:
        yield service
