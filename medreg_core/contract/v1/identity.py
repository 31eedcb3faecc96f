"""The service's word about itself: signed with a key that the client's copy already trusts (ADR 014).

Whoever may change an address can let a server of his own answer; the id that every answer carries is no secret. So a
session is signed over the nonce of its sign-in, as its refusal is, and what hello tells for good is signed as well: the
signing keys, the key of the courier and how long a copy may be read.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from medreg_core.contract.v1.messages import Session, SignIn, Welcome
from medreg_core.contract.v1.signing import is_signed

_SESSION = "medreg-session-1"
_WELCOME = "medreg-welcome-1"
_REFUSAL = "medreg-refusal-1"


def session_message(session: Session, query: SignIn, server_id: str) -> bytes:
    """Return the bytes that a session's proof covers: who is let in, by whom, where and for which question."""
    account = session.account
    who = [account.id, account.login, account.role, account.institution_id or ""]
    return msgspec.json.encode([_SESSION, server_id, query.device_id, query.nonce, *who])


def welcome_message(welcome: Welcome) -> bytes:
    """Return the bytes that the proof of an answer to hello covers."""
    keys = [[key.kid, key.key.hex()] for key in welcome.keys]
    until = welcome.offline_until.isoformat()
    return msgspec.json.encode([_WELCOME, welcome.server_id, keys, welcome.courier_key.hex(), until])


def refusal_message(query: SignIn, server_id: str) -> bytes:
    """Return the bytes that the proof of ``bad_credentials`` covers; it stands in the fault's params."""
    return msgspec.json.encode([_REFUSAL, server_id, query.device_id, query.nonce, query.account])


def is_session_proven(session: Session, query: SignIn, server_id: str, keys: Mapping[str, bytes]) -> bool:
    """Return whether a holder of one of ``keys`` (key id → 32 raw bytes) opened this session for this very sign-in."""
    message = session_message(session, query, server_id)
    return bool(query.nonce) and is_signed(keys.get(session.kid, b""), session.proof, message)


def is_refusal_proven(params: Mapping[str, str], query: SignIn, server_id: str, keys: Mapping[str, bytes]) -> bool:
    """Return whether a holder of one of ``keys`` refused account and password of this very sign-in."""
    try:
        proof = bytes.fromhex(params.get("proof", ""))
    except ValueError:
        return False
    return bool(query.nonce) and is_signed(
        keys.get(params.get("kid", ""), b""), proof, refusal_message(query, server_id)
    )


def is_welcome_proven(welcome: Welcome, keys: Mapping[str, bytes]) -> bool:
    """Return whether a holder of one of ``keys`` said this; beside it, keys not known yet may be taken."""
    return is_signed(keys.get(welcome.kid, b""), welcome.proof, welcome_message(welcome))
