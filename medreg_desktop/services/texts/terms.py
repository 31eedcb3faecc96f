"""The word for every member of the closed lists, and the label of every field, in the official terms.

Widgets, lists and messages all take their words from here, so that one thing has one name on every screen.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from medreg_core.domain.comparison import GroupCode, Mark
from medreg_core.domain.rules.materials import MaterialState
from medreg_core.domain.vocabulary import (
    Category,
    ChangePart,
    CheckResult,
    CodeState,
    CommandKind,
    FormState,
    HandOutWay,
    Kind,
    Level,
    Move,
    OutcomeKind,
    RegistrationState,
    RescueState,
    RevocationReason,
    Role,
    ScanResult,
    Sex,
    State,
)
from medreg_desktop.services.texts.translator import mark, tr

_WORDS: Final[dict[type[StrEnum], dict[StrEnum, str]]] = {
    Kind: {
        Kind.REGISTRATION: mark("Registration"),
        Kind.ASSISTANT_UPGRADE: mark("Assistant to physician"),
        Kind.CHANGE: mark("Change"),
        Kind.MULTI_SITE_FILING: mark("Multi-site filing"),
        Kind.MULTI_SITE_WITHDRAWAL: mark("Withdrawal of multi-site filing"),
        Kind.MULTI_PLACE_WITHDRAWAL: mark("Withdrawal of multi-place practice"),
        Kind.TRANSFER_FROM_MILITARY: mark("Transfer from the military"),
        Kind.TRANSFER_TO_MILITARY: mark("Transfer to the military"),
        Kind.CANCELLATION: mark("Cancellation"),
        Kind.DEPARTURE_FILING: mark("Departure filing"),
    },
    ChangePart: {
        ChangePart.PLACE: mark("Place of practice"),
        ChangePart.CATEGORY: mark("Category of practice"),
        ChangePart.SCOPE: mark("Scope of practice"),
        ChangePart.MAIN_INSTITUTION: mark("Main institution"),
    },
    State: {
        State.DRAFT: mark("Draft"),
        State.SUBMITTED: mark("To be reviewed"),
        State.AGREED: mark("Agreed by the institution"),
        State.ACCEPTED: mark("Accepted"),
        State.APPROVED: mark("Approved"),
        State.CERTIFIED: mark("Certificate made"),
        State.COLLECTED: mark("Certificate collected"),
        State.WITHDRAWN: mark("Withdrawn"),
        State.RETURNED: mark("Returned for correction"),
        State.REFUSED: mark("Refused by the institution"),
        State.SUPPLEMENT: mark("Supplement"),
        State.NOT_ACCEPTED: mark("Not accepted"),
        State.DENIED: mark("Registration denied"),
    },
    Move: {
        Move.SUBMIT: mark("Submit"),
        Move.RESUBMIT: mark("Submit again"),
        Move.WITHDRAW: mark("Withdraw the application"),
        Move.AGREE: mark("Agree"),
        Move.RETURN: mark("Return for correction"),
        Move.REFUSE: mark("Refuse"),
        Move.WITHDRAW_CONSENT: mark("Withdraw the consent"),
        Move.ACCEPT: mark("Accept"),
        Move.NOT_ACCEPT: mark("Do not accept"),
        Move.ASK_SUPPLEMENT: mark("Ask for a supplement"),
        Move.SUPPLY: mark("Supplement complete, accept"),
        Move.APPROVE: mark("Approve"),
        Move.DENY: mark("Deny registration"),
        Move.CERTIFY: mark("Make the certificate"),
        Move.COLLECT: mark("Hand out the certificate"),
    },
    Role: {
        Role.REGISTRAR: mark("Registrar"),
        Role.SUPERVISOR: mark("Supervisor"),
        Role.READ_ONLY: mark("Read only"),
        Role.INSTITUTION_ADMIN: mark("Institution administrator"),
        Role.PHYSICIAN: mark("Applicant"),
        Role.COMMISSION: mark("Authority"),
        Role.SYSTEM: mark("System"),
    },
    Sex: {
        Sex.UNKNOWN: mark("Sex unknown"),
        Sex.MALE: mark("Male"),
        Sex.FEMALE: mark("Female"),
        Sex.UNSPECIFIED: mark("Sex not stated"),
    },
    Level: {
        Level.PHYSICIAN: mark("Physician"),
        Level.ASSISTANT: mark("Assistant physician"),
    },
    Category: {
        Category.CLINICAL: mark("Clinical"),
        Category.DENTAL: mark("Dental"),
        Category.PUBLIC_HEALTH: mark("Public health"),
        Category.CHINESE: mark("Chinese medicine"),
    },
    RegistrationState: {
        RegistrationState.VALID: mark("Valid"),
        RegistrationState.CHANGED_OUT: mark("Changed out"),
        RegistrationState.FILED: mark("Filed as departed"),
        RegistrationState.CANCELLED: mark("Registration cancelled"),
        RegistrationState.RESIDENCY: mark("Residency training"),
        RegistrationState.INVALID: mark("Otherwise invalid"),
    },
    CheckResult: {
        CheckResult.PASS: mark("Passed"),
        CheckResult.FAIL: mark("Failed"),
        CheckResult.UNKNOWN: mark("Undecided"),
    },
    OutcomeKind: {
        OutcomeKind.ACCEPTED: mark("Taken by the service"),
        OutcomeKind.REJECTED: mark("Rejected"),
        OutcomeKind.CONFLICT: mark("Conflict"),
        OutcomeKind.SUPERSEDED: mark("Superseded"),
        OutcomeKind.DEFERRED: mark("Deferred"),
        OutcomeKind.RETRY: mark("To be sent again"),
        OutcomeKind.MISMATCH: mark("Content does not match"),
    },
    CommandKind: {
        CommandKind.AGREE: mark("Agree"),
        CommandKind.RETURN: mark("Return for correction"),
        CommandKind.REFUSE: mark("Refuse"),
        CommandKind.WITHDRAW_CONSENT: mark("Withdraw the consent"),
        CommandKind.RECORD_PRINT: mark("Record a print"),
        CommandKind.RECORD_RECALL: mark("Record a recall"),
        CommandKind.HAND_OUT_CODE: mark("Hand out an activation code"),
        CommandKind.VOID_CODE: mark("Void an activation code"),
        CommandKind.REPRINT_CODE: mark("Print an activation code again"),
    },
    CodeState: {
        CodeState.LEASED: mark("Not handed out"),
        CodeState.HANDED_OUT: mark("Handed out"),
        CodeState.REDEEMED: mark("Redeemed"),
        CodeState.VOIDED: mark("Voided"),
        CodeState.BURNT: mark("Burnt"),
    },
    HandOutWay: {
        HandOutWay.SLIP: mark("Slip"),
        HandOutWay.SMS: mark("Text message"),
        HandOutWay.EMAIL: mark("E-mail"),
    },
    FormState: {
        FormState.PENDING: mark("Pending"),
        FormState.AGREED: mark("Agreed"),
    },
    ScanResult: {
        ScanResult.VALID: mark("Genuine"),
        ScanResult.CHANGED: mark("Changed since"),
        ScanResult.VOID: mark("Void"),
        ScanResult.PENDING: mark("Pending"),
        ScanResult.FORGED: mark("Forged"),
    },
    Mark: {
        Mark.CHANGED: mark("changed"),
        Mark.ADDED: mark("added"),
        Mark.REMOVED: mark("removed"),
        Mark.SAME: mark("same"),
        Mark.NONE: "",
    },
    GroupCode: {
        GroupCode.REQUEST: mark("Application"),
        GroupCode.PERSON: mark("Person"),
        GroupCode.QUALIFICATION: mark("Qualification"),
        GroupCode.REGISTRATION: mark("Practice registration"),
    },
    MaterialState: {
        MaterialState.COMPLETE: mark("Complete"),
        MaterialState.ORIGINAL_UNSEEN: mark("Original not seen"),
        MaterialState.MISSING: mark("Missing"),
        MaterialState.LATER: mark("Printed after agreeing"),
    },
    RevocationReason: {
        RevocationReason.LOST: mark("Lost or stolen"),
        RevocationReason.RETIRED: mark("Taken out of use"),
        RevocationReason.HANDED_OVER: mark("Handed over"),
        RevocationReason.MISUSED: mark("Suspected of being used by somebody else"),
    },
    RescueState: {
        RescueState.WAITING: mark("Waiting for the supervisor"),
        RescueState.ANSWERED: mark("Answered before"),
        RescueState.CONFIRMED: mark("Confirmed"),
        RescueState.SET_ASIDE: mark("Set aside for good"),
    },
}
"""Kept apart by list: members of two lists may have equal values, and would then be one key."""

_LABELS: Final = {
    "name": mark("Name"),
    "sex": mark("Sex"),
    "birth_date": mark("Date of birth"),
    "nation": mark("Nation"),
    "id_kind": mark("Kind of document"),
    "id_number": mark("ID number"),
    "education": mark("Education"),
    "degree": mark("Degree"),
    "school": mark("School"),
    "major": mark("Major"),
    "graduated_on": mark("Graduated on"),
    "title": mark("Professional title"),
    "title_since": mark("Title since"),
    "phone": mark("Phone"),
    "address": mark("Address"),
    "postcode": mark("Postcode"),
    "qualification_level": mark("Qualification level"),
    "qualification_category": mark("Qualification category"),
    "qualification_code": mark("Qualification code"),
    "level": mark("Level"),
    "place": mark("Place of practice"),
    "institution_name": mark("Main institution"),
    "institution_code": mark("Institution number"),
    "category": mark("Category of practice"),
    "scopes": mark("Scope of practice"),
    "department": mark("Department"),
    "start_on": mark("Start of practice"),
    "end_on": mark("End of the filing"),
    "reason": mark("Reason"),
    "practice_code": mark("Practice code"),
    "sites": mark("Multi-site filing"),
    "assessment": mark("Periodic assessment"),
}


def term(value: StrEnum) -> str:
    """Return the word for a member of a closed list of the domain."""
    word = _WORDS[type(value)][value]
    return tr(word) if word else ""


def label(field: str) -> str:
    """Return the label of a field of the records, as sheets and conditions print it."""
    return tr(_LABELS[field])
