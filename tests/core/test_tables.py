from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import pytest

from medreg_core.domain.regions import parse_regions
from medreg_core.domain.tables import FILES, TableBroken, Tables, load_tables
from medreg_core.domain.vocabulary import Category, ChangePart, Kind, Level
from tests.core.conftest import read_packaged
from tests.core.rule_reasons import all_answers


def test_every_file_is_read_and_names_its_source_and_trust(tables: Tables) -> None:
    packaged = {file.name for file in (files("medreg_core") / "tables").iterdir() if file.name.endswith(".toml")}
    assert packaged == set(FILES) == set(tables.origins)
    assert all(origin.source and origin.trust for origin in tables.origins.values())


def test_nations_of_the_standard(tables: Tables) -> None:
    assert [code for code in tables.nations if code <= "56"] == [f"{n:02d}" for n in range(1, 57)]
    # Names that data sets often get wrong: 侗 not 桐, 毛南 not 毛难.
    assert (tables.nations.name("12"), tables.nations.name("36")) == ("侗", "毛南")
    assert [tables.nations.name(code) for code in ("97", "98", "99")] == ["其他", "外国血统中国籍人士", "不详"]


def test_scopes_of_the_regulation(tables: Tables) -> None:
    assert len([c for c in tables.scopes.of_category(Category.CLINICAL) if c != "clinical_other"]) >= 16
    assert tables.scopes.name("internal_medicine") == "内科专业"
    assert tables.scopes.short_name("internal_medicine") == "内科"
    assert tables.scopes.category("dai_medicine") is Category.CHINESE
    assert tables.scopes.category("unheard_of") is None


def test_every_exam_category_belongs_to_a_category_of_the_law(tables: Tables) -> None:
    assert set(tables.exam_categories) == set(tables.exam_category_owners)
    assert tables.exam_category_owners["41"] is Category.CHINESE


def test_departments_point_to_scopes_that_exist(tables: Tables) -> None:
    assert all(scope in tables.scopes for scope in tables.departments.values())


def test_an_unknown_code_prints_as_itself(tables: Tables) -> None:
    assert tables.educations.name("77") == "77"
    assert "77" not in tables.educations
    assert tables.educations.short_name("41") == "中等专科"
    assert tables.educations.short_name("42") == "中等专科结业"


def test_material_rules_use_known_names(tables: Tables) -> None:
    own = [rule for region in tables.materials.regions.values() for rule in region.rules]
    for rule in (*tables.materials.rules, *own):
        assert rule.required.code in tables.materials.table
        assert rule.when in {"", "retraining"}
        assert not rule.parts or Kind.CHANGE in rule.kinds


def test_phrases_exist_for_every_kind(tables: Tables) -> None:
    for kind in Kind:
        assert tables.phrases.for_agreeing(kind)[-1] == tables.phrases.agree["any"][-1]
    assert tables.phrases.for_agreeing(Kind.REGISTRATION)[0] == "同意聘用并申请注册。"
    for part in ChangePart:
        assert "变更" in tables.phrases.for_agreeing(Kind.CHANGE, part)[0]
    assert tables.phrases.returning
    assert tables.phrases.refusing


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("rules.toml", "training_months = 6", "training_months_ = 6"),
        ("materials.toml", '"assistant_upgrade"', '"assistant_promotion"'),
        ("calendar.toml", '"01-01"', '"13-01"'),
        ("regions.toml", "110000,,,北京市", "110000,北京市"),
        ("scopes.toml", "[dental]", "[teeth]"),
        ("nations.toml", "[names]", "[names"),
        ("degrees.toml", "trust", "faith"),
        ("exam_categories.toml", '"dental"', '"teeth"'),
    ],
)
def test_a_broken_file_is_named(file: str, old: str, new: str) -> None:
    assert old in read_packaged(file)

    def read(name: str) -> str:
        return read_packaged(name).replace(old, new, 1) if name == file else read_packaged(name)

    with pytest.raises(TableBroken) as caught:
        load_tables(read)
    assert caught.value.file == file


def test_numbers_are_replaced_without_code() -> None:
    text = {name: read_packaged(name) for name in FILES}
    text["rules.toml"] = text["rules.toml"].replace("institution_days = 14", "institution_days = 5")
    assert load_tables(text.__getitem__).rules.institution_days == 5


def test_an_authority_may_leave_the_fictitious_province_out() -> None:
    document = tomllib.loads(read_packaged("regions.toml"))
    assert "99" not in parse_regions(document["rows"])


def test_regions_keep_their_history(tables: Tables) -> None:
    regions = tables.regions
    assert regions.full_name("430122") == "湖南省长沙市望城县"
    assert regions.find("430122", 2010) is not None
    assert regions.find("430122", 2011) is None
    assert regions.name("440524", 1990) == "潮阳县"
    assert "340524" not in regions
    assert regions.name("340524") == "340524"


def test_regions_of_every_level(tables: Tables) -> None:
    regions = tables.regions
    assert "37" in regions
    assert regions.full_name("37") == "山东省"
    assert regions.full_name("990102") == "示例省示例市示例区"
    assert regions.full_name("999999") == "999999"
    assert [region.code for region in regions.within("99")] == ["990100", "990200"]
    assert all(region.code.startswith("9901") for region in regions.within("9901"))
    assert len([region for region in regions.provinces() if region.code < "700000"]) == 31


def test_a_code_given_twice_keeps_todays_name_last() -> None:
    regions = parse_regions("110103,2001,,新区\n110103,,2000,旧区")
    assert regions.name("110103") == "新区"
    assert regions.name("110103", 1999) == "旧区"


def test_levels_are_the_digits_of_the_code() -> None:
    assert {level.value for level in Level} == {"1", "2"}
    assert set(ChangePart) == {"place", "category", "scope", "main_institution"}


def test_phrases_for_failures_belong_to_rules_and_ask_for_nothing_unknown(tables: Tables) -> None:
    codes = {code for code, _, _ in all_answers()} | {"material_missing", "original_unseen"}
    assert set(tables.phrases.failed) <= codes
    fillable = {"required", "scopes", "materials"}
    for phrase in tables.phrases.failed.values():
        assert set(re.findall(r"\{(\w+)\}", phrase)) <= fillable
    assert not any("{" in phrase for phrases in tables.phrases.agree.values() for phrase in phrases)
