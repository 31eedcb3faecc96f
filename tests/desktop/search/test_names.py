"""Names as they are written, read aloud and typed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_desktop.services.search.names import (
    TAIL_LETTERS,
    fold,
    fold_name,
    gram_tokens,
    sort_key,
    surname_readings,
    tails,
    tokens,
    words,
)


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("ＳＸＭ　１２", "sxm 12"),
        ("  单  小明\t", "单 小明"),
        ("买买提•阿不都", "买买提·阿不都"),
        ("买买提・阿不都", "买买提·阿不都"),
        ("买买提･阿不都", "买买提·阿不都"),
        ("xi'an", "xian"),
        ("ｶﾅ", "カナ"),
        ("a\x00b\u200bc", "abc"),
        ("王\ue815明", "王\ue815明"),  # of private use
        ("\U00031350", "\U00031350"),  # of Unicode 15: not every Python knows it
        ("⼥", "女"),
        ("%_", "%_"),
    ],
)
def test_texts_are_compared_in_one_form(typed: str, folded: str) -> None:
    assert fold(typed) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("name", "found_by"),
    [
        ("单小明", ["shanxiaoming", "sxm", "danxiaoming", "dxm", "xiaom", "xm", "shanx"]),
        ("仇一帆", ["qiuyifan", "qyf", "chouyifan", "cyf"]),
        ("曾予安", ["zeng", "zya", "ceng"]),
        ("解知行", ["xiezhixing", "xzx", "jiezhi", "hang"]),
        ("查亦真", ["zha", "zyz", "cha"]),
        ("区念", ["ounian", "on", "qunian"]),
        ("朴成", ["piaocheng", "pc", "pucheng"]),
        ("盖星河", ["gexinghe", "gai"]),
        ("缪成", ["miao", "mcheng"[:1]]),
        ("翟理", ["zhaili", "dili"]),
        ("尉迟朗", ["yuchilang", "ycl", "weichi"]),
        ("万俟卨", ["moqi", "mq"]),
        ("长孙无忌", ["zhangsun", "zswj"]),
        ("吕布", ["lvbu", "lubu", "lyubu", "lb"]),
        ("覃可", ["qinke", "tanke"]),
        ("乐时雨", ["yue", "le"]),
        ("𠅤安", ["xian", "an"]),
        ("買買提·阿不都", ["maimaiti", "mmt", "abd", "mmtabd"]),
        ("Ａlice 李", ["alice", "ali", "al", "li"]),
        ("John Smith", ["johnsmith", "john"]),
    ],
)
def test_every_reading_of_a_name_is_found(name: str, found_by: list[str]) -> None:
    typed = f"{tails(fold_name(name))}"
    assert [word for word in found_by if f" {word}" not in typed] == []


def test_a_surname_sorts_under_its_own_reading() -> None:
    names = ["单小明", "曾予安", "仇一帆", "区念", "解知行", "朴成", "阿强"]
    ordered = sorted(names, key=lambda name: sort_key(fold_name(name)))
    assert ordered == ["阿强", "区念", "朴成", "仇一帆", "单小明", "解知行", "曾予安"]


def test_names_with_a_dot_are_typed_with_and_without_it() -> None:
    assert fold_name("买买提•阿不都") == "买买提·阿不都\n买买提阿不都"
    assert set(gram_tokens("提阿")) <= set(tokens(fold_name("买买提·阿不都"), "").split())
    assert set(gram_tokens("提·")) <= set(tokens(fold_name("买买提·阿不都"), "").split())


def test_long_names_stay_bounded() -> None:
    endless = tails(fold_name("乐" * 300)).split()
    assert max(map(len, endless)) <= TAIL_LETTERS
    assert len(endless) < 1000


@given(st.text(max_size=12))
def test_every_part_of_a_name_has_its_tokens(name: str) -> None:
    folded = fold_name(name)
    held = set(tokens(folded, tails(folded)).split())
    whole = folded.split("\n")[0]
    for start in range(len(whole)):
        for end in range(start + 1, len(whole) + 1):
            assert set(gram_tokens(whole[start:end])) <= held
    assert all(token.isascii() and token.isalnum() for token in held)


def test_words_are_split_and_doubles_dropped() -> None:
    assert words("  王　小 王 ") == ("王", "小")
    assert words("   ") == ()


def test_the_surname_table_says_something_the_dictionary_does_not() -> None:
    readings = surname_readings()
    assert len(readings) >= 70
    for surname, ways in readings.items():
        assert all(len(way) == len(surname) and all(s.isascii() and s.islower() for s in way) for way in ways), surname


def test_a_query_typed_in_latin_does_not_load_the_pinyin_dictionary() -> None:
    program = (
        "import sys; import medreg_desktop.services.search.engine, medreg_desktop.services.search.index\n"
        "from medreg_desktop.services.search.conditions import Query, normalise\n"
        "from medreg_desktop.services.search.filters import typed_filters\n"
        "typed_filters(normalise(Query(text='sxm 单')))\n"
        "assert 'pypinyin' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_dictionary_comes_without_the_phrases_that_nobody_asks() -> None:
    program = (
        "import gc\n"
        "from medreg_desktop.services.search.names import sort_key\n"
        "before = len(gc.get_objects())\n"
        "assert sort_key('王小明').startswith('wang xiao ming')\n"
        "assert len(gc.get_objects()) - before < 20_000"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
