"""Files that want to harm the importer: each gets its own refusal, in the child's memory and time, not in ours."""

from __future__ import annotations

import io
import os
import resource
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from medreg_server.services.exam import workbook
from medreg_server.services.exam.refusal import Refusal, WorkbookRefused
from medreg_server.services.exam.workbook import read_rows
from tests.server.exam.conftest import HEAD, write_rows

CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.'
    'sheet.main+xml"/></Types>'
)
RELS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{type}" '
    'Target="{target}"/></Relationships>'
)
WORKBOOK = (
    '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'
)
SHEET = (
    '{prolog}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData>{rows}</sheetData></worksheet>"
)


def cell(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def parts(rows: str = f'<row r="1">{cell("A1", "x")}</row>', prolog: str = '<?xml version="1.0"?>') -> dict[str, bytes]:
    return {
        "[Content_Types].xml": CONTENT_TYPES.encode(),
        "_rels/.rels": RELS.format(type="officeDocument", target="xl/workbook.xml").encode(),
        "xl/workbook.xml": WORKBOOK.encode(),
        "xl/_rels/workbook.xml.rels": RELS.format(type="worksheet", target="worksheets/sheet1.xml").encode(),
        "xl/worksheets/sheet1.xml": SHEET.format(prolog=prolog, rows=rows).encode(),
    }


def packed(path: Path, content: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, body in content.items():
            archive.writestr(name, body)
    return path


def with_part(name: str, body: bytes = b"x") -> Callable[[Path], Path]:
    return lambda path: packed(path, {**parts(), name: body})


def noise(count: int) -> bytes:
    return os.urandom(count)


def bomb(path: Path) -> Path:
    return packed(path, {**parts(), "xl/worksheets/sheet1.xml": b" " * (60 * 1024 * 1024)})


def many_small_bombs(path: Path) -> Path:
    padding = noise(700 * 1024)  # keeps the ratio below the limit
    return packed(path, {**parts(), "xl/pad.bin": padding, **{f"xl/media/{n}": bytes(20_000_000) for n in range(6)}})


def thousand_parts(path: Path) -> Path:
    return packed(path, {**parts(), **{f"xl/media/{n}.png": b"" for n in range(1_001)}})


def oversized(path: Path) -> Path:
    return packed(path, {**parts(), "xl/media/a": noise(10 * 1024 * 1024 + 1)}, zipfile.ZIP_STORED)


def billion_laughs(path: Path) -> Path:
    levels = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    prolog = f'<?xml version="1.0"?><!DOCTYPE worksheet [<!ENTITY l0 "ha">{levels}]>'
    return packed(path, parts(f'<row r="1">{cell("A1", "&l9;")}</row>', prolog))


def external_entity(path: Path) -> Path:
    prolog = '<?xml version="1.0"?><!DOCTYPE worksheet [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    return packed(path, parts(f'<row r="1">{cell("A1", "&x;")}</row>', prolog))


def entity_in_utf16(path: Path) -> Path:
    content = parts()
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY x "y">]><worksheet/>'
    content["xl/worksheets/sheet1.xml"] = text.encode("utf-16")
    return packed(path, content)


def macro_content_type(path: Path) -> Path:
    content = parts()
    types = CONTENT_TYPES.replace(
        "vnd.openxmlformats-officedocument.spreadsheetml.sheet.main", "vnd.ms-excel.sheet.macroEnabled.main"
    )
    content["[Content_Types].xml"] = types.encode()
    return packed(path, content)


def encrypted_entry(path: Path) -> Path:
    packed(path, parts())
    body = bytearray(path.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = body.find(signature)
        while start >= 0:
            flags = struct.unpack_from("<H", body, start + place)[0]
            struct.pack_into("<H", body, start + place, flags | 1)
            start = body.find(signature, start + 4)
    path.write_bytes(body)
    return path


def ole_file(path: Path) -> Path:
    path.write_bytes(bytes.fromhex("D0CF11E0A1B11AE1") + bytes(4_096))
    return path


def html(path: Path) -> Path:
    path.write_text("<html><table><tr><td>姓名</td></tr></table></html>", encoding="utf-8")
    return path


def empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def cut_short(path: Path) -> Path:
    packed(path, parts())
    path.write_bytes(path.read_bytes()[:-40])
    return path


def wrong_check_sum(path: Path) -> Path:
    packed(path, {**parts(), "xl/media/a": b"abcdefgh" * 100}, zipfile.ZIP_STORED)
    body = path.read_bytes()
    path.write_bytes(body.replace(b"abcdefgh", b"abcdefgX", 1))
    return path


def damaged_stream(path: Path) -> Path:
    packed(path, {**parts(), "xl/media/a": noise(1_000).hex().encode()})
    body = path.read_bytes()
    start = body.find(b"xl/media/a") + len("xl/media/a")
    path.write_bytes(
        body[: start + 100] + bytes(byte ^ 0xFF for byte in body[start + 100 : start + 300]) + body[start + 300 :]
    )
    return path


def plain_zip(path: Path) -> Path:
    return packed(path, {"a.txt": b"hello"})


def nested_zip(path: Path) -> Path:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("xl/workbook.xml", WORKBOOK)
    return packed(path, {"inner.xlsx": inner.getvalue()})


def broken_markup(path: Path) -> Path:
    return packed(path, parts("<row><c></row>"))


def huge_dimension(path: Path) -> Path:
    return packed(path, parts(f'<row r="1">{cell("A1", "x")}</row><row r="1048576">{cell("XFD1048576", "x")}</row>'))


def all_columns(path: Path) -> Path:
    return packed(path, parts(f'<row r="1">{cell("XFD1", "x")}</row>'))


def too_many_rows(path: Path) -> Path:
    return write_rows(path, [("x",)] * 20_002)


def deep_nesting(path: Path) -> Path:
    depth = 400_000
    body = noise(2_000_000).hex()  # keeps the ratio below the limit
    return packed(path, {**parts("<row>" * depth + "</row>" * depth), "xl/media/a": body.encode()})


FILES: dict[str, tuple[Callable[[Path], Path], set[Refusal]]] = {
    "zip bomb": (bomb, {Refusal.PACKED_TOO_TIGHTLY}),
    "many small bombs": (many_small_bombs, {Refusal.UNPACKS_TOO_LARGE}),
    "1,001 parts": (thousand_parts, {Refusal.TOO_MANY_PARTS}),
    "over 10 MiB": (oversized, {Refusal.FILE_TOO_LARGE}),
    "billion laughs": (billion_laughs, {Refusal.DECLARES_ENTITIES}),
    "external entity": (external_entity, {Refusal.DECLARES_ENTITIES}),
    "entity in utf-16": (entity_in_utf16, {Refusal.DECLARES_ENTITIES}),
    "macro project": (with_part("xl/vbaProject.bin"), {Refusal.MACROS}),
    "macro project, capitals": (with_part("XL/VBAPROJECT.BIN"), {Refusal.MACROS}),
    "macro sheet": (with_part("xl/macrosheets/sheet1.xml"), {Refusal.MACROS}),
    "macro content type": (macro_content_type, {Refusal.MACROS}),
    "external link": (with_part("xl/externalLinks/externalLink1.xml"), {Refusal.EXTERNAL_LINKS}),
    "data connection": (with_part("xl/connections.xml"), {Refusal.EXTERNAL_LINKS}),
    "query table": (with_part("xl/queryTables/queryTable1.xml"), {Refusal.EXTERNAL_LINKS}),
    "embedded object": (with_part("xl/embeddings/oleObject1.bin"), {Refusal.EMBEDDED_OBJECTS}),
    "active control": (with_part("xl/activeX/activeX1.xml"), {Refusal.EMBEDDED_OBJECTS}),
    "encrypted entry": (encrypted_entry, {Refusal.ENCRYPTED_OR_OLD}),
    "old or encrypted file": (ole_file, {Refusal.ENCRYPTED_OR_OLD}),
    "html named xlsx": (html, {Refusal.NOT_A_WORKBOOK}),
    "empty file": (empty, {Refusal.NOT_A_WORKBOOK}),
    "cut short": (cut_short, {Refusal.DAMAGED}),
    "wrong check sum": (wrong_check_sum, {Refusal.DAMAGED}),
    "damaged stream": (damaged_stream, {Refusal.DAMAGED}),
    "a plain zip": (plain_zip, {Refusal.NOT_A_WORKBOOK}),
    "zip in a zip": (nested_zip, {Refusal.NOT_A_WORKBOOK}),
    "broken markup": (broken_markup, {Refusal.DAMAGED}),
    "huge dimension": (huge_dimension, {Refusal.TOO_MUCH_FOR_READER, Refusal.TOO_MANY_COLUMNS}),
    "16,384 columns": (all_columns, {Refusal.TOO_MANY_COLUMNS}),
    "20,002 rows": (too_many_rows, {Refusal.TOO_MANY_ROWS}),
}


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_gets_its_refusal(name: str, tmp_path: Path) -> None:
    make, refusals = FILES[name]
    path = make(tmp_path / "list.xlsx")
    with pytest.raises(WorkbookRefused) as refused:
        read_rows(path)
    assert refused.value.code in refusals


def test_deep_nesting_costs_nothing_and_says_nothing(tmp_path: Path) -> None:
    assert read_rows(deep_nesting(tmp_path / "list.xlsx")) == []


def test_the_longest_list_is_read(tmp_path: Path) -> None:
    assert len(read_rows(write_rows(tmp_path / "list.xlsx", [("x",)] * 20_001))) == 20_001


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WorkbookRefused) as refused:
        read_rows(tmp_path / "nothing.xlsx")
    assert refused.value.code is Refusal.FILE_MISSING


def test_our_memory_does_not_grow_with_a_bomb(tmp_path: Path) -> None:
    path = huge_dimension(tmp_path / "list.xlsx")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(WorkbookRefused):
        read_rows(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024  # KiB


def test_a_reader_that_never_ends_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_rows(tmp_path / "list.xlsx", [HEAD])

    def never(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("reader", workbook.SECONDS)

    monkeypatch.setattr(subprocess, "run", never)
    with pytest.raises(WorkbookRefused) as refused:
        read_rows(path)
    assert (refused.value.code, refused.value.params) == (Refusal.TOOK_TOO_LONG, {"seconds": "20"})


@pytest.mark.parametrize(
    "answer", ["print('{\"rows\": 5}')", "raise SystemExit(3)", "import os; os.kill(os.getpid(), 9)"]
)
def test_whatever_the_reader_answers_is_only_an_answer(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_rows(tmp_path / "list.xlsx", [HEAD])
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / "reader.py").write_text(answer, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(fake), *sys.path])
    monkeypatch.setattr(workbook, "_MODULE", "reader")
    with pytest.raises(WorkbookRefused) as refused:
        read_rows(path)
    assert refused.value.code is Refusal.TOO_MUCH_FOR_READER


def test_the_reader_learns_none_of_our_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_rows(tmp_path / "list.xlsx", [HEAD])
    fake = tmp_path / "fake"
    fake.mkdir()
    script = "import json, os; print(json.dumps({'rows': [[name] for name in os.environ]}))"
    (fake / "reader.py").write_text(script, encoding="utf-8")
    monkeypatch.setenv("MEDREG_DATABASE_URL", "postgresql://secret")
    monkeypatch.setattr(sys, "path", [str(fake), *sys.path])
    monkeypatch.setattr(workbook, "_MODULE", "reader")
    assert "MEDREG_DATABASE_URL" not in {row[0] for row in read_rows(path)}


def test_names_with_blanks_and_dashes_are_only_names(tmp_path: Path) -> None:
    path = shutil.copy(write_rows(tmp_path / "list.xlsx", [HEAD]), tmp_path / "-- a; rm b 名单.xlsx")
    assert read_rows(Path(path)) == [list(HEAD)]


def test_formulas_give_their_stored_value_only(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet().write_formula("A1", '=HYPERLINK("http://example.invalid","x")', None, "x")
    assert read_rows(path) == [["x"]]
