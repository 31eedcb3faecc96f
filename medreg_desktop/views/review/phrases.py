"""常用语 offered for an application: the fitting ones first, with its own words filled in. Knows no Qt."""

from __future__ import annotations

from collections.abc import Iterable
from string import Formatter

from medreg_core.domain.tables import Tables
from medreg_desktop.services.review.sheet import ReviewSheet
from medreg_desktop.services.texts.terms import term
from medreg_desktop.services.texts.translator import tr


def agreeing(sheet: ReviewSheet, tables: Tables) -> tuple[str, ...]:
    """Return phrases for the opinion: for agreeing, or, when that is blocked, for what is missing."""
    if sheet.blockers:
        return returning(sheet, tables)
    application = sheet.application
    return _filled(tables.phrases.for_agreeing(application.kind, application.change_part), _words(sheet, tables))


def returning(sheet: ReviewSheet, tables: Tables) -> tuple[str, ...]:
    """Return phrases for 退回修改: one for each thing that stands in the way, then the general ones."""
    words = _words(sheet, tables)
    failed = tables.phrases.failed
    own: list[str] = []
    for blocker in sheet.blockers:
        phrase = failed.get(blocker.params.get("check", blocker.code), "")
        own += _filled([phrase] if phrase else [], words | blocker.params)
    return tuple(dict.fromkeys((*own, *_filled(tables.phrases.returning, words))))


def refusing(sheet: ReviewSheet, tables: Tables) -> tuple[str, ...]:
    """Return phrases for 不同意."""
    return _filled(tables.phrases.refusing, _words(sheet, tables))


def _words(sheet: ReviewSheet, tables: Tables) -> dict[str, str]:
    application = sheet.application
    missing = [b.params["material"] for b in sheet.blockers if b.code in ("material_missing", "original_unseen")]
    return {
        "kind": term(application.kind),
        "part": term(application.change_part) if application.change_part else "",
        "department": application.request.department,
        "institution": application.request.institution_name,
        "scope": "、".join(tables.scopes.name(code) for code in application.request.scopes),
        "scopes": "、".join(tables.scopes.name(code) for code in application.request.scopes),
        "materials": tr(", ").join(tables.materials.name(code) for code in missing),
    }


def _filled(phrases: Iterable[str], words: dict[str, str]) -> tuple[str, ...]:
    """Fill phrases in; one that asks for a word the application does not have is not offered."""
    return tuple(
        phrase.format_map(words)
        for phrase in phrases
        if all(words.get(name) for _, name, _, _ in Formatter().parse(phrase) if name)
    )
