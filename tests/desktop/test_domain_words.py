"""Every code that the core can give has its words, in both languages, with every parameter it needs."""

from __future__ import annotations

import ast
import json
import re
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

import pytest

from medreg_core.domain import comparison, vocabulary
from medreg_core.domain.codes.findings import Finding, hard
from medreg_core.domain.comparison import compare
from medreg_core.domain.rules import Blocker, Check, MaterialState, check, may_agree
from medreg_core.domain.rules.check import Basis, law
from medreg_core.domain.tables import Tables, load_tables
from medreg_core.domain.vocabulary import CheckResult, State
from medreg_desktop.services.texts import checks, terms, translator
from medreg_desktop.services.texts.rule_sentences import RULE_SENTENCES
from tests.core.builders import application, context
from tests.core.conftest import read_packaged
from tests.core.rule_case import Case
from tests.core.rule_reasons import all_answers
from tests.core.test_rules import CASES

CATALOGUES = Path(__file__).parents[2] / "resources" / "translations" / "zh_CN"
TABLES = load_tables(read_packaged)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
HOLES = re.compile(r"\{(\w+)\}")


@pytest.fixture(params=["en", "zh_CN"])
def language(request: pytest.FixtureRequest) -> str:
    names = ("terms.json", "checks.json") if request.param == "zh_CN" else ()
    translator.install((CATALOGUES / name).read_text("utf-8") for name in names)
    return str(request.param)


def catalogue(name: str) -> dict[str, str]:
    words: dict[str, str] = json.loads((CATALOGUES / name).read_text("utf-8"))
    return words


def closed_lists() -> list[type[StrEnum]]:
    own = [value for value in vars(vocabulary).values() if isinstance(value, type) and issubclass(value, StrEnum)]
    return [*(one for one in own if one is not StrEnum), comparison.Mark, comparison.GroupCode, MaterialState]


def found_codes() -> set[str]:
    """Codes that the code checks give, read from their source."""
    modules = [
        module.read_text("utf-8")
        for module in (files("medreg_core") / "domain" / "codes").iterdir()
        if module.is_file()
    ]
    calls = [node for text in modules for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id in ("hard", "hint")
        and isinstance(call.args[0], ast.Constant)
    }


@pytest.mark.parametrize("closed_list", closed_lists(), ids=lambda one: one.__name__)
def test_every_member_of_every_closed_list_has_a_word(closed_list: type[StrEnum], language: str) -> None:
    for member in closed_list:
        word = terms.term(member)
        assert word or member == ""
        assert not word or bool(CHINESE.search(word)) == (language == "zh_CN")


def test_words_within_a_list_differ(language: str) -> None:
    for closed_list in closed_lists():
        words = [terms.term(member) for member in closed_list]
        assert len(set(words)) == len(words), closed_list


@pytest.mark.parametrize("language", ["zh_CN"], indirect=True)
def test_official_words_of_the_states(language: str) -> None:
    official = "草稿 待机构审核 机构已同意 已受理 准予 已制证 已领证 已撤回 退回修改 机构不同意 补正 不予受理 不予注册"
    assert " ".join(terms.term(state) for state in State) == official


def test_every_field_of_the_sheet_has_a_label() -> None:
    for one in CASES:
        for group in compare(one.given, TABLES):
            assert all(terms.label(row.field) for row in group.rows)


def test_every_answer_of_every_rule_has_a_sentence_and_no_sentence_is_left_over() -> None:
    assert set(RULE_SENTENCES) == all_answers()


@pytest.mark.parametrize("one", CASES, ids=str)
def test_sentences_are_complete(one: Case, language: str) -> None:
    around = one.around(context(TABLES, online=True))
    for found in check(one.given, around):
        for text in (checks.check_title(found), checks.check_explanation(found)):
            assert "{" not in text
            assert "None" not in text
        assert checks.check_title(found)
        assert checks.basis_name(found.article)
    for blocker in may_agree(one.given, check(one.given, around), TABLES):
        assert "{" not in checks.blocker_sentence(blocker, TABLES)


@pytest.mark.parametrize("one", [one for one in CASES if one.result is CheckResult.FAIL], ids=str)
def test_a_failure_says_what_to_do(one: Case, language: str) -> None:
    """The title alone is enough only where it already names the remedy."""
    found = next(c for c in check(one.given, one.around(context(TABLES))) if c.code == one.code)
    plain = {("assistant_one_place", "filing"), ("upgrade_fits", "no_assistant")}
    assert checks.check_explanation(found) or (one.code, one.reason) in plain


@pytest.mark.parametrize("language", ["zh_CN"], indirect=True)
def test_the_blocked_picture_in_chinese(language: str) -> None:
    found = Check(
        "training_for_change",
        CheckResult.FAIL,
        law(14),
        {"months": "3", "required": "6"},
        "too_short",
        configurable=True,
    )
    assert checks.check_title(found) == "培训考核证明不足：范围变更须经培训并考核合格"
    assert checks.check_explanation(found) == "现有证明为 3 个月，要求连续 6 个月；缺考核合格证明 1 份。"
    assert checks.basis_name(found.article) == "医师法 第 14 条"
    assert (
        checks.blocker_sentence(Blocker("material_missing", {"material": "employment_proof"}), TABLES) == "缺聘用证明。"
    )
    inner = hard("qualification_id", inner="id_check", expected="X", found="1")
    assert checks.finding_sentence(inner) == ("资格证书编码中的证件号码有误：证件号码末位应为 X，现为 1：有数字输错。")


def test_a_name_with_braces_or_markup_is_only_text(language: str) -> None:
    rude = "{name}<b>%s</b>{"
    found = Check("identity_matches", CheckResult.FAIL, "system", {"written": rude, "registered": "甲"}, "name")
    assert rude in checks.check_explanation(found)


@pytest.mark.parametrize("basis", [*Basis, law(14)])
def test_every_basis_has_a_name(basis: str, language: str) -> None:
    assert checks.basis_name(basis)


def test_every_finding_has_a_sentence(language: str) -> None:
    assert found_codes() == set(checks._FINDINGS)
    for code, sentence in checks._FINDINGS.items():
        params = dict.fromkeys(HOLES.findall(sentence), "1")
        params |= {"inner": "id_characters"} if "inner" in params else {}
        params |= {"id_kind": "resident"} if "id_kind" in params else {}
        assert "{" not in checks.finding_sentence(Finding(code, hard=True, params=params))


@pytest.mark.parametrize("name", ["terms.json", "checks.json"])
def test_translations_keep_the_parameters(name: str) -> None:
    for source, translated in catalogue(name).items():
        assert set(HOLES.findall(translated)) <= set(HOLES.findall(source)), source
        assert CHINESE.search(translated) or not source.isalpha()


def test_every_marked_text_is_translated_and_nothing_else_is() -> None:
    source = Path(checks.__file__).parent
    for names, file in ((("terms",), "terms.json"), (("checks", "rule_sentences"), "checks.json")):
        marked: set[str] = set()
        for name in names:
            tree = ast.parse((source / f"{name}.py").read_text("utf-8"))
            marked |= {
                node.args[0].value
                for node in ast.walk(tree)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("mark", "tr")
                and isinstance(node.args[0], ast.Constant)
            }
        assert marked == set(catalogue(file))


def test_tables_are_named_through_themselves(language: str) -> None:
    tables: Tables = TABLES
    blocker = Blocker("original_unseen", {"material": "id_card"})
    assert tables.materials.name("id_card") in checks.blocker_sentence(blocker, tables)
    assert checks.blocker_sentence(Blocker("state", {"state": State.AGREED}), tables)
    assert may_agree(application(state=State.AGREED), (), tables)
