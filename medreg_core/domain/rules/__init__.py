"""The rules of review: which apply to which business, and what each says (``domain.md`` §5).

Every answer carries its basis: an article of the law, a regulation, or that the authority sets it.
"""

from __future__ import annotations

from collections.abc import Callable

from medreg_core.domain.records import Application
from medreg_core.domain.registrations import is_assistant
from medreg_core.domain.rules.agreement import Blocker, may_agree
from medreg_core.domain.rules.change import change_fits, reason_given, upgrade_fits
from medreg_core.domain.rules.check import Basis, Check, ReviewContext
from medreg_core.domain.rules.dates import filing_term, report_in_time, start_date, year_end
from medreg_core.domain.rules.materials import MaterialState, material_list, material_state, missing_materials
from medreg_core.domain.rules.person import identity_matches, photo_present, qualification_valid, refusal_grounds
from medreg_core.domain.rules.place import (
    assistant_one_place,
    filing_same_province,
    place_in_region,
    registered_here,
    request_names_this_institution,
    site_is_filed,
)
from medreg_core.domain.rules.practice import (
    assessment_passed,
    no_other_pending,
    origin_agrees,
    other_sites,
    place_is_free,
    registration_valid,
    stopped_practice,
)
from medreg_core.domain.rules.scope import institution_covers_scope, scope_count, training_for_change
from medreg_core.domain.vocabulary import ChangePart, Kind

__all__ = [
    "Basis",
    "Blocker",
    "Check",
    "MaterialState",
    "ReviewContext",
    "check",
    "material_list",
    "material_state",
    "may_agree",
    "missing_materials",
    "rules_for",
]

ReviewRule = Callable[[Application, ReviewContext], Check]

_ENTRY: tuple[ReviewRule, ...] = (
    qualification_valid,
    refusal_grounds,
    stopped_practice,
    scope_count,
    institution_covers_scope,
    photo_present,
    identity_matches,
    request_names_this_institution,
    place_in_region,
    no_other_pending,
    start_date,
)
"""What every application that leads to a registration here must meet."""

_RULES: dict[Kind, tuple[ReviewRule, ...]] = {
    Kind.REGISTRATION: _ENTRY,
    Kind.ASSISTANT_UPGRADE: (*_ENTRY, upgrade_fits, assessment_passed),
    Kind.CHANGE: (*_ENTRY, registration_valid, change_fits, assessment_passed),
    Kind.MULTI_SITE_FILING: (
        registration_valid,
        refusal_grounds,
        assessment_passed,
        scope_count,
        institution_covers_scope,
        identity_matches,
        request_names_this_institution,
        filing_same_province,
        filing_term,
        no_other_pending,
    ),
    Kind.MULTI_SITE_WITHDRAWAL: (
        registration_valid,
        identity_matches,
        request_names_this_institution,
        site_is_filed,
        no_other_pending,
    ),
    Kind.MULTI_PLACE_WITHDRAWAL: (registration_valid, identity_matches, no_other_pending),
    Kind.TRANSFER_FROM_MILITARY: _ENTRY,
    Kind.TRANSFER_TO_MILITARY: (registration_valid, identity_matches, registered_here, no_other_pending),
    Kind.CANCELLATION: (registration_valid, identity_matches, registered_here, reason_given, report_in_time),
    Kind.DEPARTURE_FILING: (registration_valid, identity_matches, registered_here, reason_given, report_in_time),
}

_CHANGE_RULES: dict[ChangePart, tuple[ReviewRule, ...]] = {
    ChangePart.PLACE: (origin_agrees, other_sites),
    ChangePart.CATEGORY: (training_for_change, other_sites),
    ChangePart.SCOPE: (training_for_change, other_sites),
    ChangePart.MAIN_INSTITUTION: (origin_agrees, other_sites),
}

_SECOND_PLACES = frozenset({Kind.REGISTRATION, Kind.MULTI_SITE_FILING})
"""Kinds that may add a place to those a physician already has."""

_NEW_PLACES = frozenset({Kind.REGISTRATION, Kind.TRANSFER_FROM_MILITARY})
"""Kinds that give a registration beside one that is held, if any."""

_COUNTS_YEARS = frozenset({Kind.REGISTRATION, Kind.ASSISTANT_UPGRADE})
"""Kinds from whose approval the years to the next examination count (``domain.md`` §6.3, §6.4)."""


def rules_for(application: Application, context: ReviewContext) -> tuple[ReviewRule, ...]:
    """Return the rules that apply to this application, always in the same order."""
    rules = _RULES[application.kind]
    if application.kind is Kind.CHANGE and application.change_part is not None:
        rules += _CHANGE_RULES[application.change_part]
    if application.kind in _SECOND_PLACES and is_assistant(application):
        rules += (assistant_one_place,)
    elif application.kind in _NEW_PLACES and application.registration is not None:
        rules += (place_is_free,)
    if application.kind in _COUNTS_YEARS and context.today.month >= context.tables.rules.year_end_notice_month:
        rules += (year_end,)
    return rules


def check(application: Application, context: ReviewContext) -> tuple[Check, ...]:
    """Return what each applicable rule says. Pure: the same application and context give the same answers."""
    return tuple(rule(application, context) for rule in rules_for(application, context))
