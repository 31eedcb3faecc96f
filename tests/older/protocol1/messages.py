"""Frozen: the messages that a program of protocol 1 knows. Never changed; nothing but the tests here reads it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from tests.older.protocol1.records import (
    AccountId,
    Application,
    ApplicationId,
    CommandId,
    DeviceId,
    Institution,
    InstitutionId,
    Material,
    ReviewForm,
)
from tests.older.protocol1.vocabulary import CommandKind, FormState, OutcomeKind, Role, ScanResult

PROTOCOL = 1
"""The protocol these shapes belong to; both sides name the range they can speak in hello."""

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
    """Serial numbers for review forms that this device alone may use (``sync.md`` §5.7); ``last`` is included."""

    region: str
    year: int
    first: int
    last: int


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


CommandBody = Agree | Return | Refuse | WithdrawConsent | RecordPrint | RecordRecall


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One request to change the register. ``id`` is minted once, before the first send (UUIDv7)."""

    id: CommandId
    application_id: ApplicationId
    base_version: int
    made_at: datetime  # testimony of the device's clock; decides nothing
    body: CommandBody
    depends_on: CommandId | None = None


class CommandBatch(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /api/v1/sync/commands``. With ``dry_run`` nothing is stored and every answer is what would happen."""

    device_id: DeviceId
    commands: tuple[Command, ...]
    dry_run: bool = False
    account_id: AccountId = AccountId("")  # who made them: a session of another may not carry them; "" does not say


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


class OutcomeBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Answers in the order of the commands, none missing."""

    magic: str
    outcomes: tuple[Outcome, ...]
    server_time: datetime
    epoch: str = ""  # of the feed that each ``seq`` counts in; the client's copy may still be of an older one


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


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Body of every answer that is not 2xx."""

    code: str
    params: dict[str, str] = {}
    request_id: str = ""
