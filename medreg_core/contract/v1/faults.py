"""Fault codes of the wire, grouped by what the receiver does about them; sentences are the client's (``texts``)."""

from __future__ import annotations

from enum import StrEnum


class FaultCode(StrEnum):
    """Codes of :class:`~medreg_core.contract.v1.messages.Fault` and of outcomes that were not accepted."""

    # sign-in
    BAD_CREDENTIALS = "bad_credentials"
    TOO_MANY_ATTEMPTS = "too_many_attempts"  # params: wait_s
    SESSION_EXPIRED = "session_expired"
    FORBIDDEN = "forbidden"
    DEVICE_REVOKED = "device_revoked"
    # envelope
    BAD_REQUEST = "bad_request"  # params: where
    TOO_LARGE = "too_large"
    NOT_FOUND = "not_found"
    CLIENT_TOO_OLD = "client_too_old"  # params: minimum
    SERVER_TOO_OLD = "server_too_old"  # params: maximum, the newest protocol the service speaks
    RESYNC = "resync"  # params: reason = epoch | compacted | scope | schema | ahead
    SERVER_ERROR = "server_error"
    BUSY = "busy"
    # outcomes
    VERSION_CONFLICT = "version_conflict"
    STATE_CONFLICT = "state_conflict"  # params: state
    ALREADY_DECIDED = "already_decided"
    NOT_ALLOWED = "not_allowed"  # this role may not
    REASON_MISSING = "reason_missing"
    CHECK_FAILED = "check_failed"  # params: check
    MATERIAL_MISSING = "material_missing"  # params: material
    FORM_NUMBER_INVALID = "form_number_invalid"
    FORM_NUMBER_EXPIRED = "form_number_expired"  # params: expired_on; agree again under another number
    DIGEST_MISMATCH = "digest_mismatch"
    BODY_MISMATCH = "body_mismatch"  # same command id, other body
    WAITS_FOR_COMMAND = "waits_for_command"
    DEPENDENCY_FAILED = "dependency_failed"
    APPLICATION_UNKNOWN = "application_unknown"
    SET_ASIDE = "set_aside"  # rescued from a revoked device; a supervisor decided not to carry it out
    # activation codes
    CODE_UNKNOWN = "code_unknown"  # not leased to this device, or burnt with it
    CODE_EXPIRED = "code_expired"  # params: expired_on
    CODE_SPENT = "code_spent"  # handed out, voided or redeemed already
    CODE_HANDED_OUT = "code_handed_out"  # the physician holds another code
    ALREADY_ACTIVE = "already_active"  # the physician's account is active
    PHYSICIAN_ELSEWHERE = "physician_elsewhere"  # not registered at this institution
    ACTIVATION_REFUSED = "activation_refused"  # to the physician, whatever is wrong with the code
    # courier files (contract.v1.courier): nothing of the file was carried out
    COURIER_NOT_A_BUNDLE = "courier_not_a_bundle"
    COURIER_NEWER = "courier_newer"
    COURIER_TOO_LARGE = "courier_too_large"
    COURIER_CUT = "courier_cut"
    COURIER_OTHER_KIND = "courier_other_kind"  # answers where commands are wanted, or the other way round
    COURIER_OTHER_RECIPIENT = "courier_other_recipient"
    COURIER_DAMAGED = "courier_damaged"
    COURIER_FORGED = "courier_forged"
    COURIER_UNKNOWN_DEVICE = "courier_unknown_device"
    COURIER_DEVICE_REVOKED = "courier_device_revoked"  # the device that wrote it, not the one that carries it
    COURIER_OTHER_INSTITUTION = "courier_other_institution"
    COURIER_MAKER_GONE = "courier_maker_gone"  # the account that decided may not work any more
    COURIER_MAKER_UNKNOWN = "courier_maker_unknown"  # it has never greeted from the device that wrote the file
