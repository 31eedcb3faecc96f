"""The wire shapes of the protocol (``sync.md`` §5), encoded as JSON by msgspec on both sides.

Records of the domain travel as they are; the structs here only frame them. Unknown fields are ignored by an older
reader, so a field may be added with a default, never changed or removed. A *kind* an older reader would refuse is what
makes a new number of the protocol; :mod:`.versions` says how two ages of the programs agree.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from medreg_core.contract.v1.activation import CodeLease, HandOutCode, ReprintCode, VoidCode
from medreg_core.contract.v1.receipts import CounterSignature, Link
from medreg_core.domain.records import (
    AccountId,
    Application,
    ApplicationId,
    CommandId,
    DeviceId,
    Institution,
    InstitutionId,
    Material,
    PhysicianId,
    ReviewForm,
)
from medreg_core.domain.vocabulary import CommandKind, FormState, OutcomeKind, Role, ScanResult

PROTOCOL = 2
"""The newest protocol these shapes speak: 2 brought activation codes, the expiry of leases and their proof."""

OLDEST_PROTOCOL = 1
"""The oldest one still spoken; both sides name their range in hello and use the newest they share."""

MAGIC = "medreg-sync"
"""First field of every stream and of every ping: proves that a portal's page is not our answer."""

BATCH_COMMANDS = 100
"""Most commands in one request; with :data:`BATCH_BYTES` the envelope limit of ``sync.md`` §5.6."""

BATCH_BYTES = 256 * 1024
PAGE_CHANGES = 500
MARK_EVERY = 250
DIGEST_BUCKETS = 256


class SignIn(msgspec.Struct, frozen=True):
    """``POST /api/v1/session``."""

    account: str
    password: str
    device_id: DeviceId


class Account(msgspec.Struct, frozen=True):
    """Who is signed in, as the server knows it."""

    id: AccountId
    login: str
    name: str
    role: Role
    institution_id: InstitutionId | None = None


class Session(msgspec.Struct, frozen=True):
    """Answer to a sign-in: an opaque bearer token and how long it lives."""

    token: str
    expires_at: datetime
    account: Account


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


class Pong(msgspec.Struct, frozen=True):
    """``GET /api/v1/ping?nonce=``: ``proof`` signs ``magic.server_id.nonce.server_time`` with the key ``kid``."""

    magic: str
    server_id: str
    nonce: str
    server_time: datetime
    kid: str
    proof: bytes


class Op(StrEnum):
    """What a change does to the receiver's copy."""

    UPSERT = "upsert"
    TOMBSTONE = "tombstone"
    LEFT_SCOPE = "left_scope"


class EntityKind(StrEnum):
    """What an institution receives; a receiver keeps rows of kinds it does not know, raw."""

    APPLICATION = "application"
    INSTITUTION = "institution"


class Change(msgspec.Struct, frozen=True):
    """One change of one row; ``body`` is JSON of the entity, absent for removals."""

    seq: int
    kind: str
    id: str
    version: int
    op: Op
    body: msgspec.Raw = msgspec.Raw(b"null")


class ChangePage(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /api/v1/sync/changes?cursor=&wait=``. ``after`` must equal the receiver's last seq; rows are compacted."""

    magic: str
    epoch: str
    after: int
    last: int
    changes: tuple[Change, ...]
    cursor: str
    more: bool
    server_time: datetime


class SnapshotHead(msgspec.Struct, frozen=True, tag="head", tag_field="t"):
    """First line of ``GET /api/v1/sync/snapshot?after=``, NDJSON."""

    magic: str
    server_id: str
    epoch: str
    total: int
    done: int


class SnapshotRow(msgspec.Struct, frozen=True, tag="row", tag_field="t"):
    """One row of the institution's scope."""

    kind: str
    id: str
    version: int
    body: msgspec.Raw


class SnapshotMark(msgspec.Struct, frozen=True, tag="mark", tag_field="t"):
    """Every :data:`MARK_EVERY` rows: everything above may be committed; ``after`` resumes here."""

    after: str
    count: int
    digest: str


class SnapshotEnd(msgspec.Struct, frozen=True, tag="end", tag_field="t"):
    """Last line. A stream without it was cut: keep what the last mark covers, ask again from there."""

    count: int
    digest: str
    cursor: str
    seq: int


SnapshotLine = SnapshotHead | SnapshotRow | SnapshotMark | SnapshotEnd


class Agree(msgspec.Struct, frozen=True, kw_only=True, tag=CommandKind.AGREE.value, tag_field="do"):
    """机构审核: 同意. ``content_version`` and ``digest`` name what the registrar read and what the form prints."""

    content_version: int
    opinion: str
    materials: tuple[Material, ...]
    form_number: str
    digest: str


class Return(msgspec.Struct, frozen=True, kw_only=True, tag=CommandKind.RETURN.value, tag_field="do"):
    """机构审核: 退回修改, with the reason the applicant reads."""

    opinion: str
    materials: tuple[Material, ...] = ()


class Refuse(msgspec.Struct, frozen=True, kw_only=True, tag=CommandKind.REFUSE.value, tag_field="do"):
    """机构审核: 不同意, with the reason the applicant reads."""

    opinion: str


class WithdrawConsent(
    msgspec.Struct, frozen=True, kw_only=True, tag=CommandKind.WITHDRAW_CONSENT.value, tag_field="do"
):
    """撤回同意, possible until 受理; the form printed on the consent becomes void."""

    reason: str = ""


class RecordPrint(msgspec.Struct, frozen=True, kw_only=True, tag=CommandKind.RECORD_PRINT.value, tag_field="do"):
    """A review form left the printer or was saved as a file: which, how often, and what it claimed."""

    form_number: str
    digest: str
    form_state: FormState
    printed_at: datetime
    copies: int
    reprint: int  # 0 first print, n = 补打 n
    to_file: bool = False


class RecordRecall(msgspec.Struct, frozen=True, kw_only=True, tag=CommandKind.RECORD_RECALL.value, tag_field="do"):
    """登记收回: copies of a form that must not be used are back in the office."""

    form_number: str
    copies: int


CodeBody = HandOutCode | VoidCode | ReprintCode
CommandBody = Agree | Return | Refuse | WithdrawConsent | RecordPrint | RecordRecall | CodeBody


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One request to change the register. ``id`` is minted once, before the first send (UUIDv7).

    It is about one subject: an application, or, with a :data:`CodeBody`, a physician.
    """

    id: CommandId
    application_id: ApplicationId = ApplicationId("")
    base_version: int
    made_at: datetime  # testimony of the device's clock; decides nothing
    body: CommandBody
    depends_on: CommandId | None = None
    physician_id: PhysicianId = PhysicianId("")
    schema: int = 1  # the oldest protocol whose service knows this kind; it is not sent to an older one

    @property
    def subject(self) -> str:
        """Id of what the command is about: commands on one subject keep their order."""
        return self.application_id or self.physician_id


class CommandBatch(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /api/v1/sync/commands``. With ``dry_run`` nothing is stored and every answer is what would happen."""

    device_id: DeviceId
    commands: tuple[Command, ...]
    dry_run: bool = False
    account_id: AccountId = AccountId("")  # who made them: a session of another may not carry them; "" does not say
    receipts: tuple[Link, ...] = ()  # of these commands, and of those called back just before them in the chain


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The server's answer to one command; the same id always gets the same answer."""

    id: CommandId
    kind: OutcomeKind
    code: str = ""  # a fault code when not accepted
    params: dict[str, str] = {}
    version: int = 0  # of the application after the command
    seq: int = 0  # the feed position that contains the effect
    by: str = ""  # who stood in the way: a registrar's name, "applicant", "commission"
    at: datetime | None = None
    current: Application | None = None  # the register's row, for a conflict
    form: ReviewForm | None = None
    retry_after_s: int = 0
    waits_for: CommandId | None = None
    receipt: CounterSignature | None = None  # of the command's link, if a valid one came with it


class OutcomeBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Answers in the order of the commands, none missing."""

    magic: str
    outcomes: tuple[Outcome, ...]
    server_time: datetime
    epoch: str = ""  # of the feed that each ``seq`` counts in; the client's copy may still be of an older one
    dry_run: bool = False  # these answers were rehearsed: advice, never an outcome


class DigestQuery(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /api/v1/sync/digest``: count and bucket sums of the client's copy at ``cursor`` (``sync.md`` §5.12)."""

    cursor: str
    count: int
    buckets: tuple[int, ...]


class DigestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Which buckets differ; empty means the copies are equal. ``settled`` is false when the cursor is behind."""

    settled: bool
    differing: tuple[int, ...] = ()


class BucketRows(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /api/v1/sync/buckets/{n}``: all rows of one bucket, to replace the client's."""

    magic: str
    bucket: int
    rows: tuple[Change, ...]


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
