"""What stands in each field of a form: an application as the words and numbers of the official paper.

The words are Chinese whatever language the screen speaks: the form is the authority's. Field list: ``domain.md`` §8.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from medreg_core.domain.comparison import asked_fields
from medreg_core.domain.deadlines import china_date
from medreg_core.domain.masking import mask_id, mask_phone, mask_qualification_code
from medreg_core.domain.records import Application, Experience, Institution, Qualification, Registration, Request
from medreg_core.domain.registrations import ENDING
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import Category, ChangePart, FormState, Kind, Level, Sex
from medreg_desktop.services.printing.field_names import (
    EXPERIENCE_ROWS,
    QUALIFICATION_FIELDS,
    REGISTRATION_FIELDS,
    TICK_OF_KIND,
)

NONE_GIVEN = "—"
"""What a field shows that has nothing to say; an empty field could be filled in by hand afterwards."""

NOT_ASKED = "（本次申请不填）"
"""What a field shows that the kind of application does not ask for."""

KIND_WORDS = {
    Kind.REGISTRATION: "注册",
    Kind.ASSISTANT_UPGRADE: "助理升执业",
    Kind.CHANGE: "变更",
    Kind.MULTI_SITE_FILING: "多执业机构备案",
    Kind.MULTI_SITE_WITHDRAWAL: "取消多执业机构备案",
    Kind.MULTI_PLACE_WITHDRAWAL: "取消多地点执业",
    Kind.TRANSFER_FROM_MILITARY: "军队变更入",
    Kind.TRANSFER_TO_MILITARY: "变更到军队",
    Kind.CANCELLATION: "注销注册",
    Kind.DEPARTURE_FILING: "离岗备案",
}
PART_WORDS = {
    ChangePart.PLACE: "执业地点",
    ChangePart.CATEGORY: "执业类别",
    ChangePart.SCOPE: "执业范围",
    ChangePart.MAIN_INSTITUTION: "主要执业机构",
}
_INSTITUTION_LABELS = {
    Kind.MULTI_SITE_FILING: "拟备案机构",
    Kind.MULTI_SITE_WITHDRAWAL: "取消备案机构",
    Kind.TRANSFER_TO_MILITARY: "军队接收单位",
}
_WITHDRAWALS = frozenset({Kind.MULTI_SITE_WITHDRAWAL, Kind.MULTI_PLACE_WITHDRAWAL})
"""Kinds that end filings; with :data:`ENDING` all that serves the short form."""
_SEX_WORDS = {Sex.MALE: "男", Sex.FEMALE: "女", Sex.UNKNOWN: "未知", Sex.UNSPECIFIED: "未说明"}
_LEVEL_WORDS = {Level.PHYSICIAN: "执业医师", Level.ASSISTANT: "执业助理医师"}
_CATEGORY_WORDS = {
    Category.CLINICAL: "临床",
    Category.DENTAL: "口腔",
    Category.PUBLIC_HEALTH: "公共卫生",
    Category.CHINESE: "中医",
}


@dataclass(frozen=True, slots=True)
class FormJob:
    """One form to be drawn.

    ``application`` carries the consent printed on it (opinion, decided_by, decided_at), with this device's unsent
    decision already laid over it. ``state`` None: nobody has agreed yet, so there is no number and no code, and the
    paper says so; such a form is for reading on the screen.
    """

    application: Application
    institution: Institution
    printed_on: date
    form_number: str = ""
    digest: str = ""  # 32 hex characters
    state: FormState | None = None
    code_text: str = ""  # of the QR, signed
    reprint: int = 0  # 0 the first print, n the n-th after it
    is_masked: bool = False  # for whoever may not read whole numbers, and prints nothing


def form_texts(job: FormJob, tables: Tables) -> dict[str, str]:
    """Return the text of every field in :data:`field_names.FIELDS`."""
    application = _masked(job.application) if job.is_masked else job.application
    return {
        **_person(application, tables),
        **_qualification(application.qualification, tables),
        **_registration(application.registration, tables),
        **_request(application, tables),
        **_statement(application),
        **_form(job),
    }


def form_ticks(job: FormJob) -> frozenset[str]:
    """Return the boxes to tick, and ``pending`` or ``undecided`` where the paper must say so."""
    standing = {FormState.PENDING: {"pending"}, FormState.AGREED: set(), None: {"undecided"}}[job.state]
    return frozenset({TICK_OF_KIND[job.application.kind], *standing})


def print_mark(job: FormJob) -> str:
    """Return what the footer says of this print.

    A form that the register holds may be printed on any computer of the office, and this one does not hear of it: what
    it counts is its own. A pending form is known to no other.
    """
    if job.state is None:
        return "预览"
    counted_here = "本机" if job.state is FormState.AGREED else ""
    return counted_here + (f"补打 {job.reprint}" if job.reprint else "首次打印")


def day(value: date | None) -> str:
    """Return ``2026 年 11 月 23 日``."""
    return f"{value:%Y 年 %m 月 %d 日}" if value else NONE_GIVEN


def month(value: date | None) -> str:
    """Return ``2026 年 11 月``."""
    return f"{value:%Y 年 %m 月}" if value else NONE_GIVEN


def _masked(application: Application) -> Application:
    person, qualification = application.person, application.qualification
    if qualification is not None:
        qualification = replace(qualification, code=mask_qualification_code(qualification.code))
    person = replace(person, id_number=mask_id(person.id_number), phone=mask_phone(person.phone))
    return replace(application, person=person, qualification=qualification)


def _person(application: Application, tables: Tables) -> dict[str, str]:
    person = application.person
    return {
        "name": person.name,
        "sex": _SEX_WORDS[person.sex],
        "nation": tables.nations.name(person.nation),
        "birth_date": day(person.birth_date),
        "id_kind": tables.id_kinds.name(person.id_kind),
        "id_number": person.id_number,
        "education": _given(tables.educations.short_name(person.education)),
        "degree": _given(tables.degrees.name(person.degree)),
        "school": _given(person.school),
        "graduated_on": month(person.graduated_on),
        "major": _given(person.major),
        "phone": _given(_phone(person.phone)),
        "address": _given(person.address),
        "postcode": _given(person.postcode),
        "professional_title": tables.titles.name(person.title) or "无",
        "title_since": month(person.title_since),
    }


def _qualification(qualification: Qualification | None, tables: Tables) -> dict[str, str]:
    if qualification is None:
        return dict.fromkeys(QUALIFICATION_FIELDS, NONE_GIVEN)
    return {
        "qualification_level": _LEVEL_WORDS[qualification.level],
        "qualification_category": tables.exam_categories.name(qualification.exam_category),
        "qualification_code": _grouped(qualification.code),
        "qualification_obtained": month(qualification.obtained_on),
        "qualification_issuer": _given(qualification.issuer),
    }


def _registration(registration: Registration | None, tables: Tables) -> dict[str, str]:
    if registration is None:
        return dict.fromkeys(REGISTRATION_FIELDS, NONE_GIVEN)
    return {
        "practice_code": registration.practice_code,
        "registered_place": tables.regions.full_name(registration.place),
        "registered_institution": registration.institution_name,
        "registered_category": _CATEGORY_WORDS[registration.category],
        "registered_scopes": _scopes(registration.scopes, tables),
        "registered_level": _LEVEL_WORDS[registration.level],
        "registered_department": _given(registration.department),
        "registered_on": day(registration.registered_on),
        "registered_sites": _given("；".join(registration.sites)),
    }


def _request(application: Application, tables: Tables) -> dict[str, str]:
    request, kind = application.request, application.kind
    ends = kind in ENDING or kind in _WITHDRAWALS
    asked = asked_fields(application)

    def reviewed(field: str, text: str) -> str:
        """Return the text; where a registration or filing ends, only of what the registrar was shown and agreed to."""
        return NOT_ASKED if ends and field not in asked else _given(text)

    return {
        "place": reviewed("place", tables.regions.full_name(request.place)),
        "institution_label": _INSTITUTION_LABELS.get(kind, "所涉执业机构" if ends else "主要执业机构"),
        "institution_name": reviewed("institution_name", request.institution_name),
        "institution_code": _given(request.institution_code),
        "institution_postcode": _given(request.institution_postcode),
        "institution_address": _given(request.institution_address),
        "category": _CATEGORY_WORDS[request.category],
        "level": _LEVEL_WORDS[request.level],
        "scopes": _scopes(request.scopes, tables),
        "department": _given(request.department),
        "practice_term": _term(request),
        "start_on": reviewed("start_on", day(request.start_on)),
        "reason": _reason(application),
    }


def _statement(application: Application) -> dict[str, str]:
    statement = application.statement
    texts = {
        "training": _given(statement.training),
        "health": _given(statement.health),
        "punishments": _given(statement.punishments),
        "other": _given(statement.other),
    }
    for number, line in enumerate(_experience(statement.experience), start=1):
        texts |= {
            f"experience_{number}_period": line.period,
            f"experience_{number}_unit": line.unit,
            f"experience_{number}_post": line.post,
            f"experience_{number}_witness": line.witness,
        }
    return texts


def _experience(lines: tuple[Experience, ...]) -> tuple[Experience, ...]:
    """Return exactly as many lines as the form has rows; more than that are announced, not left out silently."""
    if len(lines) > EXPERIENCE_ROWS:
        kept = lines[: EXPERIENCE_ROWS - 1]
        return *kept, Experience(f"另有 {len(lines) - len(kept)} 段", "见所附个人工作经历", NONE_GIVEN, NONE_GIVEN)
    return lines + (Experience("", "", ""),) * (EXPERIENCE_ROWS - len(lines))


def _form(job: FormJob) -> dict[str, str]:
    application = job.application
    return {
        "form_number": job.form_number,
        "form_number_shown": job.form_number or "（同意后编码）",
        "code": job.code_text,
        "digest_short": f"{job.digest[:4]} {job.digest[4:8]}".upper() if job.digest else NONE_GIVEN,
        "print_mark": print_mark(job),
        "kind": KIND_WORDS[application.kind],
        "submitted_on": day(china_date(application.submitted_at)),
        "opinion": application.opinion if job.state else "",
        "signed": _signed(job),
        "former_opinion": _former_opinion(application),
        "own_institution": job.institution.name,
        "authority": job.institution.authority,
    }


def _signed(job: FormJob) -> str:
    """Return who agreed and when: a line of its own, so that the longest opinion cannot push it off the paper."""
    application = job.application
    if job.state is None or not application.decided_by:
        return ""
    decided = day(china_date(application.decided_at)) if application.decided_at else ""
    return f"经办人：{application.decided_by}　{decided}".rstrip("　")


def _former_opinion(application: Application) -> str:
    """Return what stands in 原执业机构意见: left blank to be written only where another institution must agree."""
    registration = application.registration
    if registration is None:
        return "（首次注册不填）"
    moves = registration.institution_code != application.request.institution_code
    return "" if application.kind is Kind.CHANGE and moves else NOT_ASKED


def _reason(application: Application) -> str:
    reason = application.request.reason
    if application.kind is not Kind.CHANGE or application.change_part is None:
        return _given(reason)
    return f"变更{PART_WORDS[application.change_part]}。{reason}"


def _term(request: Request) -> str:
    if request.start_on is None:
        return NONE_GIVEN
    return f"{day(request.start_on)}至 {day(request.end_on)}" if request.end_on else f"{day(request.start_on)}起"


def _scopes(codes: tuple[str, ...], tables: Tables) -> str:
    return _given("、".join(tables.scopes.name(code) for code in codes))


def _grouped(code: str) -> str:
    """Return a 资格证书编码 in its parts (year, region, level, category, ID number; ``domain.md`` §7.2)."""
    if len(code) not in (24, 27):
        return code
    return " ".join((code[:4], code[4:6], code[6:7], code[7:9], code[9:]))


def _phone(number: str) -> str:
    """Return a mobile number in groups of 3, 4 and 4 digits; anything else as it is."""
    return f"{number[:3]} {number[3:7]} {number[7:]}" if len(number) == 11 and number.isdigit() else number


def _given(text: str) -> str:
    return text or NONE_GIVEN
