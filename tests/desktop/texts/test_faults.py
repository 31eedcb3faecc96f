"""Every code the program raises has its own sentence with a next step, in both languages."""

from __future__ import annotations

import ast

import pytest

from medreg_core.contract.v1.faults import FaultCode
from medreg_desktop.services.texts import translator
from medreg_desktop.services.texts.faults import SENTENCES, sentence, what_and_todo
from tests.architecture.sources import calls, chinese, modules, name_of

_RAISING = {"KnownFault", "Problem"}


def _raised() -> dict[str, str]:
    """Codes written as a literal anywhere in the desktop program, with the place of one use."""
    return {
        call.args[0].value: f"{path}:{call.lineno}"
        for path, tree in modules().items()
        if path.startswith("medreg_desktop/")
        for call in calls(tree)
        if name_of(call.func) in _RAISING and call.args and isinstance(call.args[0], ast.Constant)
    }


def test_every_code_that_is_raised_has_a_sentence() -> None:
    assert {code: place for code, place in _raised().items() if code not in SENTENCES} == {}


@pytest.mark.parametrize("code", list(FaultCode))
def test_every_code_of_the_wire_has_a_sentence(code: FaultCode) -> None:
    assert code.value in SENTENCES


@pytest.mark.parametrize(("code", "source"), sorted(SENTENCES.items()))
def test_every_sentence_is_one_in_chinese_too(code: str, source: str) -> None:
    assert chinese()[source].endswith(("。", "）")), code
    assert source.endswith((".", ")")), code


@pytest.mark.parametrize("code", [code for code in SENTENCES if code.startswith(("response_", "server_", "tls_"))])
def test_what_is_tried_again_by_itself_does_not_ask_for_it(code: str) -> None:
    """The waiting page and the lamp add that it goes by itself; the sentence must not say the opposite before."""
    assert "请重试" not in chinese()[SENTENCES[code]]
    assert "try again" not in SENTENCES[code].lower()


def test_an_unknown_code_and_a_missing_parameter_still_give_a_sentence() -> None:
    assert "what_is_this" in sentence("what_is_this")
    assert "—" in sentence("offline_password_wrong")


def test_the_first_sentence_says_what_the_rest_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translator, "_catalogue", {})  # another test may have chosen a language
    what, todo = what_and_todo("disk_full")
    assert (what, todo) == ("The disk is full.", "Free some space; nothing was lost.")
