"""Does one effect of the engine at a time, on the local copy or on the service, and reports back with an event."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import assert_never

from medreg_core.contract.v1.commands import Command, CommandBatch, OutcomeBatch, RecordRecall
from medreg_core.contract.v1.feed import DigestQuery, SnapshotEnd, SnapshotHead, SnapshotLine, SnapshotMark, SnapshotRow
from medreg_core.contract.v1.messages import OLDEST_PROTOCOL, PROTOCOL, Hello
from medreg_core.domain.records import AccountId, ApplicationId, CommandId, DeviceId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.courtesy import courteous
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock
from medreg_desktop.services.sync import effects, events, leaving
from medreg_desktop.services.sync.bundles import BundleNote
from medreg_desktop.services.sync.effects import Effect
from medreg_desktop.services.sync.events import Call, Event, Moment
from medreg_desktop.services.sync.leaving import Leaving
from medreg_desktop.services.sync.ports import Departure, LocalCopy, Service, TooManyRemovals
from medreg_desktop.services.transport.trouble import Interrupted, TransportFault, Trouble, TroubleKind


@dataclass(frozen=True, slots=True)
class Device:
    """This installation, as hello names it. ``public_key``: 32 bytes, Ed25519."""

    id: DeviceId
    public_key: bytes
    client_version: str


@dataclass(slots=True)
class _Stream:
    """A snapshot that is arriving."""

    context: AbstractContextManager[Iterator[SnapshotLine]]
    lines: Iterator[SnapshotLine]
    rows: list[SnapshotRow] = field(default_factory=list)


class SyncWorker:
    """Owned by the sync thread. ``unwanted`` tells a long poll that something more urgent waits."""

    def __init__(
        self,
        copy: LocalCopy,
        service: Service,
        clock: Clock,
        device: Device,
        unwanted: Callable[[], bool],
        departure: Departure | None = None,
    ) -> None:
        self._copy = copy
        self._service = service
        self._clock = clock
        self._device = device
        self._unwanted = unwanted
        self._leaving = Leaving(copy, service, departure, self.now)
        self._stream: _Stream | None = None

    @property
    def is_streaming(self) -> bool:
        """Whether a snapshot is arriving; :meth:`next_part` brings its next piece."""
        return self._stream is not None

    def now(self) -> Moment:
        """Return the present moment on both clocks."""
        return Moment(self._clock.monotonic(), self._clock.now())

    def do(self, effect: Effect) -> Event | None:
        """Do one effect. Trouble with the service comes back as an event, trouble with the copy as KnownFault."""
        call = call_of(effect)
        if call is None:
            return self._leaving.act(effect) if isinstance(effect, leaving.LOCAL) else self._locally(effect)
        try:
            return self._leaving.ask(effect) if isinstance(effect, leaving.EXCHANGES) else self._remotely(effect)
        except TransportFault as fault:
            return events.Failed(self.now(), call, fault.trouble)
        except Interrupted:
            return events.Broken(self.now(), call)

    def next_part(self) -> Event:
        """Read the running stream up to its next mark or its end."""
        assert self._stream is not None
        try:
            return self._read_on(self._stream)
        except TransportFault as fault:
            self.end_stream(fault)
            return events.Failed(self.now(), Call.SNAPSHOT, fault.trouble)
        except Interrupted as wish:
            self.end_stream(wish)
            return events.Broken(self.now(), Call.SNAPSHOT)

    def end_stream(self, because: Exception | None = None) -> None:
        """Close the running stream, if any; the transport learns why."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.context.__exit__(type(because) if because else None, because, None)

    # ---- the local copy ---------------------------------------------------------------------------------------------

    def _locally(self, effect: Effect) -> Event | None:
        match effect:
            case effects.ReadCopy():
                position = self._copy.position()
                self._service.expect(position.server_id)
                self._service.trust(position.keys)
                return events.CopyRead(self.now(), position)
            case effects.ReadQueue(account_id=account_id):
                rows = self._copy.queue(account_id)
                return events.QueueRead(self.now(), rows, self._copy.stock(self._clock.now()))
            case (
                effects.HandOver()
                | effects.TakeBackBundle()
                | effects.WriteBundle()
                | effects.NoteOutage()
                | effects.EndOutage()
            ):
                return self._beside(effect)
            case effects.KeepPage(page=page, confirmed=confirmed):
                return self._guarded(lambda: self._copy.keep_page(page, confirmed=confirmed), effect)
            case effects.FinishSnapshot(rows=rows_, end=end, epoch=epoch, confirmed=which):
                finish = self._copy.finish_snapshot
                return self._guarded(lambda: finish(rows_, end, epoch, confirmed=which), effect)
            case _:
                self._write(effect)
                return None

    def _beside(
        self,
        effect: effects.HandOver
        | effects.TakeBackBundle
        | effects.WriteBundle
        | effects.NoteOutage
        | effects.EndOutage,
    ) -> Event | None:
        """Do what concerns neither the copy's rows nor the service: the courier, and the record of outages."""
        match effect:
            case effects.WriteBundle():
                return self._bundle(effect)
            case effects.HandOver(bundle_id=bundle_id, ids=ids, at=at):
                self._copy.hand_over(bundle_id, ids, at.wall)
            case effects.TakeBackBundle(bundle_id=bundle_id):
                self._copy.take_back(bundle_id)
            case effects.NoteOutage() | effects.EndOutage():
                self._copy.note_outage(effect)
            case _ as unreachable:
                assert_never(unreachable)
        return None

    def _bundle(self, effect: effects.WriteBundle) -> Event:
        """Write a courier's file; trouble with the stick is not trouble with the copy."""
        at = effect.at.wall
        try:
            name, carried = self._copy.write_bundle(
                effect.bundle_id, effect.account_id, self._device.id, effect.folder, at
            )
            note = BundleNote(name=name, carried=carried, left=effect.left, at=at)
        except KnownFault as fault:
            note = BundleNote(code=fault.code, at=at)
        return events.BundleWritten(self.now(), effect.bundle_id, note)

    def _guarded(
        self, work: Callable[[], bool | None], effect: effects.KeepPage | effects.FinishSnapshot
    ) -> Event | None:
        try:
            carried_out = work()
        except TooManyRemovals as held:
            page = effect.page if isinstance(effect, effects.KeepPage) else None
            return events.RemovalsHeld(self.now(), page, held.removals, held.total, held.which)
        if isinstance(effect, effects.FinishSnapshot) and effect.judges:
            return events.RemovalsJudged(self.now(), bool(carried_out))
        return None

    def _write(self, effect: Effect) -> None:
        match effect:
            case effects.KeepWelcome(welcome=welcome, at=at):
                trusted = self._copy.keep_welcome(welcome, at.wall)
                self._service.expect(welcome.server_id)
                self._service.trust(trusted, welcome.keys)
            case effects.MarkInFlight(ids=ids):
                self._copy.mark_in_flight(ids)
            case effects.Settle(settlements=settlements):
                self._copy.settle(settlements, self._clock.now())
            case effects.Hasten(account_id=account_id):
                self._copy.hasten(account_id)
            case effects.BeginSnapshot(head=head):
                self._copy.begin_snapshot(head)
            case effects.KeepBlock(rows=rows, mark=mark):
                self._copy.keep_block(rows, mark)
            case effects.DropSnapshot():
                self._copy.drop_snapshot()
            case effects.KeepBucket(rows=bucket):
                self._copy.keep_bucket(bucket)
            case effects.StopSnapshot():
                self.end_stream()
            case _:
                raise AssertionError(effect)  # done elsewhere

    # ---- the service ------------------------------------------------------------------------------------------------

    def _remotely(self, effect: Effect) -> Event | None:  # noqa: PLR0911 - one line per exchange
        match effect:
            case effects.SendHello(known_epoch=epoch):
                welcome = self._service.hello(self._hello(epoch))
                return events.HelloAnswered(self.now(), welcome)
            case effects.SendPing():
                pong = self._service.ping()
                return events.PongArrived(self.now(), pong)
            case effects.GetChanges(cursor=cursor, wait_s=wait_s):
                page = self._service.changes(cursor, wait_s, self._unwanted)
                return events.PageArrived(self.now(), page, wait_s)
            case effects.SendCommands(ids=ids, account_id=account_id):
                answer = self._answer(self._batch(self._copy.commands(ids), account_id))
                return events.OutcomesArrived(self.now(), answer.outcomes, answer.server_time, answer.epoch)
            case effects.RehearseCommands(ids=ids, account_id=account_id):
                answer = self._rehearsed(self._copy.commands(ids, rehearsed=True), account_id)
                return events.RehearsalAnswered(self.now(), answer.outcomes, answer.server_time)
            case effects.ProbeCommands(account_id=account_id):
                answer = self._rehearsed((self._probe(),), account_id)
                refused = [outcome.kind for outcome in answer.outcomes] == [OutcomeKind.REJECTED]
                return events.ProbeAnswered(self.now(), refused, answer.server_time)
            case effects.AskDigest(cursor=cursor, page=held):
                count, buckets = self._copy.digest(held)
                found = self._service.digest(DigestQuery(cursor=cursor, count=count, buckets=buckets))
                return events.DigestAnswered(self.now(), found)
            case effects.GetBucket(bucket=number):
                rows = self._service.bucket(number)
                return events.BucketArrived(self.now(), rows)
            case effects.GetSnapshot(after=after):
                return self._open_stream(after)
            case _:
                raise AssertionError(effect)  # done elsewhere

    def _rehearsed(self, commands: tuple[Command, ...], account_id: AccountId) -> OutcomeBatch:
        return self._answer(
            CommandBatch(device_id=self._device.id, commands=commands, account_id=account_id, dry_run=True)
        )

    def _answer(self, batch: CommandBatch) -> OutcomeBatch:
        """Send a batch; what was rehearsed can never be taken for an outcome, nor the other way round."""
        answer = self._service.send(batch)
        if answer.dry_run is not batch.dry_run:
            raise TransportFault(Trouble(TroubleKind.OTHER_VERSION, "server_other_version"))
        return answer

    def _probe(self) -> Command:
        """Return a command that every service must refuse: about no application, no form and no copy of it."""
        nothing = self._device.id
        return Command(
            id=CommandId(nothing),
            application_id=ApplicationId(nothing),
            base_version=0,
            made_at=self._clock.now(),
            body=RecordRecall(form_number="", copies=0),
        )

    def _batch(self, commands: tuple[Command, ...], account_id: AccountId) -> CommandBatch:
        links = self._copy.receipts([command.id for command in commands])
        return CommandBatch(device_id=self._device.id, commands=commands, account_id=account_id, receipts=links)

    def _hello(self, known_epoch: str) -> Hello:
        stock = self._copy.stock(self._clock.now())
        return Hello(
            protocol_min=OLDEST_PROTOCOL,
            protocol_max=PROTOCOL,
            client_version=self._device.client_version,
            device_id=self._device.id,
            device_key=self._device.public_key,
            known_epoch=known_epoch,
            client_time=self._clock.now(),
            form_numbers_left=stock.form_numbers or 0,
            activation_codes_left=stock.codes or 0,
            leases=stock.leases,
        )

    def _open_stream(self, after: str) -> Event:
        context = self._service.snapshot(after)
        self._stream = _Stream(context, context.__enter__())
        return self.next_part()

    def _read_on(self, stream: _Stream) -> Event:
        for line in courteous(stream.lines):
            match line:
                case SnapshotHead():
                    return events.SnapshotOpened(self.now(), line)
                case SnapshotRow():
                    stream.rows.append(line)
                case SnapshotMark():
                    rows, stream.rows = tuple(stream.rows), []
                    return events.SnapshotBlock(self.now(), rows, line)
                case SnapshotEnd():
                    rows = tuple(stream.rows)
                    self.end_stream()
                    return events.SnapshotEnded(self.now(), rows, line)
                case _ as unreachable:
                    assert_never(unreachable)
        raise AssertionError("the transport raises when a stream ends without its end line")


_CALLS: dict[type[Effect], Call] = {
    effects.SendHello: Call.HELLO,
    effects.SendPing: Call.PING,
    effects.GetSnapshot: Call.SNAPSHOT,
    effects.GetChanges: Call.CHANGES,
    effects.SendCommands: Call.COMMANDS,
    effects.RehearseCommands: Call.REHEARSAL,
    effects.ProbeCommands: Call.PROBE,
    effects.AskDigest: Call.DIGEST,
    effects.GetBucket: Call.BUCKET,
    effects.AskWipe: Call.WIPE_CHECK,
    effects.Rescue: Call.RESCUE,
    effects.ConfirmWiped: Call.WIPE_DONE,
}
"""The effects that are exchanges with the service, by the name of the exchange."""


def call_of(effect: Effect) -> Call | None:
    """Return what the service is asked by an effect; None for one that concerns the local copy alone."""
    return _CALLS.get(type(effect))
