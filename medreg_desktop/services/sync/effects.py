"""What the engine wants done. The driver does it, in order; if one of a step's effects fails, the rest are not done."""

from __future__ import annotations

from dataclasses import dataclass

from medreg_core.contract.v1.devices import WipeAnswer
from medreg_core.contract.v1.feed import BucketRows, ChangePage, SnapshotEnd, SnapshotHead, SnapshotMark, SnapshotRow
from medreg_core.contract.v1.messages import Welcome
from medreg_core.domain.records import AccountId, CommandId
from medreg_desktop.services.sync.events import Moment
from medreg_desktop.services.sync.outbox_view import Settlement
from medreg_desktop.services.sync.report import SyncReport

# ---- reading the local copy -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadCopy:
    """Read the position; answered by ``CopyRead``."""


@dataclass(frozen=True, slots=True)
class ReadQueue:
    """Read the commands of one account that are not done; answered by ``QueueRead``."""

    account_id: AccountId


# ---- writing the local copy; each is one transaction ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeepWelcome:
    """Keep what hello said: keys, lease, institution, offline_until, and when the service was last heard."""

    welcome: Welcome
    at: Moment


@dataclass(frozen=True, slots=True)
class MarkInFlight:
    """These commands leave now; from here on they are immutable."""

    ids: tuple[CommandId, ...]


@dataclass(frozen=True, slots=True)
class Settle:
    """Close, postpone or set apart commands, each with its outcome, all in one transaction."""

    settlements: tuple[Settlement, ...]


@dataclass(frozen=True, slots=True)
class Hasten:
    """Forget the waits of an account's queued and deferred commands: somebody asked for a try now."""

    account_id: AccountId


@dataclass(frozen=True, slots=True)
class NoteOutage:
    """Contact is lost, or has one more cause. ``offset_s``: our clock minus the service's, if they were compared."""

    at: Moment
    cause: str
    offset_s: float | None


@dataclass(frozen=True, slots=True)
class EndOutage:
    """The service was heard again, after ``lasted_s`` by the monotonic clock if the loss began in this run."""

    at: Moment
    lasted_s: float | None
    offset_s: float | None


@dataclass(frozen=True, slots=True)
class HandOver:
    """These commands go into a courier's file; from here on they are as if sent."""

    bundle_id: str
    ids: tuple[CommandId, ...]
    at: Moment


@dataclass(frozen=True, slots=True)
class TakeBackBundle:
    """The courier's file was not finished: its commands are with nobody."""

    bundle_id: str


@dataclass(frozen=True, slots=True)
class BeginSnapshot:
    """Throw away any half-built snapshot and start an empty one beside the copy."""

    head: SnapshotHead


@dataclass(frozen=True, slots=True)
class KeepBlock:
    """Add rows to the snapshot being built, together with the mark that resumes after them."""

    rows: tuple[SnapshotRow, ...]
    mark: SnapshotMark


@dataclass(frozen=True, slots=True)
class FinishSnapshot:
    """Add the last rows and put the snapshot in the copy's place, with its cursor."""

    rows: tuple[SnapshotRow, ...]
    end: SnapshotEnd
    epoch: str
    confirmed: str = ""  # the many rows that the snapshot before would have removed: it has to be the same ones
    judges: bool = False  # removals are held: ``RemovalsJudged`` says what became of them


@dataclass(frozen=True, slots=True)
class DropSnapshot:
    """Throw away a half-built snapshot that cannot be continued."""


@dataclass(frozen=True, slots=True)
class KeepPage:
    """Apply a page of the feed and move the cursor."""

    page: ChangePage
    confirmed: bool = False  # the digest agrees with its removals


@dataclass(frozen=True, slots=True)
class KeepBucket:
    """Replace the rows of one bucket."""

    rows: BucketRows


# ---- the stick ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WriteBundle:
    """Write the file of what was handed over into the folder; answered by ``BundleWritten``."""

    bundle_id: str
    account_id: AccountId
    folder: str
    left: int  # commands that wait and do not go along
    at: Moment


# ---- the network ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SendHello:
    """Greet the service."""

    known_epoch: str


@dataclass(frozen=True, slots=True)
class SendPing:
    """Ask for the proof that our server answers."""


@dataclass(frozen=True, slots=True)
class GetSnapshot:
    """Stream the snapshot after a mark; empty for all of it."""

    after: str


@dataclass(frozen=True, slots=True)
class StopSnapshot:
    """Close the running stream at this mark; something more urgent waits."""


@dataclass(frozen=True, slots=True)
class GetChanges:
    """Ask for the feed; with ``wait_s`` the server holds the answer until something happens. May be broken off."""

    cursor: str
    wait_s: int


@dataclass(frozen=True, slots=True)
class SendCommands:
    """Send these commands of one registrar in this order, in one request."""

    ids: tuple[CommandId, ...]
    account_id: AccountId


@dataclass(frozen=True, slots=True)
class RehearseCommands:
    """Ask what would become of these commands, in one request; nothing is done, nothing is kept."""

    ids: tuple[CommandId, ...]
    account_id: AccountId


@dataclass(frozen=True, slots=True)
class ProbeCommands:
    """Rehearse a harmless command that must be refused: does the service answer commands at all?"""

    account_id: AccountId


@dataclass(frozen=True, slots=True)
class AskDigest:
    """Compare the copy with the register; with a held page, the copy as it would be after that page."""

    cursor: str
    page: ChangePage | None = None


@dataclass(frozen=True, slots=True)
class GetBucket:
    """Fetch all rows of one bucket."""

    bucket: int


# ---- the way out of a revoked device (sync.md §5.10) -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskWipe:
    """Ask whether this copy must be destroyed; answered by ``WipeAnswered`` only with the service's proof."""


@dataclass(frozen=True, slots=True)
class SealCopy:
    """Keep the order, and let nothing be saved any more: what is read as unfinished then is all there is."""

    order: WipeAnswer


@dataclass(frozen=True, slots=True)
class UnsealCopy:
    """The service holds no order against this device (any more): work goes on."""


@dataclass(frozen=True, slots=True)
class ReadPending:
    """Read what nobody here has finished; answered by ``PendingRead``."""


@dataclass(frozen=True, slots=True)
class Rescue:
    """Hand these commands over to the review lane; answered by ``RescueAnswered`` only with the service's proof."""

    ids: tuple[CommandId, ...]


@dataclass(frozen=True, slots=True)
class TakeLeave:
    """Put beside the copy what is needed once its key is gone: the order, and the signed word that it is done."""

    order: WipeAnswer
    rescued: int


@dataclass(frozen=True, slots=True)
class DestroyKey:
    """Make the copy unreadable for ever."""


@dataclass(frozen=True, slots=True)
class DeleteCopy:
    """Delete the files; answered by ``CopyDestroyed``."""


@dataclass(frozen=True, slots=True)
class ConfirmWiped:
    """Tell the service that the copy is destroyed."""


@dataclass(frozen=True, slots=True)
class NoteGone:
    """Note that the service knows; the program may begin anew."""


# ---- waiting and telling --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sleep:
    """Nothing to do until ``until`` on the monotonic clock, or until something happens; None: only then."""

    until: float | None


@dataclass(frozen=True, slots=True)
class Tell:
    """What the screen should show has changed."""

    report: SyncReport


Effect = (
    ReadCopy
    | ReadQueue
    | KeepWelcome
    | MarkInFlight
    | Settle
    | Hasten
    | NoteOutage
    | EndOutage
    | HandOver
    | TakeBackBundle
    | WriteBundle
    | BeginSnapshot
    | KeepBlock
    | FinishSnapshot
    | DropSnapshot
    | KeepPage
    | KeepBucket
    | SendHello
    | SendPing
    | GetSnapshot
    | StopSnapshot
    | GetChanges
    | SendCommands
    | RehearseCommands
    | ProbeCommands
    | AskDigest
    | GetBucket
    | AskWipe
    | SealCopy
    | UnsealCopy
    | ReadPending
    | Rescue
    | TakeLeave
    | DestroyKey
    | DeleteCopy
    | ConfirmWiped
    | NoteGone
    | Sleep
    | Tell
)
