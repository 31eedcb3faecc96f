"""The signed code printed as QR on a review form: COSE_Sign1 (RFC 9052, Ed25519) in base45 (RFC 9285).

It carries no personal data: the form number, the content it stands for, and what it claims about the institution's
consent. Base45 keeps the text alphanumeric for QR and safe for scanners that type like a keyboard (``printing.md`` §4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import base45
import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cwt import COSE, COSEKey
from cwt.cose_key_interface import COSEKeyInterface
from cwt.exceptions import CWTError

from medreg_core.domain.vocabulary import FormState

PREFIX = "YS1:"
"""Names the format, so that a counter's program can tell the code from any other QR before decoding it."""

MAX_CHARACTERS = 330
"""What a 30 mm symbol still gives back from a bad photocopy (``printing.md`` §4)."""


class FormCodeForged(Exception):
    """The text is no form code, or no key we trust has signed it: 伪造. ``reason`` is for the log only."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class FormClaims:
    """What a form's code states; ``state`` tells whether the register already held the consent when it was signed."""

    form_number: str
    version: int  # content_version of the application
    digest: str  # 32 hex characters, see domain.forms.content_digest
    state: FormState
    issued_at: datetime  # whole seconds, UTC


_STATE_SIGNS = {FormState.PENDING: 0, FormState.AGREED: 1}
_STATES = {sign: state for state, sign in _STATE_SIGNS.items()}
_COSE_SIGN1_TAG = 18
_UNREADABLE = (
    CWTError,
    cbor2.CBORError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    OSError,
    RecursionError,
)
"""What decoding foreign bytes may raise; ArithmeticError and OSError: a number that no arithmetic, a time that no
calendar of this platform holds."""
_ALG, _KID, _EDDSA = 1, 4, -8  # RFC 9052 §3.1, RFC 9053 §2.2


def sign_form_code(claims: FormClaims, key: Ed25519PrivateKey, kid: str) -> str:
    """Return the text of the form's QR, signed by ``key``, whose public half is known to readers as ``kid``.

    Raises ValueError when the text would be longer than :data:`MAX_CHARACTERS` (only a very long ``kid`` can do that).
    """
    payload = cbor2.dumps(
        [
            claims.form_number,
            claims.version,
            bytes.fromhex(claims.digest),
            _STATE_SIGNS[claims.state],
            int(claims.issued_at.timestamp()),
        ]
    )
    header = {_ALG: _EDDSA, _KID: kid.encode()}
    # The key id is protected: an unprotected one could be exchanged without breaking the signature.
    message = COSE.new().encode(payload, _private_key(key, kid), protected=header, unprotected={})
    text: str = PREFIX + base45.b45encode(message).decode("ascii")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"form code of {len(text)} characters")
    return text


def read_form_code(text: str, keys: Mapping[str, bytes]) -> FormClaims:
    """Return the claims of a scanned code whose signature one of ``keys`` (key id → 32 raw public bytes) verifies.

    Raises FormCodeForged for everything else: another format, damaged text, an unknown key, a changed bit.
    """
    if not text.startswith(PREFIX) or len(text) > MAX_CHARACTERS:
        raise FormCodeForged("format")
    try:
        message = base45.b45decode(text.removeprefix(PREFIX))
        kid = _key_id(message)
        payload = COSE.new().decode(message, _public_key(keys[kid], kid))
        return _claims(payload)
    except _UNREADABLE as error:
        raise FormCodeForged(type(error).__name__) from error


def key_id_of(text: str) -> str:
    """Return the key id a code names, unverified, so that a reader can fetch that key. Raises FormCodeForged."""
    try:
        return _key_id(base45.b45decode(text.removeprefix(PREFIX)))
    except _UNREADABLE as error:
        raise FormCodeForged(type(error).__name__) from error


def _key_id(message: bytes) -> str:
    tagged = cbor2.loads(message)
    if not isinstance(tagged, cbor2.CBORTag) or tagged.tag != _COSE_SIGN1_TAG:
        raise FormCodeForged("not COSE_Sign1")
    protected, _unprotected, _payload, _signature = tagged.value
    kid: bytes = cbor2.loads(protected)[_KID]
    return kid.decode()


def _claims(payload: bytes) -> FormClaims:
    form_number, version, digest, state, issued_at = cbor2.loads(payload)
    if not isinstance(form_number, str) or not isinstance(version, int) or not isinstance(issued_at, int):
        raise FormCodeForged("claims")
    return FormClaims(form_number, version, bytes(digest).hex(), _STATES[state], datetime.fromtimestamp(issued_at, UTC))


@lru_cache(maxsize=8)
def _private_key(key: Ed25519PrivateKey, kid: str) -> COSEKeyInterface:
    public = key.public_key().public_bytes_raw()
    return COSEKey.new({1: 1, 2: kid.encode(), 3: _EDDSA, -1: 6, -2: public, -4: key.private_bytes_raw()})


def _public_key(raw: bytes, kid: str) -> COSEKeyInterface:
    # The algorithm is the key's, whatever the message claims: no message can choose a weaker one.
    return COSEKey.new({1: 1, 2: kid.encode(), 3: _EDDSA, -1: 6, -2: raw})
