"""Rules about the practice registration as it stands: validity, interruption, assessment, other business."""

from __future__ import annotations

from datetime import date

from medreg_core.domain.deadlines import china_date
from medreg_core.domain.records import Application
from medreg_core.domain.registrations import ends_filings
from medreg_core.domain.rules.check import Basis, Check, ReviewContext, Rule, law
from medreg_core.domain.vocabulary import RegistrationState

REGISTERED = Rule("registration_valid", law(13))
PLACE_FREE = Rule("place_is_free", Basis.REGISTRATION_MEASURES)
STOPPED = Rule("stopped_practice", law(19), configurable=True)
ASSESSMENT = Rule("assessment_passed", law(42))
PENDING = Rule("no_other_pending", Basis.SYSTEM)
ORIGIN = Rule("origin_agrees", law(18))
OTHER_SITES = Rule("other_sites", law(15))


def years_later(day: date, years: int) -> date:
    """Return the same day ``years`` later; 29 February becomes 1 March, so that a term is never short by a day.

    Registers write 9999-12-31 for "without end"; nothing comes after it.
    """
    if day.year + years > date.max.year:
        return date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def registration_valid(application: Application, context: ReviewContext) -> Check:  # noqa: ARG001 - one shape for all rules
    """Pass when a valid practice registration is there to be changed, filed, or ended."""
    registration = application.registration
    if registration is None:
        return REGISTERED.failed("none")
    if registration.state is not RegistrationState.VALID:
        return REGISTERED.failed("state", registration_state=registration.state)
    return REGISTERED.passed()


def place_is_free(application: Application, context: ReviewContext) -> Check:  # noqa: ARG001 - one shape for all rules
    """Pass unless a valid registration in the very place is held: it is changed, or others are filed beside it."""
    registration = application.registration
    if registration is not None and _practises(application) and registration.place == application.request.place:
        return PLACE_FREE.failed("taken", institution=registration.institution_name)
    return PLACE_FREE.passed()


def stopped_since(application: Application) -> date | None:
    """Return since when the physician has not practised; before a first registration, since the qualification."""
    registration, qualification = application.registration, application.qualification
    if registration is not None:
        return registration.practising_until
    return qualification.obtained_on if qualification else None


def needs_retraining(application: Application, stopped_years: int) -> bool:
    """Return whether Art. 19 asks for training: two full years without practice, or without ever registering.

    Counted to the day of submission, so that the checklist of materials stays the same while the review takes its time.
    """
    since = stopped_since(application)
    return since is not None and years_later(since, stopped_years) <= china_date(application.submitted_at)


def _practises(application: Application) -> bool:
    return application.registration is not None and application.registration.state is RegistrationState.VALID


def stopped_practice(application: Application, context: ReviewContext) -> Check:
    """Pass when practice did not stop for two full years, or training and assessment made up for it."""
    rules = context.tables.rules
    if stopped_since(application) is None and not _practises(application):
        return STOPPED.unknown("no_data")
    if not needs_retraining(application, rules.stopped_years):
        return STOPPED.passed(years=str(rules.stopped_years))
    months = application.statement.training_months
    params = {"years": str(rules.stopped_years), "required": str(rules.training_months)}
    if months is None:
        return STOPPED.failed("no_training", **params)
    if months < rules.training_months:
        return STOPPED.failed("too_short", months=str(months), **params)
    return STOPPED.passed("retrained", months=str(months), **params)


def assessment_passed(application: Application, context: ReviewContext) -> Check:
    """Pass when the last 定期考核 was passed, or the first cycle of three years is not over yet."""
    registration = application.registration
    if registration is None:
        return ASSESSMENT.passed("first_registration")
    if registration.assessment_passed is True:
        return ASSESSMENT.passed(period=registration.assessment)
    if registration.assessment_passed is False:
        return ASSESSMENT.failed("failed", period=registration.assessment)
    due = years_later(registration.registered_on, context.tables.rules.assessment_cycle_years)
    return ASSESSMENT.passed("not_due", due=due.isoformat()) if context.today < due else ASSESSMENT.unknown("no_data")


def no_other_pending(application: Application, context: ReviewContext) -> Check:
    """Pass when no other application of this physician is in progress anywhere."""
    match application.other_pending:
        case None:
            return PENDING.unknown("not_given" if context.online else "offline")
        case 0:
            return PENDING.passed()
        case count:
            return PENDING.failed("pending", count=str(count))


def origin_agrees(application: Application, context: ReviewContext) -> Check:
    """Pass when the institution that the physician leaves has agreed; only the register knows."""
    match application.origin_agrees:
        case True:
            return ORIGIN.passed()
        case False:
            return ORIGIN.failed("refused")
        case None:
            return ORIGIN.unknown("not_given" if context.online else "offline")


def other_sites(application: Application, context: ReviewContext) -> Check:
    """Pass when no filing at another institution is touched; offline a newer one may exist that is not known here."""
    registration = application.registration
    sites = registration.sites if registration else ()
    if not context.online:
        return OTHER_SITES.unknown("offline")
    if sites and ends_filings(application):
        return OTHER_SITES.unknown("filings_end", sites="、".join(sites))
    return OTHER_SITES.passed("sites" if sites else "", sites="、".join(sites))
