"""Frozen: the vocabulary that a program of protocol 1 knows. Never changed; nothing but the tests here reads it."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """业务类型: what an application asks for (``domain.md`` §3.4)."""

    REGISTRATION = "registration"  # 注册
    ASSISTANT_UPGRADE = "assistant_upgrade"  # 助理升执业
    CHANGE = "change"  # 变更
    MULTI_SITE_FILING = "multi_site_filing"  # 多执业机构备案
    MULTI_SITE_WITHDRAWAL = "multi_site_withdrawal"  # 多执业机构取消备案
    MULTI_PLACE_WITHDRAWAL = "multi_place_withdrawal"  # 取消多地点执业
    TRANSFER_FROM_MILITARY = "transfer_from_military"  # 军队变更入
    TRANSFER_TO_MILITARY = "transfer_to_military"  # 变更到军队
    CANCELLATION = "cancellation"  # 注销
    DEPARTURE_FILING = "departure_filing"  # 离岗备案


class ChangePart(StrEnum):
    """What a 变更 changes; empty for the other kinds."""

    PLACE = "place"  # 执业地点
    CATEGORY = "category"  # 执业类别
    SCOPE = "scope"  # 执业范围
    MAIN_INSTITUTION = "main_institution"  # 主要执业机构


class State(StrEnum):
    """业务状态: where an application stands; the allowed moves are in :mod:`medreg_core.domain.states`."""

    DRAFT = "draft"  # 草稿
    SUBMITTED = "submitted"  # 待机构审核
    AGREED = "agreed"  # 机构已同意
    ACCEPTED = "accepted"  # 已受理
    APPROVED = "approved"  # 准予
    CERTIFIED = "certified"  # 已制证
    COLLECTED = "collected"  # 已领证
    WITHDRAWN = "withdrawn"  # 已撤回
    RETURNED = "returned"  # 退回修改
    REFUSED = "refused"  # 机构不同意
    SUPPLEMENT = "supplement"  # 补正
    NOT_ACCEPTED = "not_accepted"  # 不予受理
    DENIED = "denied"  # 不予注册


class Move(StrEnum):
    """An event of the state machine: what somebody did to an application."""

    SUBMIT = "submit"  # 提交
    RESUBMIT = "resubmit"  # 修改后重新提交
    WITHDRAW = "withdraw"  # 申请人撤回
    AGREE = "agree"  # 同意
    RETURN = "return"  # 退回修改
    REFUSE = "refuse"  # 不同意
    WITHDRAW_CONSENT = "withdraw_consent"  # 撤回同意
    ACCEPT = "accept"  # 受理
    NOT_ACCEPT = "not_accept"  # 不予受理
    ASK_SUPPLEMENT = "ask_supplement"  # 补正通知
    SUPPLY = "supply"  # 补正齐全，受理
    APPROVE = "approve"  # 准予
    DENY = "deny"  # 不予注册
    CERTIFY = "certify"  # 制证
    COLLECT = "collect"  # 领证


class Role(StrEnum):
    """Who acts. The first four belong to an institution."""

    REGISTRAR = "registrar"  # 经办人
    SUPERVISOR = "supervisor"  # 审核负责人
    READ_ONLY = "read_only"  # 只读
    INSTITUTION_ADMIN = "institution_admin"  # 机构管理员
    PHYSICIAN = "physician"  # 医师
    COMMISSION = "commission"  # 审批机关经办人
    SYSTEM = "system"  # 系统


class Sex(StrEnum):
    """性别, GB/T 2261.1."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    UNSPECIFIED = "9"


class Level(StrEnum):
    """资格级别; the stored value is digit 7 of the 资格证书编码 (``domain.md`` §7.2)."""

    PHYSICIAN = "1"  # 执业医师
    ASSISTANT = "2"  # 执业助理医师


class Category(StrEnum):
    """执业类别, the four of the law; finer exam categories are data (``exam_categories``)."""

    CLINICAL = "clinical"  # 临床
    DENTAL = "dental"  # 口腔
    PUBLIC_HEALTH = "public_health"  # 公共卫生
    CHINESE = "chinese"  # 中医


class RegistrationState(StrEnum):
    """Whether a practice registration counts today."""

    VALID = "valid"  # 有效
    CHANGED_OUT = "changed_out"  # 变更出
    FILED = "filed"  # 离岗备案
    CANCELLED = "cancelled"  # 注销
    RESIDENCY = "residency"  # 住院医师规范化培训
    INVALID = "invalid"  # 其他无效


class CheckResult(StrEnum):
    """What a rule says of an application. Unknown is never counted as a pass."""

    PASS = "pass"
    FAIL = "fail"  # 未通过
    UNKNOWN = "unknown"  # 未定


class OutcomeKind(StrEnum):
    """The server's answer to a command (``sync.md`` §5.6)."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CONFLICT = "conflict"
    SUPERSEDED = "superseded"
    DEFERRED = "deferred"
    RETRY = "retry"
    MISMATCH = "mismatch"


class CommandKind(StrEnum):
    """What an institution's client may ask the server to do."""

    AGREE = "agree"
    RETURN = "return"
    REFUSE = "refuse"
    WITHDRAW_CONSENT = "withdraw_consent"
    RECORD_PRINT = "record_print"
    RECORD_RECALL = "record_recall"


class FormState(StrEnum):
    """What the signed code on a review form claims about the consent printed on it."""

    PENDING = "pending"  # 待同步: decided on this device, not yet received by the register
    AGREED = "agreed"  # the register holds the consent


class ScanResult(StrEnum):
    """What a scan of a review form shows (``design.md`` §6)."""

    VALID = "valid"  # 真
    CHANGED = "changed"  # 已变更
    VOID = "void"  # 作废
    PENDING = "pending"  # 待同步
    FORGED = "forged"  # 伪造
