"""The sentence for every code of :mod:`medreg_desktop.services.faults` and of the wire: what, why, what to do.

Codes live in code, sentences here (``look.md`` §6). A code without a sentence is a bug; the user still gets a sentence.
"""

from __future__ import annotations

import re
from typing import Final

from medreg_core.domain.vocabulary import State
from medreg_desktop.services.texts.courier import COURIER
from medreg_desktop.services.texts.terms import term
from medreg_desktop.services.texts.translator import mark, tr

_ON_THE_WAY_TO_THE_SERVICE: Final = {
    "response_too_large": mark("The answer is larger than agreed; nothing was taken from it. Tell the operator."),
    "tls_pin_mismatch": mark(
        "The service shows another key than the agreed one: something stands in between, or it was changed. "
        "Nothing was sent; ask the operator."
    ),
    "busy": mark("The service is busy with other offices. It is sent again by itself."),
    "server_retry": mark("The service asked to send this again later. It goes on by itself."),
    "unanswered": mark("The service's answer did not mention this one. It is sent again by itself."),
    "poison": mark(
        "The service fails on this one time after time while it answers others. It is set apart; nothing is lost, and "
        "the rest goes on."
    ),
    "being_corrected": mark(
        "It is being corrected: as soon as the new decision is saved, it takes this one's place. Until then it waits."
    ),
    "handed_over": mark("A reference to it was given to support. It waits here until it is sent again or given up."),
    "not_set_apart": mark("This decision is no longer set apart; look at the list again."),
    "deferred": mark("The service waits for something else first. It goes on by itself."),
    "deferred_too_long": mark("The service has waited for something else for over 24 hours. Retry, or withdraw it."),
    "lost_by_server": mark(
        "The service was restored from a backup and no longer holds this decision. Review it again; your "
        "record of it is kept."
    ),
    "server_unreachable": mark(
        "The service cannot be reached. Check the network cable or ask whether the address is right."
    ),
    "server_silent": mark("The service did not answer. It may be busy or down; nothing is lost."),
    "server_busy": mark("The service asks to wait a little. It goes on by itself."),
    "server_error": mark("The service reported an error of its own. Nothing is lost; tell its operator if it stays."),
    "response_cut": mark(
        "The answer broke off on the way; nothing was taken from it. Check the network if it happens again."
    ),
    "server_other_version": mark(
        "The service is of a version this program does not understand. The program needs an update."
    ),
    "other_server": mark("Another server answers at this address. Check the address; nothing was sent to it."),
    "captive_portal": mark(
        "The network asks for a sign-in first. Complete it in the browser; sending then continues by itself."
    ),
    "tls_expired": mark(
        "The service's certificate has expired by this computer's clock. Check date and time; else tell the operator."
    ),
    "tls_not_yet_valid": mark(
        "The service's certificate is not valid yet by this computer's clock. Check date and time."
    ),
    "tls_wrong_name": mark("The certificate belongs to another address. Check the address; nothing was sent."),
    "tls_untrusted": mark(
        "The service's certificate is not trusted here: something stands in between, or it is new. Ask the operator."
    ),
    "address_invalid": mark("This is not a server address. It looks like https://registry.example.cn."),
    "client_too_old": mark("This program is too old for the service. Reading goes on, sending waits for the update."),
    "server_too_old": mark(
        "The service is older than this program. Reading goes on; what it does not know yet waits for its update."
    ),
    "bad_request": mark("The service did not understand the request. It is kept for the operator."),
    "too_large": mark("The request was too large; it is split and sent again."),
    "not_found": mark("The service does not know this item."),
    "resync": mark("The local copy is being renewed. What you decided is kept."),
}
_SIGN_IN_AND_THE_LOCAL_COPY: Final = {
    "device_key_missing": mark(
        "This computer's own key cannot be read from the key store. Sign in online to register it anew."
    ),
    "cache_read_only": mark(
        "The local copy cannot be written here. Check the rights on its folder; nothing was changed."
    ),
    "cache_locked": mark(
        "Another program holds the local copy, often a virus scanner or a backup. Try again in a moment; "
        "nothing was lost."
    ),
    "clock_wrong": mark(
        "This computer's clock is wrong by {minutes} minutes. Set date and time; work and sending go on."
    ),
    "bad_credentials": mark("Account or password is wrong. Check capital letters and the input method."),
    "too_many_attempts": mark("Too many tries. Wait {wait_s} seconds, then try again."),
    "session_expired": mark("You need to sign in again. Nothing is lost, sending waits."),
    "forbidden": mark("This account may not do that."),
    "device_revoked": mark(
        "This computer's access was withdrawn. Nothing is sent; everything here is kept until the service has proven "
        "the order. Ask your institution's administrator."
    ),
    "device_removed": mark(
        "This computer was removed from the institution. Nothing can be saved here any more; what was not sent is "
        "handed to your supervisor."
    ),
    "removal_unfounded": mark(
        "The service says that this computer may stay: the refusal was not its own, or was lifted. Nothing was lost. "
        "Sync again, and sign in if you are asked to."
    ),
    "rescue_incomplete": mark(
        "The service did not take over everything that was not sent. Nothing is deleted; tell its operator."
    ),
    "cache_closed": mark("The local copy is closed. Sign in again."),
    "server_missing": mark("Fill in the server address."),
    "account_missing": mark("Fill in the account."),
    "password_missing": mark("Fill in the password."),
    "unexpected": mark("Something unexpected went wrong; it is in the log. Try again."),
    "offline_unknown_account": mark(
        "This account has not signed in on this computer yet. The first time needs the network."
    ),
    "offline_password_wrong": mark("The password is wrong; {left} tries left before a wait."),
    "offline_reading_locked": mark(
        "Too long without contact to the service: the local copy opens again after an online sign-in. "
        "Nothing is deleted."
    ),
    "wrong_institution": mark(
        "This computer's copy belongs to another institution. Your account cannot use it; ask the administrator."
    ),
    "service_unproven": mark(
        "What answers at this address does not prove that it is the service of this computer's copy: nothing was "
        "opened. Check the address; if it is right, let a colleague who has worked here sign in first, or ask the "
        "operator."
    ),
    "office_file_damaged": mark(
        "The file that says what this installation is has been damaged. It must be set up again; the copy is kept."
    ),
    "key_passphrase_needed": mark(
        "This computer has no key store and the copy was made under other passwords. Enter its "
        "passphrase or the password you had before, or let a colleague sign in once."
    ),
    "key_file_damaged": mark(
        "The file with the keys of the local copy is damaged. Sign in with the service; "
        "if that does not help, ask the operator. The copy is kept as it is."
    ),
    "keyring_unavailable": mark("The system's key store cannot be used; a passphrase protects the copy instead."),
    "cache_newer": mark("The local copy was written by a newer version of this program. Update this program."),
    "cache_damaged": mark("The local copy is damaged. It is kept aside and rebuilt; unsent work is carried over."),
    "cache_key_wrong": mark("The key does not open the local copy. It is kept as it is; ask the operator."),
    "cache_in_use": mark("The program is open already on this computer. Use that window, or close it first."),
    "cache_migration_waits": mark(
        "Work is still on its way; the copy is brought up to date after it has been answered."
    ),
    "copy_inconsistent": mark("The copy received does not add up; it is fetched again."),
    "not_synced_yet": mark("The list has not been received yet. It comes by itself."),
    "disk_full": mark("The disk is full. Free some space; nothing was lost."),
    "disk_trouble": mark("The disk cannot be written. Check it or ask the operator; nothing was lost."),
}
_REVIEWING: Final = {
    "original_unseen": mark("The original has not been seen. Tick it once you have it before you."),
    "conflict": mark(
        "Somebody else changed this before your decision arrived. Both are kept; review it again or drop yours."
    ),
    "superseded": mark("A colleague had already decided the same. Yours is closed and kept in the history."),
    "not_allowed": mark("Your role may not do this."),
    "content_changed": mark("The applicant has changed the content since. Review the new version."),
    "changed_since_ticked": mark("It has changed since it was ticked. Look at it again."),
    "state": mark("This is not possible now; the application stands at: {state}."),
    "state_conflict": mark("The application had moved on to: {state}. Your decision was not taken; both are kept."),
    "version_conflict": mark(
        "The applicant has changed the content; your decision was for the older version and was not "
        "taken. Both are kept."
    ),
    "already_decided": mark("A colleague decided before you."),
    "reason_missing": mark("Write the reason."),
    "opinion_too_long": mark("The opinion has {length} characters, the form holds {most}. Shorten it, then agree."),
    "not_yours": mark("A colleague wrote this; only he can change it."),
    "cannot_be_undone": mark("This can no longer be withdrawn."),
    "application_gone": mark("The application is no longer in your institution's list."),
    "application_unknown": mark("The service does not know this application."),
    "settled_meanwhile": mark("This decision has been settled meanwhile; look at the list again."),
    "still_on_its_way": mark("It is on its way now; wait for the answer."),
    "already_sent": mark("It was sent already and cannot be taken back here. Wait for the service's answer."),
    "check_failed": mark("A check fails on the service."),
    "registration_moved": mark(
        "The practice registration has changed since the application was submitted. Return it, so that the physician "
        "submits it again on the registration as it is now."
    ),
    "material_missing": mark("A document is missing on the service."),
    "waits_for_command": mark("It waits for the one before it."),
    "dependency_failed": mark("The one before it was not taken."),
    "set_aside": mark("The supervisor decided not to carry this out."),
    "body_mismatch": mark("The service has another content under the same number; it is kept for the operator."),
}
_FORMS_AND_PRINTING: Final = {
    "form_numbers_used_up": mark(
        "This computer has no form numbers left. They come with the next contact to the service."
    ),
    "form_number_invalid": mark("The service does not know this form number."),
    "form_number_expired": mark(
        "The form number was good until {expired_on} and arrived too late. Review it again: your words are kept, the "
        "form gets another number, and what was printed is to be called back."
    ),
    "digest_mismatch": mark("What was printed is not what the service holds."),
    "no_form": mark("There is no form of this application yet; agree first."),
    "form_differs": mark(
        "The register holds other contents of this application than were agreed to under this form, so a reprint would "
        "differ from it. Use a sheet that was printed before."
    ),
    "register_restored": mark(
        "The service was restored from a backup, and the copy here is being compared with it. "
        "Whether this form still stands is known in a moment; print it then."
    ),
    "form_moved_on": mark("The form has changed since it was shown. It is shown anew: read it before it is printed."),
    "form_moved_on_unseen": mark(
        "The form has changed since it was shown, and nothing left this computer. Open its preview again."
    ),
    "print_unrecorded": mark(
        "What left this computer could not be recorded in full. It counts as perhaps printed here and is called back "
        "like a printed form; have the disk looked at."
    ),
    "copies_wrong": mark("Copies are a number from 1 to 99."),
    "pdf_damaged": mark("The document cannot be read. Prepare it again."),
    "printer_gone": mark("The printer “{printer}” is no longer there. Choose another, or save as PDF."),
    "printer_refused": mark("The printer “{printer}” did not take the job. Look at it, or save as PDF."),
    "file_not_written": mark("The file could not be saved in {folder}. Choose a folder you may write to."),
    "form_template_invalid": mark(
        "The form's template has a fault ({where}: {reason}). Put the right file in its place."
    ),
    "bundle_not_clean": mark(
        "Something that may belong to a person was found in {part}; the support bundle was not saved. "
        "Tell the operator by telephone instead."
    ),
    "font_missing": mark("A font of the program is missing ({file}). Install the program again."),
}

_ACTIVATION: Final = {
    "activation_codes_used_up": mark(
        "This computer has no activation codes left. They come with the next contact to the service."
    ),
    "code_unknown": mark(
        "The service does not know this activation code; a restored backup may have lost it. Take back what you gave "
        "the physician and hand out another one."
    ),
    "code_expired": mark("The activation code was good until {expired_on}. Hand out another one."),
    "code_spent": mark("The activation code has been used or voided. Hand out another one if it is still needed."),
    "code_handed_out": mark(
        "A colleague had handed out a code to this physician already, and that one counts. Call back yours, or void "
        "the colleague's and hand out another."
    ),
    "code_given_already": mark(
        "You have handed out a code to this physician already. Print it again, or void it and hand out another."
    ),
    "never_greeted": mark(
        "The service does not know this computer yet. Connect to the network and let it sync once, then void the code."
    ),
    "code_not_here": mark("This code was handed out on another computer; only there can it be printed again."),
    "already_active": mark("The physician's account is active already; no code is needed."),
    "physician_elsewhere": mark(
        "The physician is not registered at your institution. Verify the physician; the authority corrects the place."
    ),
    "activation_refused": mark(
        "The code cannot be used. Check what was typed; a code begins to work once your institution has synced."
    ),
}

SENTENCES: Final = (
    _ON_THE_WAY_TO_THE_SERVICE | _SIGN_IN_AND_THE_LOCAL_COPY | _REVIEWING | _FORMS_AND_PRINTING | _ACTIVATION | COURIER
)

_FIRST_STOP: Final = re.compile(r"[。；]|[.;] ")


class _Params(dict[str, str]):
    """A parameter nobody gave is shown as a dash: a sentence is always better than a traceback."""

    def __missing__(self, key: str) -> str:
        return "—"


def sentence(code: str, **params: str) -> str:
    """Return the sentence of a fault or problem in the current language."""
    if code == "check_failed" and params.get("check") in SENTENCES:  # one that only the service can make
        code = params["check"]
    source = SENTENCES.get(code)
    if source is None:
        return tr("Something is in the way ({code}); it is in the log.", code=code)
    if "state" in params:
        params = {**params, "state": _state(params["state"])}
    return tr(source).format_map(_Params(params))


def what_and_todo(code: str, **params: str) -> tuple[str, str]:
    """Return the sentence cut after its first full stop: what happened (bold in banners), and what to do."""
    whole = sentence(code, **params)
    found = _FIRST_STOP.search(whole)
    return (whole[: found.end()].strip(), whole[found.end() :].strip()) if found else (whole, "")


def _state(value: str) -> str:
    return term(State(value)) if value in set(State) else value
