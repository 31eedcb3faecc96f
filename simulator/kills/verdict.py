"""Looks at what is left: at a disk nobody has touched since (I1), and at both sides when all is quiet (I1–I3)."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from medreg_core.contract.v1.commands import Outcome
from medreg_core.domain.records import AccountId, CommandId
from medreg_core.domain.vocabulary import CodeState, OutcomeKind
from medreg_desktop.services.cache import audit, schema
from medreg_desktop.services.cache.connection import Connection, DatabaseError, connect
from medreg_desktop.services.cache.files import CacheFiles
from medreg_desktop.services.cache.journal import Journal
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState, Resolution
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.events import Wish
from medreg_server.services.audit_heads import verify_audit
from medreg_server.services.service import Service
from simulator.compare import differences, effects, every_row, register_faults
from simulator.kills.office import Office
from simulator.kills.said import Accepted, CalledBack, Drafted, GivenCode, Saved, Typed, VoidedCode, Word
from simulator.template import KEY

_ROUNDS = 12
_NOT_ON_THE_WAY = frozenset({OutboxState.DONE, OutboxState.NEEDS_YOU})


@dataclass(slots=True)
class Memory:
    """What the registrars of one computer remember, and what its disk was seen to hold."""

    saved: dict[CommandId, Saved] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    drafted: dict[str, str] = field(default_factory=dict)
    accepted: set[CommandId] = field(default_factory=set)
    called_back: set[CommandId] = field(default_factory=set)
    given: dict[str, GivenCode] = field(default_factory=dict)
    voided: set[str] = field(default_factory=set)
    seen: dict[str, str] = field(default_factory=dict)  # bytes of each command, by id

    def hear(self, words: Iterable[Word]) -> None:
        """Remember what the program said."""
        for word in words:
            match word:
                case Saved():
                    self.saved[word.command_id] = word
                case Typed():
                    self.typed[word.application_id] = word.opinion
                case Drafted():
                    self.drafted[word.application_id] = word.opinion
                case Accepted():
                    self.accepted.add(word.command_id)
                case CalledBack():
                    self.called_back.add(word.command_id)
                case GivenCode():
                    self.given[word.reference] = word
                case VoidedCode():
                    self.voided.add(word.reference)
                case _:
                    pass

    def lose_unsaid(self) -> None:
        """The database is destroyed: what died before it was said may go with it, for only the database had it."""
        self.seen = {i: command for i, command in self.seen.items() if i in self.saved}


# ---- one disk -------------------------------------------------------------------------------------------------------


def on_disk(cache: Path, memory: Memory, *, is_damaged: bool = False) -> list[str]:
    """Return what is wrong on a disk as it lies there; looks at a copy, for SQLite would tidy up.

    ``is_damaged``: the database has been destroyed on purpose and is not rescued yet; the journal must do alone.
    """
    wrong = list(_in_journal(CacheFiles(cache).journal, memory))
    if is_damaged:
        return wrong
    with TemporaryDirectory(dir=cache.parent) as name:
        for suffix in ("", "-wal"):
            if (part := cache.with_name(cache.name + suffix)).exists():
                shutil.copy(part, Path(name) / part.name)
        try:
            conn = connect(Path(name) / cache.name, KEY)
            try:
                wrong += _in_database(conn, memory) if schema.version_of(conn) > (0, 0) else _in_nothing(memory)
            finally:
                conn.close()
        except KnownFault as fault:
            wrong.append(f"I1: the database does not open: {fault.code} {fault.params}")
        except DatabaseError as error:
            wrong.append(f"I1: SQLite finds the file damaged: {error}")
    return wrong


def _in_nothing(memory: Memory) -> Iterator[str]:
    if memory.saved or memory.seen:
        yield "I1: the database is empty"


def _in_journal(journal: Path, memory: Memory) -> Iterator[str]:
    frames = Journal(journal, KEY).frames()
    rows = [entry for frame in frames for entry in frame.entries if entry.row is not None]
    held = {str(e.row["id"]): e.row for e in rows if e.table == "outbox" and e.row}
    lines = {int(e.n): str(e.row["hash"]) for e in rows if e.table == "audit" and e.row}
    lost = [i for i, saved in memory.saved.items() if held.get(i, {}).get("body_hash") != saved.body_hash]
    if lost:
        yield f"I1: the journal lacks commands {lost[:3]}"
    if back := [i for i in memory.called_back if held.get(i, {}).get("resolution") != Resolution.CANCELLED]:
        yield f"I1: the journal has forgotten that {back[:3]} were called back"
    if any(lines.get(saved.audit_line) != saved.audit_hash for saved in memory.saved.values()):
        yield "I1: the journal lacks audit lines that were given as receipts"


def _in_database(conn: Connection, memory: Memory) -> Iterator[str]:
    found = {i: (command, body_hash) for i, command, body_hash in conn.execute(_COMMANDS)}
    lines: dict[int, str] = dict(conn.execute("SELECT n, hash FROM audit").fetchall())
    for saved in memory.saved.values():
        if found.get(saved.command_id, ("", ""))[1] != saved.body_hash:
            yield f"I1: command {saved.command_id} is gone or another"
        if lines.get(saved.audit_line) != saved.audit_hash:
            yield f"I1: the receipt {saved.audit_line} of {saved.command_id} is gone or another"
    for i, (command, body_hash) in found.items():
        if hashlib.sha256(command.encode()).hexdigest() != body_hash or memory.seen.setdefault(i, command) != command:
            yield f"I1: the bytes of {i} have changed"
    if lost := memory.seen.keys() - found.keys():
        yield f"I1: commands {sorted(lost)[:3]} were on the disk and are gone"
    yield from _whole(conn, set(found))
    yield from _told(conn, memory)
    yield from _codes(conn, memory)


_COMMANDS = "SELECT id, command, body_hash FROM outbox"


def _whole(conn: Connection, ids: set[str]) -> Iterator[str]:
    """A decision is one: command, audit line, form, print and overlay all stand, or none."""
    if (broken := audit.first_broken(conn)) is not None:
        yield f"I1: the audit is broken at {broken}"
    told = {i for (i,) in conn.execute(_DECIDED)}
    if told != ids:
        yield f"I1: commands and audit differ by {sorted(told ^ ids)[:3]}"
    consents = {i for (i,) in conn.execute("SELECT id FROM outbox WHERE kind = 'agree'")}
    forms = {i for (i,) in conn.execute("SELECT command_id FROM form")}
    if consents != forms:
        yield f"I1: consents and forms differ by {sorted(consents ^ forms)[:3]}"
    if conn.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
        yield "I1: SQLite finds the file damaged"


_DECIDED = (
    "SELECT json_extract(detail, '$.command') FROM audit WHERE action IN"
    " ('agree', 'return', 'refuse', 'withdraw_consent', 'record_print', 'record_recall',"
    " 'hand_out_code', 'reprint_code', 'void_code')"
)


def _told(conn: Connection, memory: Memory) -> Iterator[str]:
    drafts = {row[0]: json.loads(row[1])["opinion"] for row in conn.execute("SELECT application_id, body FROM draft")}
    decided = {row[0] for row in conn.execute("SELECT application_id FROM outbox")}
    for application_id, opinion in memory.drafted.items():
        kept = {opinion, memory.typed.get(application_id, opinion)}
        if application_id not in decided and drafts.get(application_id, "") not in kept:
            yield f"I1: the draft on {application_id} is gone"
    taken = {row[0] for row in conn.execute("SELECT id FROM outbox WHERE outcome_kind = 'accepted'")}
    if forgotten := memory.accepted - taken:
        yield f"I1: the answer to {sorted(forgotten)[:3]} is forgotten"
    for i, *stands in conn.execute("SELECT id, state, resolution, sent FROM outbox"):
        if i in memory.called_back and tuple(stands) != _CALLED_BACK:
            yield f"I1: {i} was called back, and is {stands}"


def _codes(conn: Connection, memory: Memory) -> Iterator[str]:
    """Whoever holds a slip holds the code that this disk knows of, until it is voided for good."""
    held = {reference: rest for reference, *rest in conn.execute(_CODES)}
    for given in memory.given.values():
        state, physician, code = held.get(given.reference, ("", "", ""))
        is_same = hashlib.sha256(code.encode()).hexdigest() == given.code_hash
        if physician != given.physician_id or not (
            state == CodeState.VOIDED or (state == CodeState.HANDED_OUT and is_same)
        ):
            yield f"I1: the code {given.reference} is {state or 'gone'}, or somebody else's"
    if back := [i for i in memory.voided if held.get(i, ("",))[0] != CodeState.VOIDED]:
        yield f"I1: the codes {back[:3]} were voided, and are not"


_CODES = "SELECT reference, state, physician_id, code FROM activation_code"
_CALLED_BACK = (OutboxState.DONE, Resolution.CANCELLED, 0)


# ---- both sides -----------------------------------------------------------------------------------------------------


def come_to_rest(offices: Iterable[Office]) -> list[str]:
    """Let everybody sync without faults until nothing is on its way; return who does not come to rest."""
    restless: list[str] = []
    offices = list(offices)
    for _ in range(3):  # I3: three rounds of everybody are enough
        restless = [name for office in offices if (name := _settled(office))]
    return restless


def _settled(office: Office) -> str:
    for _ in range(_ROUNDS):
        office.driver.tell(lambda at: events.Asked(at, Wish.NOW))
        report = office.sync()
        rows = office.store.read(every_row)
        if not report.unsent and report.copy_usable and all(row.state in _NOT_ON_THE_WAY for row in rows):
            return ""
        office.place.clock.ahead_s += 400
        if report.sign_in_wanted:
            office.sign_in()
    return (
        f"I3: {office.place.name} does not come to rest: {report.lamp.kind} {report.lamp.code}, {report.unsent} unsent"
    )


def both_sides(offices: Iterable[Office], service: Service) -> Iterator[str]:
    """Yield what is wrong between copies at rest and the register."""
    database = service.environment.database
    done = effects(database)
    held: dict[CommandId, AccountId] = {}
    for office in offices:
        place = office.place.account.institution_id
        assert place is not None, "a registrar belongs to an institution"
        yield from (f"{found} on {office.place.name}" for found in differences(office.store, database, place))
        for row in office.store.read(every_row):
            held[row.command.id] = row.actor
            yield from _ended(row, took_effect=row.command.id in done)
    for command, effect in done.items():
        if len(effect) > 1:
            yield f"I2: {command} took effect {len(effect)} times"
        if held.get(command) != effect[0].actor:
            yield f"I1: {command} took effect for {effect[0].actor}, and {held.get(command)} holds it"
    yield from register_faults(database)
    for flaw in verify_audit(database, service.audit_heads).flaws:
        yield f"I1: the register's audit: {flaw}"


def _ended(row: OutboxRow, *, took_effect: bool) -> Iterator[str]:
    what = f"{row.kind.value} {row.command.id}"
    accepted = _is(row.outcome, OutcomeKind.ACCEPTED)
    if row.state not in _NOT_ON_THE_WAY:
        yield f"I4: {what} is still {row.state.value}"
    if accepted and row.resolution is Resolution.NONE and not took_effect:
        yield f"I1: {what} is shown as accepted, and the register does not have it"
    if took_effect and not accepted:
        yield f"I2: {what} took effect, and its author was told {row.outcome and row.outcome.kind} {row.last_cause}"
    if row.last_cause == "lost_by_server":
        yield f"I1: the register has lost {what}"


def _is(outcome: Outcome | None, kind: OutcomeKind) -> bool:
    return outcome is not None and outcome.kind is kind
