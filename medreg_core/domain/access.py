"""Who may do what: roles × actions as data. Moves of applications stand in :mod:`medreg_core.domain.states`."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from medreg_core.domain.states import RULES
from medreg_core.domain.vocabulary import CommandKind, Move, Role


class Action(StrEnum):
    """What somebody does with a program, as the audit names it."""

    # reading
    SEE_APPLICATIONS = "see_applications"
    OPEN_REVIEW = "open_review"
    REVEAL_ID = "reveal_id"  # 显示全号, with a reason, audited
    EXPORT = "export"
    SEE_AUDIT = "see_audit"
    # deciding
    CLAIM = "claim"
    TAKE_OVER_CLAIM = "take_over_claim"
    SAVE_DRAFT = "save_draft"
    AGREE = "agree"
    RETURN = "return"
    REFUSE = "refuse"
    WITHDRAW_CONSENT = "withdraw_consent"
    BATCH_AGREE = "batch_agree"
    RESOLVE_CONFLICT = "resolve_conflict"
    # paper
    PREVIEW = "preview"
    PRINT = "print"
    RECORD_RECALL = "record_recall"
    CARRY_COURIER = "carry_courier"  # bring a colleague's sealed file of decisions to the service
    # accounts and the institution's own data
    ACTIVATE_ACCOUNT = "activate_account"  # 医师账户激活, 撤销
    VERIFY_PHYSICIAN = "verify_physician"  # 医师验证
    REVIEW_CORRECTION = "review_correction"  # 信息修改审核
    START_FOR_PHYSICIAN = "start_for_physician"  # 机构发起注销、离岗备案
    MANAGE_REGISTRARS = "manage_registrars"
    EDIT_INSTITUTION = "edit_institution"  # 科室, 审批机关, 打印设置
    MANAGE_DEVICES = "manage_devices"  # 停用办公电脑
    REVIEW_RESCUED = "review_rescued"  # 复核停用电脑上未发送的决定
    # the physician
    APPLY = "apply"  # submit, resubmit, withdraw
    # the authority
    ACCEPT = "accept"  # 受理, 不予受理, 补正
    DECIDE = "decide"  # 准予, 不予注册
    CERTIFY = "certify"  # 制证, 领证
    SCAN = "scan"
    IMPORT_EXAM = "import_exam"


_READING = {Action.SEE_APPLICATIONS, Action.OPEN_REVIEW, Action.PREVIEW}
_OFFICE = _READING | {
    Action.REVEAL_ID,
    Action.EXPORT,
    Action.CLAIM,
    Action.SAVE_DRAFT,
    Action.AGREE,
    Action.RETURN,
    Action.REFUSE,
    Action.WITHDRAW_CONSENT,
    Action.BATCH_AGREE,
    Action.RESOLVE_CONFLICT,
    Action.PRINT,
    Action.RECORD_RECALL,
    Action.CARRY_COURIER,
    Action.ACTIVATE_ACCOUNT,
    Action.VERIFY_PHYSICIAN,
    Action.REVIEW_CORRECTION,
    Action.START_FOR_PHYSICIAN,
}

RIGHTS: Final[dict[Role, frozenset[Action]]] = {
    Role.READ_ONLY: frozenset(_READING),
    Role.REGISTRAR: frozenset(_OFFICE),
    Role.SUPERVISOR: frozenset(_OFFICE | {Action.TAKE_OVER_CLAIM, Action.SEE_AUDIT, Action.REVIEW_RESCUED}),
    # An administrator runs the office's accounts but decides nothing: two hands, so that nobody can appoint himself.
    Role.INSTITUTION_ADMIN: frozenset(
        _READING
        | {
            Action.MANAGE_REGISTRARS,
            Action.MANAGE_DEVICES,
            Action.EDIT_INSTITUTION,
            Action.SEE_AUDIT,
            Action.VERIFY_PHYSICIAN,
        }
    ),
    Role.PHYSICIAN: frozenset({Action.APPLY}),
    Role.COMMISSION: frozenset(
        _READING | {Action.ACCEPT, Action.DECIDE, Action.CERTIFY, Action.SCAN, Action.IMPORT_EXAM, Action.SEE_AUDIT}
    ),
    Role.SYSTEM: frozenset({Action.IMPORT_EXAM}),
}

INSTITUTION_ROLES: Final = frozenset({Role.REGISTRAR, Role.SUPERVISOR, Role.READ_ONLY, Role.INSTITUTION_ADMIN})
"""Roles that belong to one institution and see nothing of any other."""

ACTION_OF_MOVE: Final[dict[Move, Action]] = {
    Move.SUBMIT: Action.APPLY,
    Move.RESUBMIT: Action.APPLY,
    Move.WITHDRAW: Action.APPLY,
    Move.AGREE: Action.AGREE,
    Move.RETURN: Action.RETURN,
    Move.REFUSE: Action.REFUSE,
    Move.WITHDRAW_CONSENT: Action.WITHDRAW_CONSENT,
    Move.ACCEPT: Action.ACCEPT,
    Move.NOT_ACCEPT: Action.ACCEPT,
    Move.ASK_SUPPLEMENT: Action.ACCEPT,
    Move.SUPPLY: Action.ACCEPT,
    Move.APPROVE: Action.DECIDE,
    Move.DENY: Action.DECIDE,
    Move.CERTIFY: Action.CERTIFY,
    Move.COLLECT: Action.CERTIFY,
}

ACTION_OF_COMMAND: Final[dict[CommandKind, Action]] = {
    CommandKind.AGREE: Action.AGREE,
    CommandKind.RETURN: Action.RETURN,
    CommandKind.REFUSE: Action.REFUSE,
    CommandKind.WITHDRAW_CONSENT: Action.WITHDRAW_CONSENT,
    CommandKind.RECORD_PRINT: Action.PRINT,
    CommandKind.RECORD_RECALL: Action.RECORD_RECALL,
    CommandKind.HAND_OUT_CODE: Action.ACTIVATE_ACCOUNT,
    CommandKind.VOID_CODE: Action.ACTIVATE_ACCOUNT,
    CommandKind.REPRINT_CODE: Action.ACTIVATE_ACCOUNT,
}


def may(role: Role, action: Action) -> bool:
    """Return whether ``role`` has the right to ``action``; what the application's state allows is asked apart."""
    return action in RIGHTS[role]


def may_move(role: Role, move: Move) -> bool:
    """Return whether ``role`` makes this move in any state."""
    return role in RULES[move].roles


def may_command(role: Role, kind: CommandKind) -> bool:
    """Return whether ``role`` may send commands of this kind."""
    return may(role, ACTION_OF_COMMAND[kind])
