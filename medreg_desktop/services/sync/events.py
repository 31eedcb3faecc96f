"""What happens to the sync engine. Each event carries its moment; nothing else tells the engine the time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from medreg_core.contract.v1.commands import Outcome
from medreg_core.contract.v1.devices import WipeAnswer
from medreg_core.contract.v1.feed import (
    BucketRows,
    ChangePage,
    DigestAnswer,
    SnapshotEnd,
    SnapshotHead,
    SnapshotMark,
    SnapshotRow,
)
from medreg_core.contract.v1.messages import Pong, Welcome
from medreg_core.domain.records import CommandId
from medreg_desktop.services.sync.bundles import BundleNote
from medreg_desktop.services.sync.outbox_view import Actor, PendingCommand, Position, QueueRow, Stock
from medreg_desktop.services.transport.trouble import Trouble


class Call(StrEnum):
    """The exchanges with the service, by the name the explain panel shows."""

    HELLO = "hello"
    PING = "ping"
    SNAPSHOT = "snapshot"
    CHANGES = "changes"
    COMMANDS = "commands"
    REHEARSAL = "rehearsal"
    PROBE = "probe"
    DIGEST = "digest"
    BUCKET = "bucket"
    WIPE_CHECK = "wipe_check"
    RESCUE = "rescue"
    WIPE_DONE = "wipe_done"


class Wish(StrEnum):
    """What the user may ask of the engine."""

    NOW = "now"  # 立即同步
    PAUSE = "pause"  # 暂停发送
    RESUME = "resume"  # 继续发送
    REHEARSE = "rehearse"  # 预演
    SEND = "send"  # 发送 n 条: what passes, without waiting
    SEND_ALL = "send_all"  # 全部发送: what would need the registrar too


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time on both clocks: ``mono`` seconds for waiting, ``wall`` (aware UTC) for showing and comparing."""

    mono: float
    wall: datetime

    @property
    def clock_gap_s(self) -> float:
        """What lies between the two clocks; it changes when somebody sets the wall clock."""
        return self.wall.timestamp() - self.mono


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed: a wait is over."""

    at: Moment


@dataclass(frozen=True, slots=True)
class CopyRead:
    """The local copy was opened or read again."""

    at: Moment
    position: Position


@dataclass(frozen=True, slots=True)
class QueueRead:
    """The actor's commands that are not done, by counter."""

    at: Moment
    rows: tuple[QueueRow, ...]
    stock: Stock = field(default_factory=Stock)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A registrar signed in, online (with a session) or only to the local copy."""

    at: Moment
    actor: Actor


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Nobody is signed in."""

    at: Moment


@dataclass(frozen=True, slots=True)
class CommandSaved:
    """The outbox changed: a command was saved, edited, withdrawn or released by the registrar."""

    at: Moment


@dataclass(frozen=True, slots=True)
class Asked:
    """The registrar pressed a button of the sync centre."""

    at: Moment
    wish: Wish


@dataclass(frozen=True, slots=True)
class NetworkChanged:
    """The operating system reports another network."""

    at: Moment


@dataclass(frozen=True, slots=True)
class HelloAnswered:
    """The service greeted back."""

    at: Moment
    welcome: Welcome


@dataclass(frozen=True, slots=True)
class PongArrived:
    """Our service, and nobody else, answered a ping."""

    at: Moment
    pong: Pong


@dataclass(frozen=True, slots=True)
class SnapshotOpened:
    """The first line of a snapshot."""

    at: Moment
    head: SnapshotHead


@dataclass(frozen=True, slots=True)
class SnapshotBlock:
    """All rows between two marks, and the mark that makes them whole."""

    at: Moment
    rows: tuple[SnapshotRow, ...]
    mark: SnapshotMark


@dataclass(frozen=True, slots=True)
class SnapshotEnded:
    """The rows after the last mark, and the end line."""

    at: Moment
    rows: tuple[SnapshotRow, ...]
    end: SnapshotEnd


@dataclass(frozen=True, slots=True)
class PageArrived:
    """A page of the feed. ``wait_s``: how long the service was asked to wait for the first change."""

    at: Moment
    page: ChangePage
    wait_s: int = 0


@dataclass(frozen=True, slots=True)
class OutcomesArrived:
    """Answers to the commands in flight."""

    at: Moment
    outcomes: tuple[Outcome, ...]
    server_time: datetime
    epoch: str = ""  # in which their seqs count; "" for the copy's own


@dataclass(frozen=True, slots=True)
class RehearsalAnswered:
    """What would become of the commands of one rehearsed request."""

    at: Moment
    outcomes: tuple[Outcome, ...]
    server_time: datetime


@dataclass(frozen=True, slots=True)
class ProbeAnswered:
    """What the service said to a command that must be refused. ``refused``: it did, so it answers commands."""

    at: Moment
    refused: bool
    server_time: datetime


@dataclass(frozen=True, slots=True)
class DigestAnswered:
    """Which buckets of the copy differ from the register."""

    at: Moment
    answer: DigestAnswer


@dataclass(frozen=True, slots=True)
class BucketArrived:
    """All rows of one bucket."""

    at: Moment
    rows: BucketRows


@dataclass(frozen=True, slots=True)
class DeviceRefused:
    """The service refused this device at sign-in: ``device_revoked``."""

    at: Moment


@dataclass(frozen=True, slots=True)
class WipeAnswered:
    """Our service, and nobody else, has said whether this copy must be destroyed."""

    at: Moment
    answer: WipeAnswer


@dataclass(frozen=True, slots=True)
class PendingRead:
    """Everything that anybody on this computer has not finished, in the order it was made."""

    at: Moment
    rows: tuple[PendingCommand, ...]


@dataclass(frozen=True, slots=True)
class RescueAnswered:
    """Our service has proven that it keeps these."""

    at: Moment
    kept: tuple[CommandId, ...]


@dataclass(frozen=True, slots=True)
class LeaveTaken:
    """An earlier run of the program had handed everything over and begun to destroy the copy."""

    at: Moment
    order: WipeAnswer
    rescued: int


@dataclass(frozen=True, slots=True)
class CopyDestroyed:
    """Key and files are gone."""

    at: Moment


@dataclass(frozen=True, slots=True)
class WipeConfirmed:
    """The service knows that the copy is destroyed."""

    at: Moment


@dataclass(frozen=True, slots=True)
class Failed:
    """An exchange ended in trouble."""

    at: Moment
    call: Call
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class Broken:
    """An exchange was given up on our own wish: a long poll, because something more urgent turned up."""

    at: Moment
    call: Call


@dataclass(frozen=True, slots=True)
class DiskFailed:
    """The local copy could not be read or written; nothing of the failed step was kept.

    ``lost_welcome``: nor what hello had brought.
    """

    at: Moment
    code: str
    lost_welcome: bool = False


@dataclass(frozen=True, slots=True)
class RemovalsHeld:
    """A page (None: a snapshot) would remove suspiciously much; nothing of it was applied (``sync.md`` §5.5)."""

    at: Moment
    page: ChangePage | None
    removals: int = 0
    total: int = 0  # rows of the copy
    which: str = ""  # names the very rows, of a snapshot


@dataclass(frozen=True, slots=True)
class RemovalsJudged:
    """The snapshot that removals were held for is the copy now; ``carried_out``: it removed the very same rows."""

    at: Moment
    carried_out: bool


@dataclass(frozen=True, slots=True)
class BundleWanted:
    """The registrar wants what waits written into a courier's file in this folder."""

    at: Moment
    folder: str


@dataclass(frozen=True, slots=True)
class BundleWritten:
    """A courier's file was written, or could not be (``note.code``)."""

    at: Moment
    bundle_id: str
    note: BundleNote


@dataclass(frozen=True, slots=True)
class AnswersBrought:
    """A courier brought answers that the service has signed for this device; all are of commands made here.

    ``beside``: the epoch of the copy that they were held against.
    """

    at: Moment
    outcomes: tuple[Outcome, ...]
    epoch: str
    beside: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The program ends."""

    at: Moment


Event = (
    Tick
    | CopyRead
    | QueueRead
    | SignedIn
    | SignedOut
    | CommandSaved
    | Asked
    | NetworkChanged
    | HelloAnswered
    | PongArrived
    | SnapshotOpened
    | SnapshotBlock
    | SnapshotEnded
    | PageArrived
    | OutcomesArrived
    | RehearsalAnswered
    | ProbeAnswered
    | DigestAnswered
    | BucketArrived
    | DeviceRefused
    | WipeAnswered
    | PendingRead
    | RescueAnswered
    | LeaveTaken
    | CopyDestroyed
    | WipeConfirmed
    | Failed
    | Broken
    | DiskFailed
    | RemovalsHeld
    | RemovalsJudged
    | BundleWanted
    | BundleWritten
    | AnswersBrought
    | Stopped
)
