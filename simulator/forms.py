"""Watches the paper (I12): whose numbers stand on forms, what they say, which print clean, which are asked back."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from medreg_core.contract.v1.commands import Agree, Command
from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import AccountId, ApplicationId, CommandId, InstitutionId
from medreg_core.domain.vocabulary import CommandKind
from medreg_desktop.services.cache import papers, sync_state
from medreg_desktop.services.cache.connection import Connection, scalar
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState
from medreg_server.db.scope import WHOLE_REGISTER
from medreg_server.db.transaction import Database
from simulator.compare import Books

if TYPE_CHECKING:
    from simulator.pc import Pc

_ENDED = frozenset({OutboxState.DONE, OutboxState.NEEDS_YOU})


class PaperWatch:
    """Remembers every form number of a run, and which prints of each computer have been looked at."""

    def __init__(self) -> None:
        self._decisions: dict[str, CommandId] = {}
        self._agreed: dict[str, tuple[str, str]] = {}  # digest and opinion of the consent
        self._looked: dict[str, int] = {}

    def forget(self, pc: str) -> None:
        """The copy of a computer is gone, with its prints; its form numbers stay given."""
        self._looked.pop(pc, None)

    def look(self, pc: Pc, conn: Connection) -> Iterator[str]:
        """Yield what is wrong about the paper of a computer since it was last looked at.

        Of the copies that have left its printer a note too many is right, never one too few.

        To be looked at after each act: what made a print clean may be gone with the next sync.
        """
        for number, command in conn.execute("SELECT number, command_id FROM form").fetchall():
            if number not in self._decisions:
                self._agreed[number] = _agreed(conn, command)
            if self._decisions.setdefault(number, command) != command:
                yield f"I12: the form number {number} stands on {self._decisions[number]} and on {command} of {pc.name}"
        yield from self._read(pc)
        for n, number, is_clean, is_held, said, before in conn.execute(_PRINTS, (self._looked.get(pc.name, 0),)):
            self._looked[pc.name] = n
            if said != before:
                yield f"I12: a copy of the form {number} printed on {pc.name} is called reprint {said}, and is {before}"
            if is_clean and not is_held:
                yield f"I12: the form {number} was printed clean on {pc.name}, and nobody has accepted the consent"
        for number, copies in pc.printed.items():
            known = scalar(conn, "SELECT coalesce(sum(copies), 0) FROM print_record WHERE form_number = ?", (number,))
            if known < copies:
                yield f"I12: {copies} copies of {number} have left the printer of {pc.name}, which knows of {known}"

    def _read(self, pc: Pc) -> Iterator[str]:
        """Read what has left the printer: it says what was agreed to under its number, whoever prints it and when."""
        for sheet in pc.sheets:
            said = content_digest(sheet.application), sheet.opinion
            if (said, sheet.digest) != (self._agreed.get(sheet.number), said[0]):
                yield f"I12: the form {sheet.number} printed on {pc.name} says otherwise than the consent"
        pc.sheets.clear()


def _agreed(conn: Connection, consent: CommandId) -> tuple[str, str]:
    text = scalar(conn, "SELECT command FROM outbox WHERE id = ?", (consent,))
    body = msgspec.json.decode(text, type=Command).body
    assert isinstance(body, Agree), "a number is given to a consent"
    return body.digest, body.opinion


_PRINTS = """
    SELECT p.n, p.form_number, p.form_state = 'agreed',
        EXISTS (SELECT 1 FROM form f JOIN outbox o ON o.id = f.command_id WHERE f.number = p.form_number
            AND o.state = 'done' AND o.outcome_kind = 'accepted' AND o.resolution = '')
        OR EXISTS (SELECT 1 FROM application a WHERE a.form_number = p.form_number AND a.form_voided = 0),
        p.reprint, (SELECT count(*) FROM print_record b WHERE b.form_number = p.form_number
            AND b.form_state = p.form_state AND b.n < p.n)
    FROM print_record p WHERE p.n > ? ORDER BY p.n
"""


def asked_back(
    conn: Connection, rows: Sequence[OutboxRow], books: Books, database: Database, place: InstitutionId
) -> Iterator[str]:
    """Yield what is wrong in the lists of forms to recall once a copy is at rest: its author's, and each printer's.

    A printed form whose consent has ended is on their lists, or it stands in the register and nobody asks it back: but
    for the author who is about to take his consent back, and has been told to ask for the sheets at once. Of
    applications that have left the institution the copy knows nothing any more.
    """
    by_id, listed, leaving = {row.command.id: row for row in rows}, _listed(conn), set(_being_withdrawn(rows))
    for number, application_id, actor, command in conn.execute(_PRINTED).fetchall():
        application = books.applications.get(application_id)
        is_open = command is not None and by_id[command].state not in _ENDED
        if is_open or application is None or application.institution_id != place:
            continue
        with database.read() as transaction:
            form = transaction.forms.get(number, WHOLE_REGISTER)
        paper = listed.get((actor, number))
        stands, cause = form is not None and form.voided_at is None, paper.cause if paper is not None else None
        is_early = cause is papers.VoidCause.WITHDRAWN and application_id in leaving
        if stands and cause is not None and not is_early:
            yield f"I12: the form {number} stands in the register, and {actor} is to ask it back: {cause.value}"
        if not stands and cause is None:
            yield f"I12: the consent of the form {number} has ended badly, and {actor} does not ask it back"


_PRINTED = """
    SELECT p.form_number, p.application_id, p.actor, f.command_id FROM print_record p
    LEFT JOIN form f ON f.number = p.form_number AND f.actor = p.actor
    UNION
    SELECT f.number, f.application_id, f.actor, f.command_id FROM form f JOIN print_record p ON p.form_number = f.number
"""


def miscounted(conn: Connection, pc: Pc) -> Iterator[str]:
    """Yield of which forms a list asks for fewer copies than are about, or others than are noted and not back."""
    noted, back = _copies(conn, "print_record"), _copies(conn, "recall")
    for (actor, number), paper in _listed(conn).items():
        least = pc.printed[number] - pc.returned[number]
        left = noted[number] - back.get(number, 0)
        if not least <= paper.outstanding == left:
            about = f"{least} copies of {number} are about, {left} noted and not back"
            yield f"I12: {about}, and {actor} is to ask for {paper.outstanding}"


def counted(database: Database) -> Iterator[str]:
    """Yield of which forms the register counts other copies than its audit tells of, printed or brought back (I12).

    A form counts from its consent on: what is brought back before, of one that was refused or lost in a restore, the
    audit alone tells.
    """
    told: dict[str, list[tuple[str, datetime, int]]] = defaultdict(list)
    with database.read() as transaction:
        for chain in sorted(transaction.audit.chains()):
            for entry in transaction.audit.entries(chain):
                if entry.action in {"form.print", "form.recall"}:
                    detail, at = json.loads(entry.detail), datetime.fromisoformat(entry.at)
                    told[detail["form"]].append((entry.action, at, int(detail["copies"])))
        forms = {number: transaction.forms.get(number, WHOLE_REGISTER) for number in told}
    for number, form in forms.items():
        if form is None:
            continue
        sums = Counter[str]()
        for action, at, copies in told[number]:
            sums[action] += copies if at >= form.created_at else 0
        if (form.printed, form.recalled) != (sums["form.print"], sums["form.recall"]):
            yield f"I12: {form.printed} and {form.recalled} copies of {number} are counted, and {dict(sums)} told of"


def _copies(conn: Connection, table: str) -> dict[str, int]:
    return dict(conn.execute(f"SELECT form_number, sum(copies) FROM {table} GROUP BY 1").fetchall())  # noqa: S608 - ours


def _being_withdrawn(rows: Sequence[OutboxRow]) -> Iterator[ApplicationId]:
    """Yield the applications whose consent somebody here is taking back, and the register has not said yes or no."""
    for row in rows:
        if row.kind is CommandKind.WITHDRAW_CONSENT and row.state not in _ENDED:
            yield row.command.application_id


def _listed(conn: Connection) -> Mapping[tuple[AccountId, str], papers.PaperToRecall]:
    viewer = sync_state.viewer(conn)
    actors = [actor for (actor,) in conn.execute("SELECT actor FROM form UNION SELECT actor FROM print_record")]
    lists = {actor: papers.to_recall(conn, replace(viewer, actor=actor)) for actor in actors}
    return {(actor, paper.form_number): paper for actor, each in lists.items() for paper in each}
