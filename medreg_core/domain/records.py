"""The records that cross every boundary: database, wire, cache, screen and paper.

All are frozen, so that a record handed to another thread or layer can never change under it. Dates are calendar dates
in China, moments are aware UTC. The contract encodes these very classes: no second set of shapes has to be kept equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NewType

from medreg_core.domain.vocabulary import (
    Category,
    ChangePart,
    Kind,
    Level,
    Move,
    RegistrationState,
    Role,
    Sex,
    State,
)

ApplicationId = NewType("ApplicationId", str)
InstitutionId = NewType("InstitutionId", str)
PhysicianId = NewType("PhysicianId", str)
AccountId = NewType("AccountId", str)
DeviceId = NewType("DeviceId", str)
CommandId = NewType("CommandId", str)


@dataclass(frozen=True, slots=True)
class Person:
    """The physician as a person (``domain.md`` §8 block 2)."""

    name: str
    sex: Sex
    birth_date: date
    id_number: str
    nation: str = "01"  # GB/T 3304
    id_kind: str = "resident"  # tables: id_kinds
    education: str = "20"  # GB/T 4658
    degree: str = ""
    school: str = ""
    major: str = ""
    graduated_on: date | None = None
    title: str = ""  # 专业技术职务
    title_since: date | None = None
    phone: str = ""
    address: str = ""
    postcode: str = ""


@dataclass(frozen=True, slots=True)
class Qualification:
    """医师资格 as the exam centre's data hold it."""

    code: str  # 资格证书编码, 24 or 27 characters
    level: Level
    category: Category
    exam_category: str  # tables: exam_categories, two digits
    obtained_on: date
    issuer: str
    name: str  # as matched upstream; compared with Person.name character by character
    id_number: str


@dataclass(frozen=True, slots=True)
class Registration:
    """执业注册 as the register holds it now."""

    practice_code: str  # 执业证书编码, 15 digits
    state: RegistrationState
    level: Level
    category: Category
    scopes: tuple[str, ...]  # tables: scopes
    place: str  # region code: 2 digits for 执业医师, 6 for 执业助理医师
    institution_name: str
    institution_code: str  # 机构登记号
    department: str
    registered_on: date
    practising_until: date | None = None  # set when the physician stopped practising
    assessment: str = ""  # last period and result of 定期考核, "" unknown
    assessment_passed: bool | None = None
    sites: tuple[str, ...] = ()  # 多执业机构备案, standard names
    education: str = ""  # what the register holds of the person, "" = nothing: GB/T 4658
    title: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What the application asks for (``domain.md`` §8 block 5)."""

    place: str
    institution_name: str
    institution_code: str
    institution_address: str
    institution_postcode: str
    department: str
    level: Level
    category: Category
    scopes: tuple[str, ...]
    start_on: date | None  # 拟在该机构执业时间
    end_on: date | None = None  # only for 备案 with a term
    reason: str = ""  # 变更事项及理由, 注销原因


@dataclass(frozen=True, slots=True)
class Experience:
    """One line of 个人工作经历."""

    period: str  # 起止年月 as written, e.g. 2024.07—至今
    unit: str
    post: str
    witness: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """What the physician declares (``domain.md`` §8 block 6)."""

    experience: tuple[Experience, ...] = ()
    training: str = ""  # 培训考核结果
    training_months: int | None = None
    health: str = ""
    punishments: str = ""
    other: str = ""
    no_refusal_ground: bool | None = None  # declared: none of 医师法 Art. 16 applies


@dataclass(frozen=True, slots=True)
class Material:
    """One item of the materials checklist as it stands for an application."""

    code: str  # tables: materials
    pages: int = 0  # pages uploaded or received
    original_seen: bool = False
    copies: int = 0


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One row of an application's history; every move writes one."""

    at: datetime
    role: Role
    actor: str  # display name of a registrar or officer; empty for the applicant
    move: Move
    version: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A soft claim: who has the application open, and until when."""

    account_id: AccountId
    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class ReviewForm:
    """The printed review form as the server knows it after accepting a consent."""

    number: str  # 表格编码
    digest: str  # content digest, 32 hex characters
    code: str  # the server-signed text of the QR
    voided: bool = False


@dataclass(frozen=True, slots=True)
class Application:
    """业务申请: the one entity an institution works on, with everything its review and its form need."""

    id: ApplicationId
    institution_id: InstitutionId
    physician_id: PhysicianId
    kind: Kind
    state: State
    version: int  # of the whole row; rises with every move
    content_version: int  # rises only when the applicant submits again
    submitted_at: datetime
    person: Person
    qualification: Qualification | None
    registration: Registration | None
    request: Request
    statement: Statement
    change_part: ChangePart | None = None
    materials: tuple[Material, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    accepted_on: date | None = None  # 受理日: the statutory clock starts here
    opinion: str = ""  # the institution's opinion
    decided_by: str = ""  # registrar who decided
    decided_at: datetime | None = None
    notes: tuple[str, ...] = ()  # 补正 items, or written reasons of the commission
    other_pending: int | None = None  # other applications of this physician in progress; None = not known
    form: ReviewForm | None = None
    claim: Claim | None = None
    origin_agrees: bool | None = None  # 原执业机构意见 as the register holds it; None = not given, or not known here
    registered: Registration | None = None  # 执业注册 as the approval left it; ``registration`` stays as it was printed

    @property
    def moved_at(self) -> datetime | None:
        """When its last move was made, by the register's clock; None of a row without history."""
        return self.history[-1].at if self.history else None

    @property
    def practice_code(self) -> str:
        """执业证书编码 of the registration it is about, after the approval of what came of it; empty for none yet."""
        held = self.registered or self.registration
        return held.practice_code if held else ""


@dataclass(frozen=True, slots=True)
class Institution:
    """医疗机构 as its own office sees it."""

    id: InstitutionId
    name: str  # 标准名称
    code: str  # 机构登记号, 22 characters
    credit_code: str  # 统一社会信用代码
    region: str  # six digits
    address: str
    postcode: str
    authority: str  # 审批机关
    departments: tuple[str, ...]  # the institution's own list
    subjects: tuple[str, ...]  # 诊疗科目 registered on the licence: scope codes it covers
    county_level: bool = False  # county-level-and-below: up to three scopes
    version: int = 1
