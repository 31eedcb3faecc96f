"""Sentences for what the rules say of an application, the findings of code checks, and what blocks agreeing."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from medreg_core.domain.codes.findings import Finding
from medreg_core.domain.rules.agreement import Blocker
from medreg_core.domain.rules.check import Basis, Check
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import Category, ChangePart, CheckResult, Level, RegistrationState, State
from medreg_desktop.services.faults import Problem
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.services.texts.rule_sentences import RULE_SENTENCES
from medreg_desktop.services.texts.terms import term
from medreg_desktop.services.texts.translator import mark, tr

_FINDINGS: Final[dict[str, str]] = {
    "id_missing": mark("ID number missing."),
    "id_length": mark("An ID number has 18 characters (formerly 15), not {length}."),
    "id_characters": mark("An ID number has digits only; the last may be X."),
    "id_date": mark("{date} in the ID number is no date."),
    "id_future": mark("The birth date {date} in the ID number lies in the future."),
    "id_check": mark("The last character of the ID number should be {expected}, not {found}: a digit is mistyped."),
    "id_birth_differs": mark("Birth date {written}, in the ID number {number}."),
    "id_sex_differs": mark("Sex and ID number disagree."),
    "id_old_form": mark("Number in the 15-digit form of 1989."),
    "id_kind": mark("Looks like the number of: {id_kind}."),
    "id_region_unknown": mark("Region {region} is not in the table; it may be an old one."),
    "qualification_missing": mark("Qualification code missing."),
    "qualification_length": mark("A qualification code has 27 or 24 characters, not {length}."),
    "qualification_characters": mark("A qualification code has digits only; the last of 27 may be X."),
    "qualification_year": mark("The year {year} in the qualification code is not between {first} and {last}."),
    "qualification_id": mark("The ID number inside the qualification code is wrong: {inner}"),
    "qualification_id_differs": mark("The ID number inside the qualification code is not the applicant's."),
    "qualification_province": mark("Province {province} in the qualification code is not a mainland one."),
    "qualification_level": mark("Level {level} in the qualification code is not known."),
    "qualification_category": mark("Category {category} in the qualification code is not known."),
    "practice_missing": mark("Practice code missing."),
    "practice_length": mark("A practice code has 15 digits, not {length}."),
    "practice_characters": mark("A practice code has digits only."),
    "practice_level": mark("Level {level} in the practice code is not known."),
    "practice_category": mark("Category {category} in the practice code is not known."),
    "practice_region": mark("Region {region} in the practice code is not in the table; it may be an old one."),
    "organisation_shape": mark("An organisation code has 8 signs and a check character."),
    "organisation_check": mark("The check character of the organisation code should be {expected}."),
    "credit_missing": mark("Unified social credit code missing."),
    "credit_length": mark("A unified social credit code has 18 signs, not {length}."),
    "credit_characters": mark("A unified social credit code has digits and capitals without I, O, S, V and Z."),
    "credit_check": mark("The last sign of the unified social credit code should be {expected}, not {found}."),
    "credit_inner_check": mark("The organisation code inside should end in {expected}."),
    "credit_region": mark("Region {region} in the unified social credit code is not in the table."),
    "institution_missing": mark("Institution number missing."),
    "institution_length": mark("An institution number has 22 signs (clinics 12), not {length}."),
    "institution_characters": mark("An institution number has digits and capitals only."),
    "institution_shape": mark("The parts of the institution number do not fit."),
    "institution_check": mark("The organisation code in the institution number should end in {expected}."),
    "institution_old_form": mark("Institution number in an old form."),
    "institution_region": mark("Region {region} in the institution number is not in the table."),
    "institution_management": mark("The last digit {management} of the institution number is not known."),
}

_BLOCKERS: Final[dict[str, str]] = {
    "state": mark("It stands as {state}, there is nothing to agree to."),
    "material_missing": mark("{material} is missing."),
    "original_unseen": mark("The original of {material} has not been seen."),
}

_BASES: Final[dict[str, str]] = {
    Basis.SCOPE_RULES: mark("Scope regulation"),
    Basis.INSTITUTION_REGULATIONS: mark("Institution regulations"),
    Basis.REGISTRATION_MEASURES: mark("Registration measures"),
    Basis.SYSTEM: mark("This system"),
    Basis.CONFIGURABLE: mark("Set by the authority"),
}

_ID_KINDS: Final[dict[str, str]] = {
    "hk_macao_taiwan_resident": mark("residence permit of Hong Kong, Macao or Taiwan"),
    "foreign_permanent_resident": mark("foreign permanent resident"),
    "resident": mark("resident"),
}

_LISTS: Final[dict[str, type[StrEnum]]] = {
    "has_level": Level,
    "wants_level": Level,
    "has_category": Category,
    "wants_category": Category,
    "registration_state": RegistrationState,
    "part": ChangePart,
}
"""Parameters that hold a member of a closed list, shown by its word."""


def check_title(check: Check) -> str:
    """Return the line a check shows in its list."""
    return tr(_sentences(check)[0], **_words(check.params))


def check_explanation(check: Check) -> str:
    """Return the second line of a check: what is missing and what to do; "" when the title says it all."""
    explanation = _sentences(check)[1]
    return tr(explanation, **_words(check.params)) if explanation else ""


def basis_name(article: str) -> str:
    """Return the words for the basis of a rule: ``医师法 第 14 条``, ``注册办法``."""
    _law, _, number = article.partition(":")
    return tr("Physicians Law, Art. {n}", n=number) if number else tr(_BASES[article])


def finding_sentence(finding: Finding) -> str:
    """Return what a check of a code found, as a sentence."""
    return tr(_FINDINGS[finding.code], **_words(finding.params))


def blocker_sentence(blocker: Blocker, tables: Tables) -> str:
    """Return one reason why the institution cannot agree yet."""
    params = blocker.params
    match blocker.code:
        case "check_failed":
            return check_title(Check(params["check"], CheckResult.FAIL, "", params, params["reason"]))
        case "state":
            return tr(_BLOCKERS["state"], state=term(State(params["state"])))
        case code:
            return tr(_BLOCKERS[code], material=tables.materials.name(params["material"]))


def refusal_sentence(problem: Problem, tables: Tables) -> str:
    """Return why an act was refused here: what blocks agreeing in the rules' words, everything else as a fault."""
    if problem.code in ("check_failed", *_BLOCKERS):
        return blocker_sentence(Blocker(problem.code, problem.params), tables)
    return sentence(problem.code, **problem.params)


def _sentences(check: Check) -> tuple[str, str]:
    return RULE_SENTENCES[check.code, check.result, check.reason]


def _words(params: Mapping[str, str]) -> dict[str, str]:
    """Return parameters as people read them: members of closed lists by their word, inner codes as sentences."""
    words = {name: term(_LISTS[name](value)) if name in _LISTS else value for name, value in params.items()}
    if "others" in params:
        words["others"] = tr(", ").join(term(ChangePart(part)) for part in params["others"].split(","))
    if "id_kind" in params:
        words["id_kind"] = tr(_ID_KINDS[params["id_kind"]])
    for nested in ("inner", "finding"):  # the inner sentence first: the finding's own sentence may quote it
        if nested in params:
            words[nested] = tr(_FINDINGS[params[nested]], **words)
    return words
