"""The product's source files, parsed once, for the tests that read them."""

from __future__ import annotations

import ast
import json
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("medreg_core", "medreg_desktop", "medreg_server")
CATALOGUES = ROOT / "resources" / "translations" / "zh_CN"


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the product by its path relative to the repository, parsed."""
    files = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in files}


def name_of(node: ast.expr) -> str:
    """The dotted name of an attribute chain or name; empty for anything else."""
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def calls(tree: ast.AST) -> list[ast.Call]:
    """Every call in the tree."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


@cache
def chinese() -> dict[str, str]:
    """The whole Chinese catalogue; a source text that two files translate differently is an error of its own test."""
    merged: dict[str, str] = {}
    for path in sorted(CATALOGUES.glob("*.json")):
        merged |= json.loads(path.read_text("utf-8"))
    return merged
