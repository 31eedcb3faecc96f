"""Signs what only this service may say: who is let in, and what hello tells for good."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.identity import refusal_message, session_message, welcome_message
from medreg_core.contract.v1.messages import Session, SignIn, Welcome
from medreg_server.services.faults import ServiceFault
from medreg_server.services.keys import Keys

NONCE: Final = re.compile(r"[0-9A-Za-z_-]{8,64}")
"""What a client may ask an answer to be signed over."""


def proven_session(session: Session, query: SignIn, server_id: str, keys: Keys) -> Session:
    """Return the session signed over the nonce of the sign-in; as it is for a client that sent none.

    Raises ServiceFault for a nonce that is none.
    """
    if not query.nonce:
        return session
    if not NONCE.fullmatch(query.nonce):
        raise ServiceFault(FaultCode.BAD_REQUEST, where="nonce")
    named = msgspec.structs.replace(session, kid=keys.kid)
    return msgspec.structs.replace(named, proof=keys.sign(session_message(named, query, server_id)))


def proven_refusal(query: SignIn, server_id: str, keys: Keys) -> ServiceFault:
    """Return ``bad_credentials``, signed over the nonce of the sign-in if there is one."""
    if not NONCE.fullmatch(query.nonce):
        return ServiceFault(FaultCode.BAD_CREDENTIALS)
    proof = keys.sign(refusal_message(query, server_id))
    return ServiceFault(FaultCode.BAD_CREDENTIALS, kid=keys.kid, proof=proof.hex())


def proven_welcome(welcome: Welcome, keys: Keys) -> Welcome:
    """Return the answer to hello, signed."""
    named = msgspec.structs.replace(welcome, kid=keys.kid)
    return msgspec.structs.replace(named, proof=keys.sign(welcome_message(named)))
