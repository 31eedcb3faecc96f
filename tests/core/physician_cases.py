"""Cases of the rules that look at the physician: qualification, grounds of refusal, identity, photo, scope."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from medreg_core.domain.records import Material, Statement
from medreg_core.domain.vocabulary import (
    Category,
    ChangePart,
    Level,
    Sex,
)
from tests.core.builders import (
    ID_NUMBER,
    application,
    change,
    institution,
    person,
    qualification,
    request,
)
from tests.core.rule_case import (
    FAIL,
    OLD_ID,
    PASS,
    PLACE,
    SCOPE,
    UNKNOWN,
    UNQUALIFIED,
    case,
    statement,
    with_context,
)

CASES = [
    # -- qualification
    case("qualification_valid", PASS, "", application()),
    # A new practice code is made from the qualification; a change that keeps the code can be made without.
    case("qualification_valid", FAIL, "no_data", UNQUALIFIED),
    case("qualification_valid", FAIL, "no_data", replace(PLACE, qualification=None)),
    case("qualification_valid", UNKNOWN, "no_data", replace(SCOPE, qualification=None)),
    case(
        "qualification_valid",
        FAIL,
        "code",
        application(qualification=qualification(code="2025991")),
        finding="qualification_length",
    ),
    case(
        "qualification_valid",
        FAIL,
        "code_differs",
        application(qualification=qualification(code=f"202599120{ID_NUMBER}")),
    ),
    case(
        "qualification_valid",
        FAIL,
        "code_differs",
        application(qualification=qualification(code=f"202599210{ID_NUMBER}")),
    ),
    case(
        "qualification_valid",
        FAIL,
        "level",
        application(request=request(level=Level.ASSISTANT, place="990102")),
        has_level="1",
        wants_level="2",
    ),
    case("qualification_valid", FAIL, "category", application(request=request(category=Category.DENTAL))),
    # An unknown exam category or level digit is a hint of the code, never a difference.
    case("qualification_valid", PASS, "", application(qualification=qualification(code=f"202599199{ID_NUMBER}"))),
    case("qualification_valid", PASS, "", application(qualification=qualification(code=f"202599310{ID_NUMBER}"))),
    # The paper of a passport's holder breaks the strict form; nobody is kept out by it.
    case(
        "qualification_valid",
        UNKNOWN,
        "other_document",
        application(
            person=person(id_kind="passport", id_number="E12345678"),
            qualification=qualification(code="202599110E12345678", id_number="E12345678"),
        ),
        finding="qualification_length",
    ),
    # -- refusal grounds
    case("refusal_grounds", PASS, "", application()),
    case(
        "refusal_grounds",
        FAIL,
        "declared",
        application(statement=Statement(no_refusal_ground=False, punishments="2025 年行政处罚")),
        punishments="2025 年行政处罚",
    ),
    case("refusal_grounds", UNKNOWN, "not_declared", application(statement=Statement())),
    # -- identity
    case("identity_matches", PASS, "", application()),
    case("identity_matches", PASS, "", application(qualification=qualification(id_number=OLD_ID))),
    case("identity_matches", PASS, "", application(qualification=qualification(code=f"202599110{OLD_ID}"))),
    case(
        "identity_matches",
        FAIL,
        "name",
        application(person=person(name="欧阳以寧")),
        written="欧阳以寧",
        registered="欧阳以宁",
    ),
    # Two dots that look alike are two characters here: the portal must take the register's.
    case(
        "identity_matches",
        FAIL,
        "name",
        application(
            person=person(name="买买提•艾力"),
            qualification=qualification(name="买买提·艾力"),
        ),
    ),
    case("identity_matches", FAIL, "id_number", application(person=person(id_number="11010519491231002X"))),
    case(
        "identity_matches",
        FAIL,
        "code_id",
        application(qualification=qualification(code="20259911011010519491231002X")),
    ),
    case("identity_matches", UNKNOWN, "no_data", UNQUALIFIED),
    case(
        "identity_matches",
        FAIL,
        "number",
        application(
            person=person(id_number="110105194912310021"), qualification=qualification(id_number="110105194912310021")
        ),
        finding="id_check",
    ),
    case(
        "identity_matches",
        FAIL,
        "number",
        application(person=person(birth_date=date(1990, 5, 18))),
        finding="id_birth_differs",
    ),
    case("identity_matches", FAIL, "number", application(person=person(sex=Sex.MALE)), finding="id_sex_differs"),
    case(
        "identity_matches",
        PASS,
        "",
        application(
            person=person(id_kind="passport", id_number="E12345678"), qualification=qualification(id_number="E12345678")
        ),
    ),
    # -- photo
    case("photo_present", PASS, "", application()),
    case("photo_present", FAIL, "missing", application(materials=())),
    case("photo_present", FAIL, "missing", application(materials=(Material("photo"),))),
    # -- scope
    case("scope_count", PASS, "", application()),
    case("scope_count", FAIL, "none", application(request=request(scopes=()))),
    case("scope_count", FAIL, "category", application(request=request(scopes=("dental",))), scopes="口腔"),
    case(
        "scope_count",
        FAIL,
        "too_many",
        application(request=request(scopes=("surgery", "paediatrics"))),
        count="2",
        limit="1",
    ),
    case("scope_count", PASS, "", application(request=request(scopes=("unheard_of",)))),
    with_context(
        case(
            "scope_count", PASS, "county", application(request=request(scopes=("surgery", "paediatrics", "emergency")))
        ),
        institution=institution(county_level=True),
    ),
    with_context(
        case(
            "scope_count",
            FAIL,
            "too_many",
            application(request=request(scopes=("surgery", "paediatrics", "emergency", "internal_medicine"))),
        ),
        institution=institution(county_level=True),
    ),
    # The exception is for clinical physicians only.
    with_context(
        case(
            "scope_count",
            FAIL,
            "too_many",
            application(
                request=request(category=Category.CHINESE, scopes=("chinese_medicine", "integrated_medicine")),
                qualification=qualification(category=Category.CHINESE),
            ),
        ),
        institution=institution(county_level=True),
    ),
    case("institution_covers_scope", PASS, "", application(), scopes="内科"),
    case("institution_covers_scope", FAIL, "missing", application(request=request(scopes=("dental",))), scopes="口腔"),
    with_context(
        case("institution_covers_scope", UNKNOWN, "no_subjects", application()), institution=institution(subjects=())
    ),
    case("training_for_change", PASS, "", SCOPE, months="6", required="6"),
    case(
        "training_for_change",
        FAIL,
        "too_short",
        replace(SCOPE, statement=statement(training_months=3)),
        months="3",
        required="6",
    ),
    case("training_for_change", FAIL, "no_certificate", replace(SCOPE, materials=(Material("photo", 1),))),
    case("training_for_change", UNKNOWN, "not_stated", replace(SCOPE, statement=statement())),
    case("training_for_change", PASS, "", change(ChangePart.CATEGORY)),
]
