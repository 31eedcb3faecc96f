"""What each rule says in each case: the line in the list, and the second line that says what to do.

Keys are rule, result and reason as :mod:`medreg_core.domain.rules` gives them; a test walks all of them.
"""

from __future__ import annotations

from typing import Final

from medreg_core.domain.vocabulary import CheckResult
from medreg_desktop.services.texts.translator import mark

_PASS, _FAIL, _UNKNOWN = CheckResult.PASS, CheckResult.FAIL, CheckResult.UNKNOWN

RULE_SENTENCES: Final[dict[tuple[str, CheckResult, str], tuple[str, str]]] = {
    ("qualification_valid", _PASS, ""): (mark("Qualification valid, category as applied for"), ""),
    ("qualification_valid", _FAIL, "code"): (mark("Qualification code wrong"), "{finding}"),
    ("qualification_valid", _FAIL, "code_differs"): (
        mark("Qualification code and data disagree"),
        mark("Level or category in the code is not that of the data; the province's exam office corrects it."),
    ),
    ("qualification_valid", _FAIL, "level"): (
        mark("Level not as applied for"),
        mark("Qualified as {has_level}, applied as {wants_level}."),
    ),
    ("qualification_valid", _FAIL, "category"): (
        mark("Category not as applied for"),
        mark("Qualified in {has_category}, applied in {wants_category}."),
    ),
    ("qualification_valid", _FAIL, "no_data"): (
        mark("Qualification: no data yet, so no practice code can be given"),
        mark("Return it. Submitted again after the exam centre's data have arrived, it carries the qualification."),
    ),
    ("qualification_valid", _UNKNOWN, "no_data"): (
        mark("Qualification: no data yet"),
        mark("The exam centre's data have not arrived. The applicant can enter the admission number to fetch them."),
    ),
    ("qualification_valid", _UNKNOWN, "other_document"): (
        mark("Qualification code: not checkable for this document"),
        mark("{finding} Compare with the certificate."),
    ),
    ("refusal_grounds", _PASS, ""): (mark("No ground of refusal"), ""),
    ("refusal_grounds", _FAIL, "declared"): (
        mark("A ground of refusal was declared"),
        mark("Punishments stated: {punishments}"),
    ),
    ("refusal_grounds", _UNKNOWN, "not_declared"): (
        mark("Grounds of refusal: not declared"),
        mark("Ask the applicant to declare whether one applies."),
    ),
    ("identity_matches", _PASS, ""): (mark("Name and ID number equal the qualification character by character"), ""),
    ("identity_matches", _FAIL, "name"): (
        mark("Name differs from the qualification"),
        mark("Written {written}, qualification {registered}."),
    ),
    ("identity_matches", _FAIL, "id_number"): (
        mark("ID number differs from the qualification"),
        mark("Compare both with the ID card; a mistake upstream is corrected by the exam office."),
    ),
    ("identity_matches", _FAIL, "number"): (mark("ID number, birth date or sex wrong"), "{finding}"),
    ("identity_matches", _FAIL, "code_id"): (
        mark("Qualification code belongs to another ID number"),
        mark("The number at the end of the code must be the applicant's."),
    ),
    ("identity_matches", _UNKNOWN, "no_data"): (mark("Identity: no qualification to compare with"), ""),
    ("photo_present", _PASS, ""): (mark("Two-inch photo, white background, of the last six months"), ""),
    ("photo_present", _FAIL, "missing"): (
        mark("Photo missing"),
        mark("A two-inch photo with white background of the last six months is needed."),
    ),
    ("scope_count", _PASS, ""): (mark("One category and one specialty only"), ""),
    ("scope_count", _PASS, "county"): (
        mark("One category, {count} specialties (county level and below)"),
        mark("The county approves, the city is informed."),
    ),
    ("scope_count", _FAIL, "none"): (mark("No scope chosen"), mark("Choose one specialty.")),
    ("scope_count", _FAIL, "category"): (
        mark("Scope belongs to another category"),
        mark("Not of this category: {scopes}."),
    ),
    ("scope_count", _FAIL, "too_many"): (mark("Too many specialties"), mark("Applied for {count}, allowed {limit}.")),
    ("institution_covers_scope", _PASS, ""): (mark("Registered subjects of this institution include {scopes}"), ""),
    ("institution_covers_scope", _FAIL, "missing"): (
        mark("Registered subjects of this institution lack {scopes}"),
        mark("Change the scope applied for, or have the subject added to the licence first."),
    ),
    ("institution_covers_scope", _UNKNOWN, "no_subjects"): (
        mark("Subjects of this institution: no data"),
        mark("The authority has not sent the licence's subjects."),
    ),
    ("training_for_change", _PASS, ""): (mark("Training for the change passed, {months} months"), ""),
    ("training_for_change", _FAIL, "too_short"): (
        mark("Training too short: a change of scope needs training and assessment"),
        mark("Training of {months} months; {required} continuous months are required."),
    ),
    ("training_for_change", _FAIL, "no_certificate"): (
        mark("Certificate of training missing"),
        mark("Training of {months} months is stated, its certificate is not there."),
    ),
    ("training_for_change", _UNKNOWN, "not_stated"): (
        mark("Training for the change: not stated"),
        mark("{required} continuous months are required."),
    ),
    ("registration_valid", _PASS, ""): (mark("Practice registration valid"), ""),
    ("registration_valid", _FAIL, "none"): (
        mark("No practice registration"),
        mark("This business needs a registration; a first one is applied for as \u6ce8\u518c."),
    ),
    ("registration_valid", _FAIL, "state"): (
        mark("Practice registration not valid"),
        mark("It stands as: {registration_state}."),
    ),
    ("place_is_free", _PASS, ""): (mark("No other registration in this place"), ""),
    ("place_is_free", _FAIL, "taken"): (
        mark("Registered in this place already"),
        mark("Registered at {institution}; change the main institution, or file this one beside it."),
    ),
    ("stopped_practice", _PASS, ""): (mark("Practice not stopped for {years} years, no training needed"), ""),
    ("stopped_practice", _PASS, "retrained"): (mark("Stopped {years} years, trained {months} months"), ""),
    ("stopped_practice", _FAIL, "no_training"): (
        mark("Stopped for {years} years without training"),
        mark("{required} continuous months of training with assessment are required."),
    ),
    ("stopped_practice", _FAIL, "too_short"): (
        mark("Stopped for {years} years, training too short"),
        mark("Training of {months} months; {required} are required."),
    ),
    ("stopped_practice", _UNKNOWN, "no_data"): (mark("Interruption of practice: no data"), ""),
    ("assessment_passed", _PASS, ""): (mark("Last periodic assessment passed"), ""),
    ("assessment_passed", _PASS, "first_registration"): (mark("First registration, no assessment yet"), ""),
    ("assessment_passed", _PASS, "not_due"): (mark("First assessment not due before {due}"), ""),
    ("assessment_passed", _FAIL, "failed"): (
        mark("Last periodic assessment failed"),
        mark("Period {period}. Practice is suspended until the assessment is passed again."),
    ),
    ("assessment_passed", _UNKNOWN, "no_data"): (mark("Periodic assessment: no result known"), ""),
    ("no_other_pending", _PASS, ""): (mark("No other business under way"), ""),
    ("no_other_pending", _FAIL, "pending"): (
        mark("Other business under way: {count}"),
        mark("It must be finished or withdrawn first."),
    ),
    ("no_other_pending", _UNKNOWN, "offline"): (mark("Other business: offline, the service checks once connected"), ""),
    ("no_other_pending", _UNKNOWN, "not_given"): (mark("Other business: not known to the service"), ""),
    ("origin_agrees", _PASS, ""): (mark("The original institution agrees"), ""),
    ("origin_agrees", _FAIL, "refused"): (
        mark("The original institution does not agree"),
        mark("Settle it with the original institution before agreeing."),
    ),
    ("origin_agrees", _UNKNOWN, "offline"): (
        mark("Opinion of the original institution: offline, the service checks once connected"),
        "",
    ),
    ("origin_agrees", _UNKNOWN, "not_given"): (mark("Opinion of the original institution: not given yet"), ""),
    ("other_sites", _PASS, ""): (mark("No filing at other institutions"), ""),
    ("other_sites", _PASS, "sites"): (mark("Filings at other institutions stay"), "{sites}"),
    ("other_sites", _UNKNOWN, "offline"): (mark("Practice and filings elsewhere: offline, checked once connected"), ""),
    ("other_sites", _UNKNOWN, "filings_end"): (
        mark("Filings at other institutions end with the change"),
        mark("To be filed again there if they shall go on: {sites}."),
    ),
    ("place_in_region", _PASS, ""): (mark("Place lies in this authority's area"), ""),
    ("place_in_region", _FAIL, "level"): (
        mark("Place of the wrong level"),
        mark("Written {place}, for this level it is {expected}."),
    ),
    ("place_in_region", _FAIL, "elsewhere"): (
        mark("Place lies outside this authority's area"),
        mark("Written {place}, this institution lies in {expected}."),
    ),
    ("place_in_region", _FAIL, "missing"): (
        mark("Place of practice: not stated"),
        mark("Return it for {expected} to be stated."),
    ),
    ("request_names_this_institution", _PASS, ""): (mark("Applied for at this institution, name and number equal"), ""),
    ("request_names_this_institution", _FAIL, "missing"): (
        mark("Institution applied for: not stated"),
        mark("Return it for {standard} to be stated."),
    ),
    ("request_names_this_institution", _FAIL, "name_differs"): (
        mark("Institution applied for is not this one"),
        mark("Written {written}, standard {standard}. Return it to be corrected, or sent to that institution."),
    ),
    ("request_names_this_institution", _FAIL, "no_code"): (
        mark("Institution number: not stated"),
        mark("Return it for {standard} to be stated."),
    ),
    ("request_names_this_institution", _FAIL, "code_differs"): (
        mark("Institution number is not this one's"),
        mark("Written {written}, of this institution {standard}. Return it to be corrected."),
    ),
    ("assistant_one_place", _PASS, ""): (mark("Assistant registers one place only"), ""),
    ("assistant_one_place", _FAIL, "filing"): (mark("Assistants may not file at other institutions"), ""),
    ("assistant_one_place", _FAIL, "second"): (
        mark("Assistant is registered elsewhere already"),
        mark("Registered at {institution}; use a change instead."),
    ),
    ("filing_same_province", _PASS, ""): (mark("Filing stays inside {province}"), ""),
    ("filing_same_province", _FAIL, "other_province"): (
        mark("Filing outside the province of the registration"),
        mark("Registered in {registered}, filing in {wanted}: register there first."),
    ),
    ("filing_same_province", _FAIL, "main_institution"): (
        mark("This is the main institution already"),
        mark("Nothing to file at {institution}."),
    ),
    ("filing_same_province", _UNKNOWN, "no_data"): (mark("Province of the registration: no data"), ""),
    ("site_is_filed", _PASS, ""): (mark("A filing at this institution exists"), ""),
    ("site_is_filed", _FAIL, "not_filed"): (
        mark("No filing at this institution"),
        mark("There is nothing to withdraw at {institution}."),
    ),
    ("site_is_filed", _UNKNOWN, "no_data"): (mark("Filing at this institution: no data"), ""),
    ("registered_here", _PASS, ""): (mark("Registered under this institution's standard name"), ""),
    ("registered_here", _FAIL, "name_differs"): (
        mark("Registered institution differs from this one's standard name"),
        mark("Registered {registered}, standard {standard}. Only the health commission can correct it."),
    ),
    ("registered_here", _UNKNOWN, "no_data"): (mark("Registered institution: no data"), ""),
    ("change_fits", _PASS, ""): (mark("Kind of change fits what changes"), ""),
    ("change_fits", _PASS, "old_place_ends"): (
        mark("Change to another province"),
        mark("The registration in {old} ends. To keep it, apply for a registration instead."),
    ),
    ("change_fits", _FAIL, "level"): (
        mark("A change leaves the level as it is"),
        mark("Registered as {has_level}, applied as {wants_level}. An assistant who has qualified upgrades instead."),
    ),
    ("change_fits", _FAIL, "nothing_changes"): (
        mark("Nothing changes in what shall be changed"),
        mark("{part} applied for is that of the present registration."),
    ),
    ("change_fits", _FAIL, "more_changes"): (
        mark("More changes than the kind of change allows"),
        mark("Chosen: {part}. Also different: {others}. Each needs its own application."),
    ),
    ("change_fits", _UNKNOWN, "no_data"): (mark("Change: nothing registered to compare with"), ""),
    ("upgrade_fits", _PASS, ""): (mark("Registered assistant of this institution"), ""),
    ("upgrade_fits", _FAIL, "not_registered"): (
        mark("No registration as assistant"),
        mark("Without one this is a first registration."),
    ),
    ("upgrade_fits", _FAIL, "no_assistant"): (mark("Not registered as assistant"), ""),
    ("upgrade_fits", _FAIL, "other_institution"): (
        mark("Assistant of another institution"),
        mark("Registered at {registered}; with a change of place this is a registration."),
    ),
    ("reason_given", _PASS, ""): (mark("Ground stated"), ""),
    ("reason_given", _FAIL, "missing"): (mark("Ground missing"), mark("State the ground, with its date.")),
    ("start_date", _PASS, ""): (mark("Start of practice {start}"), ""),
    ("start_date", _FAIL, "too_late"): (
        mark("Start of practice too far ahead"),
        mark("Written {start}, at the latest {latest}."),
    ),
    ("start_date", _FAIL, "too_early"): (
        mark("Start of practice before the qualification"),
        mark("Written {start}, at the earliest {earliest}."),
    ),
    ("start_date", _UNKNOWN, "not_stated"): (
        mark("Start of practice: not stated"),
        mark("Assistants enter the day of their assistant registration, others today."),
    ),
    ("filing_term", _PASS, ""): (mark("Term of the filing {start} to {end}"), ""),
    ("filing_term", _FAIL, "not_stated"): (
        mark("Term of the filing incomplete"),
        mark("Both beginning and end are needed."),
    ),
    ("filing_term", _FAIL, "order"): (mark("Filing ends before it begins"), mark("From {start} to {end}.")),
    ("filing_term", _FAIL, "over"): (mark("Term of the filing is over"), mark("It ended on {end}.")),
    ("filing_term", _FAIL, "too_long"): (mark("Term of the filing too long"), mark("At most {years} years.")),
    ("report_in_time", _PASS, ""): (mark("Reported within {days} days"), ""),
    ("report_in_time", _PASS, "late"): (
        mark("Reported later than {days} days"),
        mark("The day to report by was {last}. It must be reported all the same."),
    ),
    ("report_in_time", _UNKNOWN, "no_data"): (
        mark("End of practice: no date known"),
        mark("To be reported within {days} days."),
    ),
    ("year_end", _PASS, "in_time"): (
        mark("Can count for {year}: accepted by {last}"),
        mark("The authority has {limit} working days."),
    ),
    ("year_end", _PASS, "too_late"): (
        mark("May count for the next year only: {last} has passed"),
        mark("{limit} working days no longer end in {year}, unless the authority is quicker."),
    ),
    ("year_end", _UNKNOWN, "not_published"): (mark("Year-end date: working days of {year} not published"), ""),
}
