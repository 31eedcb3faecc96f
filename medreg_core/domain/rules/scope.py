"""Rules about category and scope (执业类别, 执业范围)."""

from __future__ import annotations

from medreg_core.domain.records import Application
from medreg_core.domain.rules.check import Basis, Check, ReviewContext, Rule, law
from medreg_core.domain.vocabulary import Category, ChangePart, Kind

SCOPE_COUNT = Rule("scope_count", Basis.SCOPE_RULES)
COVERED = Rule("institution_covers_scope", Basis.INSTITUTION_REGULATIONS)
TRAINING = Rule("training_for_change", law(14), configurable=True)


def scope_count(application: Application, context: ReviewContext) -> Check:
    """Pass for one category and one specialty; clinical physicians at county level and below may have up to three."""
    request, tables = application.request, context.tables
    foreign = [code for code in request.scopes if tables.scopes.category(code) not in (None, request.category)]
    if foreign:
        return SCOPE_COUNT.failed("category", scopes=_names(tuple(foreign), context))
    if not request.scopes:
        return SCOPE_COUNT.failed("none")
    county = context.institution.county_level and request.category is Category.CLINICAL
    limit = tables.rules.max_scopes_county if county else tables.rules.max_scopes
    count = len(set(request.scopes))
    if count > limit:
        return SCOPE_COUNT.failed("too_many", count=str(count), limit=str(limit))
    return SCOPE_COUNT.passed("county" if count > tables.rules.max_scopes else "", count=str(count))


def institution_covers_scope(application: Application, context: ReviewContext) -> Check:
    """Pass when the subjects on the institution's licence cover every scope asked for."""
    if not context.institution.subjects:
        return COVERED.unknown("no_subjects")
    missing = tuple(code for code in application.request.scopes if code not in context.institution.subjects)
    if missing:
        return COVERED.failed("missing", scopes=_names(missing, context))
    return COVERED.passed(scopes=_names(application.request.scopes, context))


def training_for_change(application: Application, context: ReviewContext) -> Check:
    """Pass when a change of scope or category rests on training of the required length, with its certificate."""
    required = context.tables.rules.training_months
    months = application.statement.training_months
    certificate = any(
        material.code == "training_certificate" and (material.pages or material.copies or material.original_seen)
        for material in application.materials
    )
    if months is None:
        return TRAINING.unknown("not_stated", required=str(required))
    if months < required:
        return TRAINING.failed("too_short", months=str(months), required=str(required))
    if not certificate:
        return TRAINING.failed("no_certificate", months=str(months), required=str(required))
    return TRAINING.passed(months=str(months), required=str(required))


def needs_training_for_change(application: Application) -> bool:
    """Return whether the application changes what the physician may do."""
    return application.kind is Kind.CHANGE and application.change_part in (ChangePart.SCOPE, ChangePart.CATEGORY)


def _names(codes: tuple[str, ...], context: ReviewContext) -> str:
    return "、".join(context.tables.scopes.short_name(code) for code in codes)
