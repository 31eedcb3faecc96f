"""Rules about what kind of business fits: the wrong one silently ends a registration (``domain.md`` §9)."""

from __future__ import annotations

from medreg_core.domain.records import Application, Registration, Request
from medreg_core.domain.regions import province_of
from medreg_core.domain.rules.check import Check, ReviewContext, Rule, law
from medreg_core.domain.vocabulary import ChangePart, Level

CHANGE = Rule("change_fits", law(18))
UPGRADE = Rule("upgrade_fits", law(9))
REASON = Rule("reason_given", law(17))


def changed_parts(registration: Registration, request: Request) -> frozenset[ChangePart]:
    """Return in which respects the request differs from the registration."""
    pairs = {
        ChangePart.PLACE: (registration.place, request.place),
        ChangePart.CATEGORY: (registration.category, request.category),
        ChangePart.SCOPE: (frozenset(registration.scopes), frozenset(request.scopes)),
        ChangePart.MAIN_INSTITUTION: (registration.institution_name, request.institution_name),
    }
    return frozenset(part for part, (old, new) in pairs.items() if old != new)


_MAY_COME_ALONG = {
    ChangePart.PLACE: {ChangePart.MAIN_INSTITUTION},  # another place is always another institution
    ChangePart.CATEGORY: {ChangePart.SCOPE},  # another category has its own scopes
    ChangePart.SCOPE: set[ChangePart](),
    ChangePart.MAIN_INSTITUTION: set[ChangePart](),
}


def change_fits(application: Application, context: ReviewContext) -> Check:
    """Pass when the named part changes, and nothing that would need another change; the level never changes."""
    registration, part = application.registration, application.change_part
    if registration is None or part is None:
        return CHANGE.unknown("no_data")
    if application.request.level is not registration.level:
        return CHANGE.failed("level", has_level=registration.level, wants_level=application.request.level)
    changed = changed_parts(registration, application.request)
    if part not in changed:
        return CHANGE.failed("nothing_changes", part=part)
    others = sorted(changed - {part} - _MAY_COME_ALONG[part])
    if others:
        return CHANGE.failed("more_changes", part=part, others=",".join(others))
    old, new = province_of(registration.place), province_of(application.request.place)
    if old != new:
        names = context.tables.regions
        return CHANGE.passed("old_place_ends", part=part, old=names.name(old), new=names.name(new))
    return CHANGE.passed(part=part)


def upgrade_fits(application: Application, context: ReviewContext) -> Check:  # noqa: ARG001 - one shape for all rules
    """Pass when a registered assistant, now qualified as a physician, stays in the institution.

    With a change of place the upgrade is a new 注册 instead (``domain.md`` §3.4).
    """
    registration = application.registration
    if registration is None:
        return UPGRADE.failed("not_registered")
    if registration.level is not Level.ASSISTANT:
        return UPGRADE.failed("no_assistant")
    if registration.institution_name != application.request.institution_name:
        return UPGRADE.failed("other_institution", registered=registration.institution_name)
    return UPGRADE.passed()


def reason_given(application: Application, context: ReviewContext) -> Check:  # noqa: ARG001 - one shape for all rules
    """Pass when a cancellation or departure names its ground."""
    return REASON.passed() if application.request.reason.strip() else REASON.failed("missing")
