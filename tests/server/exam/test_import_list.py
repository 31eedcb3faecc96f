from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from medreg_core.domain.records import PhysicianId
from medreg_server.cli.exam import report_lines, spoken_refusal
from medreg_server.services.demo.passers import PASSERS, SIGNED_UP, passers
from medreg_server.services.demo.seed import Size, seed_demo
from medreg_server.services.exam import import_list
from medreg_server.services.exam.import_list import ExamImport, ImportReport
from medreg_server.services.exam.pass_list import Pass, write_exam_list
from medreg_server.services.exam.refusal import Refusal, WorkbookRefused
from medreg_server.services.exam.rows import Field, RowFault
from medreg_server.services.exam.workbook import read_rows
from medreg_server.services.service import Service
from tests.server.demo.conftest import TODAY
from tests.server.exam.conftest import HEAD, TABLES, write_rows

SEED = 11


def some_passes(count: int = 6) -> list[Pass]:
    return [passer.entry for passer in passers(SEED, TODAY)[:count]]


def sign_up(service: Service, entry: Pass, name: str = "") -> PhysicianId:
    """Make the passer a physician of the register, under another name if one is given."""
    person = next(p.person for p in passers(SEED, TODAY) if p.person.id_number == entry.qualification.id_number)
    key = PhysicianId(entry.qualification.id_number)
    with service.environment.database.write() as transaction:
        transaction.physicians.add([(key, replace(person, name=name or person.name))])
    return key


def run(service: Service, passes: list[Pass], path: Path, **how: bool) -> ImportReport:
    write_exam_list(path, passes, TABLES)
    return ExamImport(service.environment).run(path, **how)


def codes_held(service: Service, passes: list[Pass]) -> dict[str, PhysicianId | None]:
    with service.environment.database.read() as transaction:
        held = transaction.exam_results.held([entry.qualification.code for entry in passes])
    return {code: result.physician_id for code, result in held.items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "名单.xlsx"


def test_results_are_matched_by_name_and_id_or_wait(exam_register: Service, path: Path) -> None:
    passes = some_passes()
    owner = sign_up(exam_register, passes[0])
    report = run(exam_register, passes, path)
    assert (report.rows, report.matched, report.waiting, report.written) == (6, 1, 5, True)
    held = codes_held(exam_register, passes)
    assert held[passes[0].qualification.code] == owner
    assert [held[entry.qualification.code] for entry in passes[1:]] == [None] * 5
    with exam_register.environment.database.read() as transaction:
        [stored] = transaction.physicians.qualifications_of(owner)
    assert stored == replace(passes[0].qualification, obtained_on=TODAY)


def test_a_second_import_changes_nothing(exam_register: Service, path: Path) -> None:
    passes = some_passes()
    run(exam_register, passes, path)
    with exam_register.environment.database.read() as transaction:
        before = [head.seq for head in transaction.audit.heads()]
    again = run(exam_register, passes, path)
    assert (again.unchanged, again.matched, again.waiting, again.written) == (6, 0, 0, False)
    with exam_register.environment.database.read() as transaction:
        assert [head.seq for head in transaction.audit.heads()] == before


def test_a_dry_run_writes_nothing_and_says_the_same(exam_register: Service, path: Path) -> None:
    passes = some_passes()
    dry = run(exam_register, passes, path, dry_run=True)
    assert not dry.written
    assert codes_held(exam_register, passes) == {}
    assert run(exam_register, passes, path) == replace(dry, written=True)


def test_a_result_that_waited_is_matched_once_its_physician_signs_up(exam_register: Service, path: Path) -> None:
    passes = some_passes()
    run(exam_register, passes, path)
    owner = sign_up(exam_register, passes[2])
    report = run(exam_register, passes, path)
    assert (report.completed, report.unchanged, report.written) == (1, 5, True)
    assert codes_held(exam_register, passes)[passes[2].qualification.code] == owner


def test_one_faulty_row_keeps_the_whole_list_out(exam_register: Service, path: Path) -> None:
    passes = some_passes()
    passes[3] = replace(passes[3], admission_number="")
    report = run(exam_register, passes, path)
    assert report.faults == (RowFault(5, Field.ADMISSION_NUMBER, "missing"),)
    assert not report.written
    assert codes_held(exam_register, passes) == {}


def test_faulty_rows_can_be_left_out_on_purpose(exam_register: Service, path: Path) -> None:
    passes = some_passes()
    passes[3] = replace(passes[3], admission_number="")
    report = run(exam_register, passes, path, skip_faulty=True)
    assert (report.waiting, len(report.faults), report.written) == (5, 1, True)
    assert len(codes_held(exam_register, passes)) == 5


def test_another_name_of_the_physician_is_told_and_not_matched(exam_register: Service, path: Path) -> None:
    passes = some_passes()
    sign_up(exam_register, passes[1], name="别名")
    report = run(exam_register, passes, path)
    assert report.notices == (RowFault(3, Field.NAME, "physician_named_otherwise"),)
    assert (report.matched, report.written) == (0, True)
    assert codes_held(exam_register, passes)[passes[1].qualification.code] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda entry: replace(entry, qualification=replace(entry.qualification, name="别名")), Field.NAME),
        (lambda entry: replace(entry, admission_number="999"), Field.ADMISSION_NUMBER),
    ],
)
def test_what_the_register_holds_is_never_overwritten(
    exam_register: Service, path: Path, change: object, field: Field
) -> None:
    passes = some_passes()
    run(exam_register, passes, path)
    passes[0] = change(passes[0])  # type: ignore[operator] # a parameter of pytest
    report = run(exam_register, passes, path, skip_faulty=True)
    assert report.faults == (RowFault(2, field, "differs_from_register"),)
    assert (report.unchanged, report.written) == (5, False)


def test_a_row_may_repeat_but_not_contradict_itself(exam_register: Service, path: Path) -> None:
    passes = some_passes(3)
    report = run(exam_register, [*passes, passes[0], replace(passes[1], admission_number="999")], path)
    assert report.faults == (RowFault(6, Field.CODE, "repeated_differently"),)
    assert report.unchanged == 1


def test_many_rows_in_one_transaction(exam_register: Service, path: Path) -> None:
    passes = [passer.entry for passer in passers(SEED, TODAY)]
    report = run(exam_register, passes, path)
    assert (report.rows, report.waiting) == (PASSERS, PASSERS)
    with exam_register.environment.database.read() as transaction:
        assert [head.chain for head in transaction.audit.heads()] == ["register"]


def test_a_fault_that_another_import_made_meanwhile_keeps_the_whole_list_out(
    exam_register: Service, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = some_passes()
    other = replace(passes[0], qualification=replace(passes[0].qualification, name="别名"))
    real, planned = import_list._planned, []

    def with_another(*asked: Any) -> object:
        planned.append(real(*asked))
        if len(planned) == 1:
            with exam_register.environment.database.write() as transaction:
                transaction.physicians.add_qualifications([(None, other.qualification)])
        return planned[-1]

    monkeypatch.setattr(import_list, "_planned", with_another)
    report = run(exam_register, passes, path)
    assert report.faults == (RowFault(2, Field.NAME, "differs_from_register"),)
    assert not report.written
    assert list(codes_held(exam_register, passes)) == [other.qualification.code]


def test_an_interrupted_import_leaves_nothing(
    exam_register: Service, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = some_passes()
    with monkeypatch.context() as patched:
        patched.setattr("medreg_server.db.transaction.WriteTransaction.record", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(exam_register, passes, path)
    assert codes_held(exam_register, passes) == {}


def test_the_demos_own_list_finds_those_who_signed_up(exam_register: Service, path: Path) -> None:
    seed_demo(
        exam_register.environment,
        exam_register.passwords,
        "a demo password",
        size=Size(600, 60),
        seed=SEED,
        today=TODAY,
    )
    report = run(exam_register, [passer.entry for passer in passers(SEED, TODAY)], path)
    assert (report.matched, report.waiting, report.faults, report.notices) == (
        SIGNED_UP,
        PASSERS - SIGNED_UP,
        (),
        (),
    )


def test_the_list_is_written_as_text_only(path: Path) -> None:
    [entry] = some_passes(1)
    formula = replace(entry, site='=HYPERLINK("http://example.invalid")')
    assert write_exam_list(path, [formula], TABLES) == 1
    head, row = read_rows(path)
    assert head == list(HEAD)
    assert all(isinstance(cell, str) for cell in row)
    assert row[7] == '=HYPERLINK("http://example.invalid")'


def lines(service: Service, passes: list[Pass], path: Path, **how: bool) -> list[str]:
    return list(report_lines(run(service, passes, path, **how)))


def test_the_operator_reads_one_clear_sentence(exam_register: Service, path: Path) -> None:
    passes = some_passes()
    faulty = [*passes[:5], replace(passes[5], admission_number="")]
    assert lines(exam_register, faulty, path) == [
        "line 7: 准考证号 is empty",
        "nothing was changed: 1 of 6 rows are faulty; correct them, or use --skip-faulty",
    ]
    counts = "0 matched to a physician, {} wait for theirs to sign up, 0 completed, {} here already"
    assert lines(exam_register, passes, path, dry_run=True) == [
        "nothing was changed; of 6 rows: " + counts.format(6, 0)
    ]
    assert lines(exam_register, passes, path) == ["imported 6 rows: " + counts.format(6, 0)]
    assert lines(exam_register, passes, path) == ["nothing was changed; of 6 rows: " + counts.format(0, 6)]


def test_a_long_list_of_faults_is_cut(exam_register: Service, path: Path) -> None:
    write_rows(path, [HEAD, *[["x"] * 8] * 60])
    report = ExamImport(exam_register.environment).run(path)
    told = list(report_lines(report))
    assert len(told) == 202
    assert told[-2] == f"and {len(report.faults) - 200} more"


@pytest.mark.parametrize("code", Refusal)
def test_every_refusal_has_a_sentence(code: Refusal) -> None:
    params = dict.fromkeys(("size", "limit", "count", "seconds", "columns"), "1")
    assert spoken_refusal(WorkbookRefused(code, **params)).endswith("; nothing was changed")
