"""What a register restored from a backup still holds of what this copy saw accepted (``sync.md`` §1.4, §5.2).

The rows of the new epoch tell; where they cannot, the command goes out once more under its own key, which finds what
the register holds. Nobody is told of a loss that is none, nor left without word of one that is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from medreg_core.contract.v1.commands import CodeBody, RecordPrint, RecordRecall
from medreg_core.domain.records import Application, ApplicationId, CommandId
from medreg_desktop.services.cache import applications, audit, outbox, outbox_moves, synced
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import LOST_BY_SERVER, OutboxRow
from medreg_desktop.services.cache.overlay import MOVES


def compare(conn: Connection, epoch: str, now: Callable[[], datetime]) -> int:
    """Ask the registrar again for accepted decisions that a server restored from a backup does not have.

    What the rows cannot tell is sent once more by itself, under the same key. Return how many had to be asked.
    """
    lost: set[CommandId] = set()
    for row in outbox.accepted_outside(conn, epoch):
        application = synced.find(conn, row.command.application_id)
        if _is_held(row, application):
            outbox_moves.hold(conn, row.command.id, epoch)
            continue
        if _can_be_sent_again(row, application, lost):
            outbox_moves.send_again(conn, row.command.id)
            continue
        outbox_moves.reopen(conn, row.command.id, LOST_BY_SERVER)
        detail = {"command": row.command.id}
        audit.append(conn, now(), row.actor, LOST_BY_SERVER, row.command.application_id, detail)
        lost.add(row.command.id)
    outbox_moves.forget_positions(conn, epoch)
    return len(lost)


def _is_held(row: OutboxRow, application: Application | None) -> bool:
    """Return whether the register still has the very step the command made: its history says so, the version cannot."""
    move, outcome = MOVES.get(row.kind), row.outcome
    if move is None or application is None or outcome is None:
        return False
    step = (outcome.version, move, outcome.at)
    return any((entry.version, entry.move, entry.at) == step for entry in application.history)


def _can_be_sent_again(row: OutboxRow, application: Application | None, lost: Collection[CommandId]) -> bool:
    """Return whether the command may go out once more unasked: codes, and paper unless of a consent that is lost.

    So may a decision of which the rows cannot tell whether the register holds it, and which it would refuse if not: its
    application has left the institution, or has made the same step at another moment, as when a courier has brought the
    decision to the restored register once more. The key finds what the register holds.
    """
    if application is None or _is_made_again(row, application):
        return True
    is_harmless = isinstance(row.command.body, CodeBody) or _is_of_paper(row)
    return is_harmless and row.command.depends_on not in lost


def _is_of_paper(row: OutboxRow) -> bool:
    return isinstance(row.command.body, RecordPrint | RecordRecall)


def _is_made_again(row: OutboxRow, application: Application) -> bool:
    made = {(entry.version, entry.move) for entry in application.history}
    return row.outcome is not None and (row.outcome.version, MOVES.get(row.kind)) in made


def look_for_the_lost(conn: Connection) -> None:
    """Send again what was called lost if its step has been made after all, as by a courier who was on the way.

    The paper of such a consent goes with it.
    """
    lost = outbox.needing_you(conn, LOST_BY_SERVER)
    found = [
        row
        for row in lost
        if (application := synced.find(conn, row.command.application_id)) and _is_made_again(row, application)
    ]
    made = {row.command.id for row in found}
    found += [row for row in lost if _is_of_paper(row) and row.command.depends_on in made]
    for row in found:
        outbox_moves.send_again(conn, row.command.id)
    applications.refresh(conn, [row.command.application_id for row in found])


def look_for_the_made(conn: Connection, epoch: str, among: Iterable[ApplicationId] | None = None) -> None:
    """Ask again about what was refused before the restore and whose step has been made since, at another moment.

    A courier has carried it to the restored register once more, or somebody has decided the same there: its own key
    tells. ``among``: the applications that have just changed.
    """
    refused = outbox.refused_outside(conn, epoch, among)
    made = [row for row in refused if _is_made_anew(conn, row)]
    for row in made:
        ask_again(conn, row)
    applications.refresh(conn, [row.command.application_id for row in made])


def ask_again(conn: Connection, refused: OutboxRow) -> None:
    """Send again what was not taken before a restore, and the paper that stopped with it: it may be carried out now."""
    for row in (refused, *filter(_is_of_paper, outbox.stopped_by(conn, refused.command.id))):
        outbox_moves.send_again(conn, row.command.id)


def _is_made_anew(conn: Connection, row: OutboxRow) -> bool:
    """Return whether its step stands in the history: not the one told to be in the way, nor another one made here."""
    application = synced.find(conn, row.command.application_id)
    if application is None or row.outcome is None:
        return False
    step = row.command.base_version + 1, MOVES.get(row.kind)
    known = {row.outcome.at, *outbox.accepted_at(conn, application.id)}
    return any((entry.version, entry.move) == step and entry.at not in known for entry in application.history)
