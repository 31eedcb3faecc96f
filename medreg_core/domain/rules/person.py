"""Rules about who applies: identity, qualification, grounds of refusal, photo."""

from __future__ import annotations

from medreg_core.domain.codes.id_number import check_id_matches, check_id_number, same_id_number
from medreg_core.domain.codes.qualification_code import check_qualification_code, parse_qualification_code
from medreg_core.domain.records import Application, Qualification
from medreg_core.domain.registrations import needs_new_code
from medreg_core.domain.rules.check import Basis, Check, ReviewContext, Rule, law

QUALIFICATION = Rule("qualification_valid", law(14))
REFUSAL_GROUNDS = Rule("refusal_grounds", law(16))
IDENTITY = Rule("identity_matches", Basis.SYSTEM)
PHOTO = Rule("photo_present", Basis.REGISTRATION_MEASURES)


def qualification_valid(application: Application, context: ReviewContext) -> Check:
    """Pass when the qualification's code holds, and level and category are those asked for.

    A code that embeds the number of a passport or officer's card breaks the strict form; that is left to the registrar.
    """
    qualification, request = application.qualification, application.request
    if qualification is None:
        # Without one no practice code can be made: it would be agreed to and printed, and never approved.
        return QUALIFICATION.failed("no_data") if needs_new_code(application) else QUALIFICATION.unknown("no_data")
    wrong = _code_fault(application, qualification, context)
    if wrong is not None:
        return wrong
    if qualification.level is not request.level:
        return QUALIFICATION.failed("level", has_level=qualification.level, wants_level=request.level)
    if qualification.category is not request.category:
        return QUALIFICATION.failed("category", has_category=qualification.category, wants_category=request.category)
    return QUALIFICATION.passed()


def _code_fault(application: Application, qualification: Qualification, context: ReviewContext) -> Check | None:
    """Return the answer for a code that is wrong or is not that of its data, else None."""
    findings = check_qualification_code(qualification.code, context.today, tables=context.tables)
    wrong = next((finding for finding in findings if finding.hard), None)
    if wrong is None:
        return None if _code_agrees(qualification, context) else QUALIFICATION.failed("code_differs")
    if _has_resident_number(application, context):
        return QUALIFICATION.failed("code", finding=wrong.code, **wrong.params)
    return QUALIFICATION.unknown("other_document", finding=wrong.code, **wrong.params)


def _code_agrees(qualification: Qualification, context: ReviewContext) -> bool:
    """Return whether the code's level and category digits agree with the qualification's data, if known."""
    parsed = parse_qualification_code(qualification.code)
    if parsed is None:
        return False
    owner = context.tables.exam_category_owners.get(parsed.exam_category)
    level_agrees = parsed.level not in {"1", "2"} or parsed.level == qualification.level.value
    return level_agrees and owner in (None, qualification.category)


def refusal_grounds(application: Application, context: ReviewContext) -> Check:  # noqa: ARG001 - one shape for all rules
    """Pass when the applicant declared that none of the grounds of Art. 16 applies."""
    match application.statement.no_refusal_ground:
        case True:
            return REFUSAL_GROUNDS.passed()
        case False:
            return REFUSAL_GROUNDS.failed("declared", punishments=application.statement.punishments)
        case None:
            return REFUSAL_GROUNDS.unknown("not_declared")


def _has_resident_number(application: Application, context: ReviewContext) -> bool:
    """Return whether the person's document follows GB 11643, so that its number can be checked at all."""
    return application.person.id_kind in context.tables.resident_id_kinds


def identity_matches(application: Application, context: ReviewContext) -> Check:
    """Pass when the name equals the qualification's character by character, and the ID number is right and the same.

    The name is compared as it stands: a look-alike character is the commonest cause of a physician not being found.
    """
    person, qualification = application.person, application.qualification
    if qualification is None:
        return IDENTITY.unknown("no_data")
    if person.name != qualification.name:
        return IDENTITY.failed("name", written=person.name, registered=qualification.name)
    if not same_id_number(person.id_number, qualification.id_number):
        return IDENTITY.failed("id_number")
    if not _has_resident_number(application, context):
        return IDENTITY.passed()
    return _number_answer(application, qualification, context)


def _number_answer(application: Application, qualification: Qualification, context: ReviewContext) -> Check:
    """Return the answer on a number that equals the qualification's: it may still be wrong in both."""
    person = application.person
    findings = (
        *check_id_number(person.id_number, context.today),
        *check_id_matches(person.id_number, person.birth_date, person.sex),
    )
    wrong = next((finding for finding in findings if finding.hard), None)
    if wrong is not None:
        return IDENTITY.failed("number", finding=wrong.code, **wrong.params)
    embedded = parse_qualification_code(qualification.code)
    if embedded is not None and not same_id_number(embedded.id_number, person.id_number):
        return IDENTITY.failed("code_id")
    return IDENTITY.passed()


def photo_present(application: Application, context: ReviewContext) -> Check:  # noqa: ARG001 - one shape for all rules
    """Pass when a photo was handed in: two-inch, white background, of the last six months."""
    has_photo = any(
        material.code == "photo" and (material.pages or material.copies) for material in application.materials
    )
    return PHOTO.passed() if has_photo else PHOTO.failed("missing")
