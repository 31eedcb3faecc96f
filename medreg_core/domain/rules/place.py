"""Rules about where: the institution applied to, the authority's area, filings, and what an assistant may not do."""

from __future__ import annotations

from medreg_core.domain.records import Application
from medreg_core.domain.regions import province_of
from medreg_core.domain.rules.check import Basis, Check, ReviewContext, Rule
from medreg_core.domain.vocabulary import Kind, Level, RegistrationState

IN_REGION = Rule("place_in_region", Basis.REGISTRATION_MEASURES)
ASSISTANT = Rule("assistant_one_place", Basis.REGISTRATION_MEASURES)
SAME_PROVINCE = Rule("filing_same_province", Basis.REGISTRATION_MEASURES)
FILED = Rule("site_is_filed", Basis.REGISTRATION_MEASURES)
HERE = Rule("registered_here", Basis.SYSTEM)
NAMED = Rule("request_names_this_institution", Basis.SYSTEM)


def request_names_this_institution(application: Application, context: ReviewContext) -> Check:
    """Pass when the request names this institution, by standard name and number, character by character.

    The form prints both as the applicant wrote them, and an approval writes them into the register. Withdrawing a
    filing asks for no number, and none is printed or kept: only one that is another's fails there.
    """
    request, own = application.request, context.institution
    if not request.institution_name.strip():
        return NAMED.failed("missing", standard=own.name)
    if request.institution_name != own.name:
        return NAMED.failed("name_differs", written=request.institution_name, standard=own.name)
    if not request.institution_code and application.kind is not Kind.MULTI_SITE_WITHDRAWAL:
        return NAMED.failed("no_code", standard=own.code)
    if request.institution_code not in ("", own.code):
        return NAMED.failed("code_differs", written=request.institution_code, standard=own.code)
    return NAMED.passed()


def place_in_region(application: Application, context: ReviewContext) -> Check:
    """Pass when the place is this institution's: the province for a physician, the county for an assistant.

    The same field means two levels (``domain.md`` §10), so its length is checked with the level.
    """
    place, level, region = application.request.place, application.request.level, context.institution.region
    expected = region if level is Level.ASSISTANT else province_of(region)
    names = {"place": context.tables.regions.full_name(place), "expected": context.tables.regions.full_name(expected)}
    if not place:
        return IN_REGION.failed("missing", **names)
    if place == expected:
        return IN_REGION.passed(**names)
    if place.startswith(expected) or expected.startswith(place):
        return IN_REGION.failed("level", **names)
    return IN_REGION.failed("elsewhere", **names)


def assistant_one_place(application: Application, context: ReviewContext) -> Check:  # noqa: ARG001 - one shape for all rules
    """Pass unless an assistant asks for a second place: assistants register one place only and file no other."""
    registration = application.registration
    if application.kind is Kind.MULTI_SITE_FILING:
        return ASSISTANT.failed("filing")
    if (
        application.kind is Kind.REGISTRATION
        and registration is not None
        and registration.state is RegistrationState.VALID
    ):
        return ASSISTANT.failed("second", institution=registration.institution_name)
    return ASSISTANT.passed()


def filing_same_province(application: Application, context: ReviewContext) -> Check:
    """Pass when a multi-site filing stays inside the province of the registration (``domain.md`` §3.4).

    The form prints the place that was applied for; where one is stated it must lie there too.
    """
    registration = application.registration
    if registration is None:
        return SAME_PROVINCE.unknown("no_data")
    here, there = province_of(registration.place), province_of(context.institution.region)
    if here == there and application.request.place:
        there = province_of(application.request.place)
    if here != there:
        names = {"registered": context.tables.regions.name(here), "wanted": context.tables.regions.name(there)}
        return SAME_PROVINCE.failed("other_province", **names)
    if registration.institution_name == context.institution.name:
        return SAME_PROVINCE.failed("main_institution", institution=registration.institution_name)
    return SAME_PROVINCE.passed(province=context.tables.regions.name(here))


def site_is_filed(application: Application, context: ReviewContext) -> Check:
    """Pass when the filing that shall be withdrawn exists at this institution."""
    registration = application.registration
    if registration is None:
        return FILED.unknown("no_data")
    if context.institution.name in registration.sites:
        return FILED.passed()
    return FILED.failed("not_filed", institution=context.institution.name)


def registered_here(application: Application, context: ReviewContext) -> Check:
    """Pass when the registration's institution equals this institution's standard name, character by character."""
    registration = application.registration
    if registration is None:
        return HERE.unknown("no_data")
    names = {"registered": registration.institution_name, "standard": context.institution.name}
    return HERE.passed(**names) if names["registered"] == names["standard"] else HERE.failed("name_differs", **names)
