"""Review forms given a number here, their prints, and which papers must come back (``sync.md`` §3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from medreg_core.domain.records import AccountId, ApplicationId, CommandId
from medreg_core.domain.vocabulary import FormState
from medreg_desktop.services.cache.connection import Connection, Row
from medreg_desktop.services.cache.sync_state import Viewer


@dataclass(frozen=True, slots=True)
class IssuedForm:
    """A form number this device gave to a consent."""

    number: str
    application_id: ApplicationId
    command_id: CommandId
    actor: AccountId
    digest: str
    content_version: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class PrintRecord:
    """One print of a form. ``reprint`` 0 is the first, n is 补打 n."""

    id: CommandId
    form_number: str
    application_id: ApplicationId
    actor: AccountId
    digest: str
    form_state: FormState
    printed_at: datetime
    copies: int
    reprint: int
    to_file: bool
    perhaps: bool = False  # the sheets were about to leave, and nothing says whether they did


_PRINT_COLUMNS = (
    "id, form_number, application_id, actor, digest, form_state, printed_at, copies, reprint, to_file, perhaps"
)


class VoidCause(StrEnum):
    """Why a form must not be used."""

    CONFLICT = "conflict"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"  # the consent was taken back before it was sent
    WITHDRAWN = "withdrawn"  # 撤回同意
    VOIDED = "voided"  # the register says so


@dataclass(frozen=True, slots=True)
class PaperToRecall:
    """Copies of a void form that may still be about."""

    form_number: str
    application_id: ApplicationId
    cause: VoidCause
    copies: int
    recalled: int
    last_printed_at: datetime
    to_file: int = 0  # of the copies: saved as a file
    perhaps: int = 0  # of the copies: may have left, or not

    @property
    def outstanding(self) -> int:
        """Copies not yet back in the office."""
        return max(0, self.copies - self.recalled)


def issue(conn: Connection, form: IssuedForm) -> None:
    """Bind a number to a consent; a number can be bound only once."""
    conn.execute(
        "INSERT INTO form(number, application_id, command_id, actor, digest, content_version, made_at)"
        " VALUES(?, ?, ?, ?, ?, ?, ?)",
        (
            form.number,
            form.application_id,
            form.command_id,
            form.actor,
            form.digest,
            form.content_version,
            form.made_at.isoformat(),
        ),
    )


def form_numbered(conn: Connection, number: str) -> IssuedForm | None:
    """Return a form issued here, or None."""
    row = conn.execute(
        "SELECT number, application_id, command_id, actor, digest, content_version, made_at FROM form WHERE number = ?",
        (number,),
    ).fetchone()
    if row is None:
        return None
    number, application_id, command, actor, digest, content_version, made_at = row
    return IssuedForm(
        number,
        ApplicationId(application_id),
        CommandId(command),
        AccountId(actor),
        digest,
        content_version,
        datetime.fromisoformat(made_at),
    )


def add_print(conn: Connection, record: PrintRecord) -> None:
    """Record a print, or that one is about to be made."""
    conn.execute(
        f"INSERT INTO print_record({_PRINT_COLUMNS}) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.id,
            record.form_number,
            record.application_id,
            record.actor,
            record.digest,
            record.form_state.value,
            record.printed_at.isoformat(),
            record.copies,
            record.reprint,
            int(record.to_file),
            int(record.perhaps),
        ),
    )


def confirm_print(conn: Connection, command_id: CommandId) -> None:
    """Note that what was about to leave has left."""
    conn.execute("UPDATE print_record SET perhaps = 0 WHERE id = ?", (command_id,))


def forget_print(conn: Connection, command_id: CommandId) -> None:
    """Forget a print that was about to be made and has certainly not been; one that was made is kept."""
    conn.execute("DELETE FROM print_record WHERE id = ? AND perhaps = 1", (command_id,))


_SHOWN_PRINTS = f"""
    SELECT {_PRINT_COLUMNS} FROM print_record WHERE application_id = ?1
    AND (actor = ?2 OR form_state = 'agreed' OR form_number IN (SELECT form_number FROM application WHERE id = ?1))
    ORDER BY n
"""  # noqa: S608 - constants only


def prints_of(conn: Connection, application_id: ApplicationId, actor: AccountId) -> list[PrintRecord]:
    """Return the prints of an application's forms made here as a registrar may see them, oldest first.

    Those of a colleague's consent that the register does not hold are the colleague's own.
    """
    found = conn.execute(_SHOWN_PRINTS, (application_id, actor))
    return [_print(row) for row in found]


def next_reprint(conn: Connection, form_number: str, form_state: FormState) -> int:
    """Return 0 for the first print of a form in a state, n for 补打 n; the clean copy after 待同步 is a first print."""
    found = conn.execute(
        "SELECT count(*) FROM print_record WHERE form_number = ? AND form_state = ?", (form_number, form_state.value)
    )
    return int(found.fetchall()[0][0])


def add_recall(
    conn: Connection, command_id: CommandId, form_number: str, actor: AccountId, copies: int, now: datetime
) -> None:
    """Record that copies are back in the office."""
    conn.execute(
        "INSERT INTO recall(id, form_number, actor, at, copies) VALUES(?, ?, ?, ?, ?)",
        (command_id, form_number, actor, now.isoformat(), copies),
    )


_VOID_FORMS = """
    SELECT f.number, f.application_id, CASE
        WHEN o.outcome_kind = 'conflict' THEN 'conflict'
        WHEN o.outcome_kind IN ('rejected', 'mismatch') THEN 'rejected'
        WHEN o.outcome_kind = 'superseded' THEN 'superseded'
        WHEN o.last_cause = 'lost_by_server' THEN 'voided'
        WHEN o.resolution = 'cancelled' THEN 'cancelled'
        WHEN o.resolution IN ('dropped', 'stopped', 'replaced') AND NOT EXISTS (SELECT 1 FROM application a
            WHERE a.id = f.application_id AND a.form_number = f.number AND a.form_voided = 0) THEN 'rejected'
        WHEN EXISTS (SELECT 1 FROM outbox w WHERE w.application_id = f.application_id AND w.kind = 'withdraw_consent'
            AND w.n > o.n AND w.actor = f.actor
            AND w.outcome_kind NOT IN ('rejected', 'conflict', 'superseded', 'mismatch')
            AND w.last_cause <> 'lost_by_server' AND w.resolution = '') THEN 'withdrawn'
        WHEN o.outcome_kind = 'accepted' AND o.seq <= CASE WHEN o.epoch = ?1 THEN ?2 ELSE 0 END AND EXISTS (
            SELECT 1 FROM application a WHERE a.id = f.application_id
            AND (a.form_voided = 1 OR a.form_number <> f.number)) THEN 'voided'
        END AS cause
    FROM form f JOIN outbox o ON o.id = f.command_id WHERE f.actor = ?3
    UNION
    SELECT p.form_number, p.application_id, 'voided'
    FROM print_record p JOIN application a ON a.id = p.application_id
    WHERE p.actor = ?3 AND (a.form_voided = 1 OR a.form_number <> p.form_number)
        AND NOT EXISTS (SELECT 1 FROM form own WHERE own.number = p.form_number AND own.actor = ?3)
"""
# A number that the register does not carry, although the feed is past the consent, was voided by a colleague elsewhere.
# A colleague's withdrawal is his own affair until the register has it; the row tells then.
# One that was given up after it was sent may have been carried out all the same: then the register carries its form.
# Of another epoch is what a restored register has answered before the copy is of its epoch; older ones count as 0.
# What somebody printed of a colleague's form he can only have printed when the register carried it.

_TO_RECALL = f"""
    SELECT v.number, v.application_id, v.cause, sum(p.copies),
        (SELECT coalesce(sum(r.copies), 0) FROM recall r WHERE r.form_number = v.number), max(p.printed_at),
        sum(CASE WHEN p.to_file AND NOT p.perhaps THEN p.copies ELSE 0 END),
        sum(CASE WHEN p.perhaps THEN p.copies ELSE 0 END)
    FROM ({_VOID_FORMS}) v JOIN print_record p ON p.form_number = v.number
    WHERE v.cause IS NOT NULL GROUP BY v.number ORDER BY max(p.printed_at)
"""  # noqa: S608 - constants only


def to_recall(conn: Connection, viewer: Viewer) -> list[PaperToRecall]:
    """Return every printed form that must not be used, in the order of printing; recalled ones stay listed."""
    return [
        PaperToRecall(
            number,
            ApplicationId(application_id),
            VoidCause(cause),
            copies,
            recalled,
            datetime.fromisoformat(at),
            files,
            perhaps,
        )
        for number, application_id, cause, copies, recalled, at, files, perhaps in conn.execute(
            _TO_RECALL, (viewer.epoch, viewer.seq, viewer.actor)
        )
    ]


def _print(row: Row) -> PrintRecord:
    i, number, application_id, actor, digest, state, at, copies, reprint, to_file, perhaps = row
    return PrintRecord(
        CommandId(i),
        number,
        ApplicationId(application_id),
        AccountId(actor),
        digest,
        FormState(state),
        datetime.fromisoformat(at),
        copies,
        reprint,
        bool(to_file),
        bool(perhaps),
    )
