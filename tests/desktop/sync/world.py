"""A service and a copy in memory, obeying the ports, for stepping the engine through any weather without a socket.

The service keeps the rules that matter to a client (idempotency, order, feed without gaps) and fails as it is told.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import msgspec

from medreg_core.contract.v1.commands import Command, CommandBatch, Outcome, OutcomeBatch, Refuse
from medreg_core.contract.v1.digest import bucket_of, bucket_sums, row_hash
from medreg_core.contract.v1.feed import (
    MARK_EVERY,
    BucketRows,
    Change,
    ChangePage,
    DigestAnswer,
    DigestQuery,
    Op,
    SnapshotEnd,
    SnapshotHead,
    SnapshotLine,
    SnapshotMark,
    SnapshotRow,
)
from medreg_core.contract.v1.messages import MAGIC, PROTOCOL, Account, Hello, Pong, PublicKey, Welcome
from medreg_core.contract.v1.receipts import Link
from medreg_core.domain.records import AccountId, ApplicationId, CommandId, DeviceId, Institution, InstitutionId
from medreg_core.domain.vocabulary import OutcomeKind, Role
from medreg_desktop.services.sync.effects import EndOutage, NoteOutage
from medreg_desktop.services.sync.outbox_view import (
    Position,
    QueueRow,
    RowState,
    Settlement,
    SnapshotProgress,
    Stock,
)
from medreg_desktop.services.transport.trouble import TransportFault, Trouble, TroubleKind

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HOSPITAL = Institution(
    InstitutionId("h"), "医院", "", "", "990100", "", "", "", (), ()
)  # fmt: skip


class Time:
    """Both clocks of a computer; they move when told. ``fast_s``: how much its wall clock is ahead of the service's."""

    def __init__(self) -> None:
        self.mono = self.fast_s = 0.0

    def now(self) -> datetime:
        return self.true() + timedelta(seconds=self.fast_s)

    def true(self) -> datetime:
        return START + timedelta(seconds=self.mono)

    def monotonic(self) -> float:
        return self.mono


@dataclass
class World:
    """The register as one institution sees it. ``fail`` is asked before and after each call."""

    time: Time
    rows: dict[str, int] = field(default_factory=dict)
    log: list[tuple[str, int, Op]] = field(default_factory=list)
    answers: dict[CommandId, Outcome] = field(default_factory=dict)
    effects: list[CommandId] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    epoch: str = "e1"
    protocol: int = PROTOCOL
    fail: Callable[[str, str], Trouble | None] = lambda _call, _when: None
    poison: frozenset[CommandId] = frozenset()
    decide: Callable[[Command], OutcomeKind] = lambda _command: OutcomeKind.ACCEPTED
    code: str = ""
    codes: dict[CommandId, str] = field(default_factory=dict)

    def change(self, row: str, op: Op = Op.UPSERT) -> int:
        if op is Op.UPSERT:
            self.rows[row] = self.rows.get(row, 0) + 1
        else:
            self.rows.pop(row, None)
        self.log.append((row, self.rows.get(row, 0), op))
        return len(self.log)

    def carry_out(self, command: Command) -> Outcome:
        known = self.answers.get(command.id)
        if known is not None:
            return known
        if command.id in self.poison:
            raise TransportFault(Trouble(TroubleKind.SERVER, "server_error", 500))
        if command.depends_on is not None and command.depends_on not in self.answers:
            return Outcome(id=command.id, kind=OutcomeKind.DEFERRED, waits_for=command.depends_on)
        kind = self.decide(command)
        if kind in {OutcomeKind.RETRY, OutcomeKind.DEFERRED}:
            return Outcome(id=command.id, kind=kind, code=self.code)
        seq = 0
        if kind is OutcomeKind.ACCEPTED:
            self.effects.append(command.id)
            seq = self.change(command.application_id)
        outcome = Outcome(id=command.id, kind=kind, seq=seq)
        self.answers[command.id] = outcome
        return outcome

    def rehearse(self, command: Command) -> Outcome:
        known = self.answers.get(command.id)
        if known is not None:
            return known
        if command.id == DEVICE_ID:
            return Outcome(id=command.id, kind=OutcomeKind.REJECTED, code="application_unknown")
        return Outcome(id=command.id, kind=self.decide(command), code=self.codes.get(command.id, self.code))


class FakeService:
    """The port ``Service`` over a :class:`World`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def expect(self, server_id: str) -> None:
        pass

    def trust(self, keys: tuple[PublicKey, ...], heard: tuple[PublicKey, ...] = ()) -> None:
        pass

    @contextmanager
    def _call(self, name: str, noted: str = "") -> Iterator[World]:
        """``noted``: the name under which it is counted, where one address serves two purposes."""
        self._world.calls.append(noted or name)
        for when in ("before", "after"):
            trouble = self._world.fail(name, when)
            if trouble is not None and when == "before":
                raise TransportFault(trouble)
            if when == "before":
                yield self._world
            elif trouble is not None:
                raise TransportFault(trouble)

    def hello(self, hello: Hello) -> Welcome:
        with self._call("hello") as world:
            now = world.time.true()
            account = Account(AccountId("me"), "me", "我", Role.REGISTRAR, HOSPITAL.id)
            return Welcome(
                magic=MAGIC,
                server_id="s",
                protocol=world.protocol,
                server_version="1",
                epoch=world.epoch,
                server_time=now,
                account=account,
                institution=HOSPITAL,
                offline_until=now + timedelta(days=14),
                keys=(),
            )

    def ping(self) -> Pong:
        with self._call("ping") as world:
            return Pong(MAGIC, "s", "n", world.time.true(), "k", b"")

    @contextmanager
    def snapshot(self, after: str) -> Iterator[Iterator[SnapshotLine]]:
        with self._call("snapshot") as world:
            yield self._lines(world, after)

    def _lines(self, world: World, after: str) -> Iterator[SnapshotLine]:
        epoch, seq, done, digest, last = (
            msgspec.json.decode(after) if after else (world.epoch, len(world.log), 0, 0, "")
        )
        if epoch != world.epoch:
            raise TransportFault(Trouble(TroubleKind.RESYNC, "resync", params={"reason": "epoch"}))
        yield SnapshotHead(magic=MAGIC, server_id="s", epoch=epoch, total=len(world.rows), done=done)
        for key in sorted(world.rows):
            if key <= last:
                continue
            trouble = world.fail("snapshot row", "before")
            if trouble is not None:
                raise TransportFault(trouble)
            yield SnapshotRow(kind="application", id=key, version=world.rows[key], body=msgspec.Raw(b"{}"))
            done, digest = done + 1, (digest + row_hash(key, world.rows[key])) % (1 << 64)
            if done % MARK_EVERY == 0:
                token = msgspec.json.encode([epoch, seq, done, digest, key]).decode()
                yield SnapshotMark(after=token, count=done, digest=f"{digest:016x}")
        yield SnapshotEnd(count=done, digest=f"{digest:016x}", cursor=f"{epoch} {seq}", seq=seq)

    def changes(self, cursor: str, wait_s: int, unwanted: Callable[[], bool]) -> ChangePage:
        with self._call("changes") as world:
            seq = self._position(world, cursor)
            if wait_s and seq == len(world.log):
                world.time.mono += wait_s
            last = min(len(world.log), seq + 5)
            newest = {row: number for number, (row, _, _) in enumerate(world.log[:last], 1) if number > seq}
            changes = tuple(
                Change(number, "application", row, *world.log[number - 1][1:], msgspec.Raw(b"{}"))
                for row, number in sorted(newest.items(), key=lambda item: item[1])
            )
            return ChangePage(
                magic=MAGIC,
                epoch=world.epoch,
                after=seq,
                last=last,
                changes=changes,
                cursor=f"{world.epoch} {last}",
                more=last < len(world.log),
                server_time=world.time.true(),
            )

    def _position(self, world: World, cursor: str) -> int:
        epoch, seq = cursor.split()
        if epoch != world.epoch:
            raise TransportFault(Trouble(TroubleKind.RESYNC, "resync", params={"reason": "epoch"}))
        return int(seq)

    def send(self, batch: CommandBatch) -> OutcomeBatch:
        with self._call("commands", "rehearsal" if batch.dry_run else "") as world:
            assert batch.commands
            if any(command.id in world.poison for command in batch.commands):
                raise TransportFault(Trouble(TroubleKind.SERVER, "server_error", 500))
            say = world.rehearse if batch.dry_run else world.carry_out
            outcomes = tuple(say(command) for command in batch.commands)
            now = world.time.true()
            return OutcomeBatch(magic=MAGIC, outcomes=outcomes, server_time=now, dry_run=batch.dry_run)

    def digest(self, query: DigestQuery) -> DigestAnswer:
        with self._call("digest") as world:
            if self._position(world, query.cursor) != len(world.log):
                return DigestAnswer(settled=False)
            sums = bucket_sums(world.rows.items())
            return DigestAnswer(settled=True, differing=tuple(n for n in range(256) if sums[n] != query.buckets[n]))

    def bucket(self, number: int) -> BucketRows:
        with self._call("bucket") as world:
            rows = tuple(
                Change(0, "application", row, version, Op.UPSERT, msgspec.Raw(b"{}"))
                for row, version in world.rows.items()
                if bucket_of(row) == number
            )
            return BucketRows(magic=MAGIC, bucket=number, rows=rows)


@dataclass
class FakeCopy:
    """The port ``LocalCopy`` in memory; every call is atomic, as a transaction is."""

    rows: dict[str, int] = field(default_factory=dict)
    shadow: dict[str, int] = field(default_factory=dict)
    queue_rows: dict[CommandId, QueueRow] = field(default_factory=dict)
    bodies: dict[CommandId, Command] = field(default_factory=dict)
    outcomes: dict[CommandId, Outcome] = field(default_factory=dict)
    done: set[CommandId] = field(default_factory=set)
    at: Position = field(default_factory=Position)
    outages: list[NoteOutage | EndOutage] = field(default_factory=list)

    def save(self, number: int, application: str, depends_on: CommandId | None = None) -> CommandId:
        command = CommandId(f"c{number}")
        self.bodies[command] = Command(
            id=command,
            application_id=ApplicationId(application),
            base_version=1,
            made_at=START,
            body=Refuse(opinion="x"),
            depends_on=depends_on,
        )
        self.queue_rows[command] = QueueRow(
            command, ApplicationId(application), number, 300, RowState.QUEUED, depends_on
        )
        return command

    def position(self) -> Position:
        return self.at

    def queue(self, account_id: AccountId) -> tuple[QueueRow, ...]:
        return tuple(row for row in self.queue_rows.values() if row.id not in self.done)

    def commands(self, ids: Iterable[CommandId], *, rehearsed: bool = False) -> tuple[Command, ...]:
        state = RowState.QUEUED if rehearsed else RowState.IN_FLIGHT
        return tuple(self.bodies[command] for command in ids if self.queue_rows[command].state is state)

    def receipts(self, ids: Iterable[CommandId]) -> tuple[Link, ...]:
        return ()

    def note_outage(self, told: NoteOutage | EndOutage) -> None:
        self.outages.append(told)

    def mark_in_flight(self, ids: tuple[CommandId, ...]) -> None:
        for command in ids:
            row = self.queue_rows[command]
            self.queue_rows[command] = replace(row, state=RowState.IN_FLIGHT, attempts=row.attempts + 1, next_try=None)

    def settle(self, settlements: tuple[Settlement, ...], at: datetime) -> None:
        for item in settlements:
            row = self.queue_rows[item.id]
            attempts = row.attempts if item.counted else row.attempts - 1
            since = row.waiting_since or (at if item.state is RowState.DEFERRED else None)
            self.queue_rows[item.id] = replace(
                row, state=item.state, attempts=attempts, next_try=item.next_try, waiting_since=since
            )
            if item.outcome is not None:
                self.outcomes[item.id] = item.outcome
            if item.state is RowState.DONE:
                self.done.add(item.id)

    def hasten(self, account_id: AccountId) -> None:
        for command, row in self.queue_rows.items():
            self.queue_rows[command] = replace(row, next_try=None)

    def keep_welcome(self, welcome: Welcome, at: datetime) -> tuple[PublicKey, ...]:
        self.at = replace(self.at, server_id=welcome.server_id, institution_id=welcome.institution.id)
        return welcome.keys

    def begin_snapshot(self, head: SnapshotHead) -> None:
        self.shadow = {}
        self.at = replace(self.at, snapshot=None)

    def keep_block(self, rows: tuple[SnapshotRow, ...], mark: SnapshotMark) -> None:
        self.shadow |= {row.id: row.version for row in rows}
        epoch = msgspec.json.decode(mark.after)[0]
        self.at = replace(self.at, snapshot=SnapshotProgress(epoch, mark.after, mark.count, mark.digest))

    def finish_snapshot(self, rows: tuple[SnapshotRow, ...], end: SnapshotEnd, epoch: str, *, confirmed: str) -> bool:
        self.rows = self.shadow | {row.id: row.version for row in rows}
        self.shadow = {}
        self.at = replace(self.at, epoch=epoch, cursor=end.cursor, seq=end.seq, snapshot=None)
        return bool(confirmed)

    def drop_snapshot(self) -> None:
        self.shadow = {}
        self.at = replace(self.at, snapshot=None)

    def keep_page(self, page: ChangePage, *, confirmed: bool) -> None:
        assert (page.epoch, page.after) == (self.at.epoch, self.at.seq)
        self.rows = self._after(page)
        self.at = replace(self.at, cursor=page.cursor, seq=page.last)

    def _after(self, page: ChangePage | None) -> dict[str, int]:
        rows = dict(self.rows)
        for change in page.changes if page else ():
            if change.op is Op.UPSERT:
                rows[change.id] = max(change.version, rows.get(change.id, 0))
            else:
                rows.pop(change.id, None)
        return rows

    def digest(self, page: ChangePage | None) -> tuple[int, tuple[int, ...]]:
        rows = self._after(page)
        return len(rows), tuple(bucket_sums(rows.items()))

    def keep_bucket(self, rows: BucketRows) -> None:
        kept = {row: version for row, version in self.rows.items() if bucket_of(row) != rows.bucket}
        self.rows = kept | {change.id: change.version for change in rows.rows}

    def stock(self, now: datetime) -> Stock:
        return Stock()


def weather(seed: int, share: float) -> Callable[[str, str], Trouble | None]:
    """Return trouble at random: of every class, before and after the request was carried out."""
    chance = random.Random(seed)
    kinds = [
        Trouble(TroubleKind.LINK, "server_unreachable"),
        Trouble(TroubleKind.LINK, "response_cut"),
        Trouble(TroubleKind.SERVER, "server_error", 500),
        Trouble(TroubleKind.TOLD, "server_busy", 429, wait_s=20),
        Trouble(TroubleKind.PORTAL, "captive_portal", 302),
        Trouble(TroubleKind.CLOCK, "tls_expired"),
        Trouble(TroubleKind.OTHER_VERSION, "server_other_version", 404),
        Trouble(TroubleKind.RESYNC, "resync", 410, params={"reason": "compacted"}),
    ]
    return lambda _call, _when: chance.choice(kinds) if chance.random() < share else None


DEVICE_ID = DeviceId("d")
