"""Every answer that the rules can give, read from their source: rule, result, reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.resources import files

from medreg_core.domain.vocabulary import CheckResult

_RESULTS = {"passed": CheckResult.PASS, "failed": CheckResult.FAIL, "unknown": CheckResult.UNKNOWN}
Answer = tuple[str, CheckResult, str]


def all_answers() -> set[Answer]:
    """Walk the rule modules for ``RULE.passed("reason")`` and the like."""
    modules = (files("medreg_core") / "domain" / "rules").iterdir()
    trees = [ast.parse(module.read_text("utf-8")) for module in modules if module.name.endswith(".py")]
    codes = {name: code for tree in trees for name, code in _rules(tree)}
    return {answer for tree in trees for answer in _answers(tree, codes)}


def _rules(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Name(id="Rule"), args=[ast.Constant(value=code), *_]),
            ):
                yield name, code


def _answers(tree: ast.Module, codes: dict[str, str]) -> Iterator[Answer]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr), args=args) if name in codes:
                for reason in _reasons(args[0]) if args else [""]:
                    yield codes[name], _RESULTS[attr], reason


def _reasons(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(reason)):
            yield reason
        case ast.IfExp(body=body, orelse=orelse):
            yield from _reasons(body)
            yield from _reasons(orelse)
        case ast.Name(id="reason"):  # year_end: chosen just above
            yield from ("in_time", "too_late")
        case _:
            raise AssertionError(f"a reason that cannot be read: {ast.dump(node)}")
