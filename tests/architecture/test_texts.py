"""Every visible text has a Chinese wording, and no catalogue entry is left over."""

from __future__ import annotations

import ast
import json
import string

from tests.architecture.sources import CATALOGUES, calls, chinese, modules, name_of

_TRANSLATORS = {"tr": (0,), "mark": (0,), "trn": (1,)}


def _literals() -> dict[str, str]:
    """Source texts found in ``tr``, ``trn`` and ``mark`` calls, with the place of one use."""
    found: dict[str, str] = {}
    for path, tree in modules().items():
        named = _named_texts(tree)
        for call in calls(tree):
            for index in _TRANSLATORS.get(name_of(call.func).split(".")[-1], ()):
                argument = call.args[index] if index < len(call.args) else None
                texts = named.get(argument.id, []) if isinstance(argument, ast.Name) else _texts(argument)
                for text in texts:
                    found.setdefault(text, f"{path}:{call.lineno}")
    return found


def _named_texts(tree: ast.AST) -> dict[str, list[str]]:
    """Texts that a module gives a plain name before it hands them to a translator."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).extend(_texts(node.value))
    return found


def _texts(node: ast.expr | None) -> list[str]:
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_source_text_is_translated() -> None:
    missing = {text: place for text, place in _literals().items() if text and text not in chinese()}
    assert missing == {}


def test_no_entry_is_stale() -> None:
    used = _literals().keys()
    assert [text for text in chinese() if text not in used] == []


def test_placeholders_agree() -> None:
    # Chinese needs no singular or plural, so it may leave out a number that English must show, never add one.
    wrong = [source for source, text in chinese().items() if not _placeholders(text) <= _placeholders(source)]
    assert wrong == []


def test_no_text_is_translated_in_two_ways() -> None:
    seen: dict[str, tuple[str, str]] = {}
    clashes = []
    for path in sorted(CATALOGUES.glob("*.json")):
        for source, text in json.loads(path.read_text("utf-8")).items():
            first = seen.setdefault(source, (text, path.name))
            if first[0] != text:
                clashes.append((source, first, (text, path.name)))
    assert clashes == []
