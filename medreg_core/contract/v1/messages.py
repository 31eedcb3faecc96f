"""The wire shapes of the protocol (``sync.md`` §5), encoded as JSON by msgspec on both sides.

Records of the domain travel as they are; the structs here only frame them. Unknown fields are ignored by an older
reader, so a field may be added with a default, never changed or removed. A *kind* an older reader would refuse is what
makes a new number of the protocol; :mod:`.versions` says how two ages of the programs agree.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from medreg_core.contract.v1.activation import CodeLease
from medreg_core.domain.records import (
    AccountId,
    Application,
    ApplicationId,
    DeviceId,
    Institution,
    InstitutionId,
)
from medreg_core.domain.vocabulary import Role, ScanResult

PROTOCOL = 2
"""The newest protocol these shapes speak: 2 brought activation codes, the expiry of leases and their proof."""

OLDEST_PROTOCOL = 1
"""The oldest one still spoken; both sides name their range in hello and use the newest they share."""

MAGIC = "medreg-sync"
"""First field of every stream and of every ping: proves that a portal's page is not our answer."""


class SignIn(msgspec.Struct, frozen=True):
    """``POST /api/v1/session``."""

    account: str
    password: str
    device_id: DeviceId
    nonce: str = ""  # the session is signed over it; empty from an older program


class Account(msgspec.Struct, frozen=True):
    """Who is signed in, as the server knows it."""

    id: AccountId
    login: str
    name: str
    role: Role
    institution_id: InstitutionId | None = None


class Session(msgspec.Struct, frozen=True):
    """Answer to a sign-in: an opaque bearer token and how long it lives. ``proof``: see :mod:`.identity`."""

    token: str
    expires_at: datetime
    account: Account
    kid: str = ""
    proof: bytes = b""  # empty from an older service


class PublicKey(msgspec.Struct, frozen=True):
    """An Ed25519 key that signs forms: 32 raw bytes, and the key id that the code on paper names."""

    kid: str
    key: bytes


class FormLease(msgspec.Struct, frozen=True):
    """Serial numbers for review forms that this device alone may use (``sync.md`` §5.7); ``last`` is included.

    ``proof`` seals the lease for its device: a service restored from a backup knows its own lease again by it.
    """

    region: str
    year: int
    first: int
    last: int
    expires_at: datetime | None = None  # no number is taken from then on; None: never, as protocol 1 leased them
    proof: bytes = b""

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return self.last - self.first + 1


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /api/v1/sync/hello``: what the client speaks, who it is, what it knows."""

    protocol_min: int
    protocol_max: int
    client_version: str
    device_id: DeviceId
    device_key: bytes
    known_epoch: str = ""
    client_time: datetime
    form_numbers_left: int = 0
    activation_codes_left: int | None = None  # None: codes are not wanted, or not known of
    leases: tuple[FormLease, ...] = ()  # held by the device, for a service that was restored to an older state


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to hello. ``offline_until``: reading the local copy locks then; nothing is ever deleted by it."""

    magic: str
    server_id: str
    protocol: int
    server_version: str
    epoch: str
    server_time: datetime
    account: Account
    institution: Institution
    offline_until: datetime
    keys: tuple[PublicKey, ...]
    lease: FormLease | None = None
    code_lease: CodeLease | None = None
    courier_key: bytes = b""  # X25519: files of the courier are sealed to it; "" if the service takes none
    kid: str = ""
    proof: bytes = b""  # see :mod:`.identity`; empty from an older service


class Pong(msgspec.Struct, frozen=True):
    """``GET /api/v1/ping?nonce=``: ``proof`` signs ``magic.server_id.nonce.server_time`` with the key ``kid``."""

    magic: str
    server_id: str
    nonce: str
    server_time: datetime
    kid: str
    proof: bytes


class ClaimQuery(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /api/v1/claims``: take or extend (``release`` false), or give back a soft claim."""

    application_id: ApplicationId
    release: bool = False


class ScanQuery(msgspec.Struct, frozen=True):
    """``POST /api/v1/commission/scans``: the text read from a form's QR."""

    code: str


class ScanAnswer(msgspec.Struct, frozen=True):
    """What the register says of the scanned form."""

    result: ScanResult
    form_number: str = ""
    application: Application | None = None


class CourierUpload(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /api/v1/courier``: a file of commands (:mod:`.courier`) that somebody else carried here."""

    file: bytes


class CourierAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The file of answers to carry back, readable by the device alone, and what may be told to who carries it."""

    magic: str
    file: bytes
    carried_out: int  # commands with a final answer, whichever it is
    left: int  # commands that have to be brought again


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Body of every answer that is not 2xx."""

    code: str
    params: dict[str, str] = {}
    request_id: str = ""
