"""Commands, the batches they travel in, and the answers (``sync.md`` §5.6)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from medreg_core.contract.v1.activation import HandOutCode, ReprintCode, VoidCode
from medreg_core.contract.v1.receipts import CounterSignature, Instant, Link
from medreg_core.domain.records import (
    AccountId,
    Application,
    ApplicationId,
    CommandId,
    DeviceId,
    Material,
    PhysicianId,
    ReviewForm,
)
from medreg_core.domain.vocabulary import CommandKind, FormState, OutcomeKind

BATCH_COMMANDS = 100
"""Most commands in one request; with :data:`BATCH_BYTES` the envelope limit of ``sync.md`` §5.6."""

BATCH_BYTES = 256 * 1024


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
    seen_at: Instant | None = None  # when base_version came about: a restored register gives its numbers out again

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
