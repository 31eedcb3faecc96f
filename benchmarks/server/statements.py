"""The statements of one decision as the service sends them, to be sent again without the service.

Recorded from the service at work, so that the floor can never be of other statements than ours. What differs from one
decision to the next (ids, numbers, positions) becomes a variable; all else keeps the recorded values.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, event, text

from benchmarks.server.offices import Desk
from medreg_core.contract.v1.commands import Agree
from medreg_server.services.service import Service


@dataclass(frozen=True, slots=True)
class Sent:
    """One statement with its parameters, as the driver got them."""

    text: str
    parameters: Any


@dataclass(frozen=True, slots=True)
class Decision:
    """The statements of one accepted consent, and the values in them that belong to it alone."""

    statements: tuple[Sent, ...]
    own: tuple[str, ...]  # of the command, the application, its physician, its form: each decision has others
    institution_id: str
    device_id: str


def record_decision(service: Service, desk: Desk) -> Decision:
    """Carry out one consent of ``desk`` and return what was sent for it."""
    (command,) = desk.take(1)
    assert isinstance(command.body, Agree)
    with service.environment.database.read() as transaction:
        application = transaction.applications.get(command.application_id, desk.office.caller.scope)
    assert application is not None
    physician_id = application.physician_id
    with _recording(service) as sent:
        desk.office.send(command)
    first = next(n for n, one in enumerate(sent) if one.text.startswith("INSERT INTO command"))
    last = max(n for n, one in enumerate(sent) if "UPDATE command" in one.text)
    return Decision(
        tuple(one for one in sent[first : last + 1]),
        (command.id, command.application_id, physician_id, command.body.form_number),
        desk.office.hospital.institution.id,
        desk.office.device_id,
    )


@contextmanager
def _recording(service: Service) -> Iterator[list[Sent]]:
    sent: list[Sent] = []

    def note(_conn: object, _cursor: object, statement: str, parameters: Any, _context: object, _many: bool) -> None:
        sent.append(Sent(statement, parameters))

    engine = service.environment.database._engine  # noqa: SLF001 - what is measured is what it sends
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def pgbench_script(decision: Decision) -> str:
    """Return the decision as a pgbench transaction. Client c of run r works on row ``r-c-k`` of ``r-c``."""
    lines = ["\\set k :k + 1", "BEGIN;"]
    for sent in decision.statements:
        line = (sent.text % _Names(decision, sent)).replace("\n", " ").strip()
        needed = any(mark in line for mark in ("UPDATE feed_head", "FROM audit_head"))
        lines.append(f"{line} \\gset" if needed else f"{line};")
    return "\n".join([*lines, "COMMIT;", ""])


class _Names(dict[str, str]):
    """Gives the text that stands for each named parameter of a statement."""

    def __init__(self, decision: Decision, sent: Sent) -> None:
        super().__init__()
        institution, row = "(:run || '-' || :client_id)", "(:run || '-' || :client_id || '-' || :k)"
        self._own = {**dict.fromkeys(decision.own, row), **dict.fromkeys(_of_office(decision), institution)}
        self._parameters = sent.parameters

    def __missing__(self, name: str) -> str:
        value = self._parameters[name]
        part, _, column = name.partition("_")
        if column == "seq" and part.isdigit():  # in the audit, with a hash beside it, or in the feed
            return "(:seq + 1)" if f"{part}_hash" in self._parameters else ":head"
        if isinstance(value, str) and value in self._own:
            return self._own[value]
        return _literal(value)


def _of_office(decision: Decision) -> tuple[str, str]:
    """Return what each office has one of: clients that took the turn of one device would wait for each other."""
    return decision.institution_id, decision.device_id


def _literal(value: Any) -> str:
    """Return ``value`` (bytes also in psycopg's wrapper) in SQL without a colon, pgbench's mark of a variable."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case datetime():
            return _literal(value.isoformat())
        case str():
            escaped = value.replace("\\", "\\\\").replace("'", "''").replace(":", "\\003A")
            return f"U&'{escaped}'"
        case _:
            return f"decode('{bytes(getattr(value, 'obj', value)).hex()}', 'hex')"


def replay_on_sqlite(connection: sqlite3.Connection, decision: Decision, row: int) -> None:
    """Send the decision's statements through a bare connection, for row ``0-0-row`` of institution ``0-0``."""
    own = {**dict.fromkeys(decision.own, f"0-0-{row}"), **dict.fromkeys(_of_office(decision), "0-0")}
    execute = connection.execute
    execute("BEGIN IMMEDIATE")
    head = seq = 0
    for sent in decision.statements:
        values = [own.get(value, value) if isinstance(value, str) else value for value in sent.parameters]
        if sent.text.startswith(("INSERT INTO audit ", "INSERT INTO change_log ")):
            values[_SEQ_COLUMN] = seq + 1 if "audit" in sent.text else head
        elif sent.text.startswith("UPDATE audit_head"):
            values[0] = seq + 1
        answer = execute(sent.text, values).fetchall()
        if sent.text.startswith("UPDATE feed_head"):
            head = answer[0][0]
        elif "FROM audit_head" in sent.text:
            seq = answer[0][0]
    execute("COMMIT")


_SEQ_COLUMN = 1
"""Of both logs, after the chain or the institution."""


def seed_floor(connection: Connection, decision: Decision, run: int, institutions: int, rows: int) -> None:
    """Store the institutions ``run-n`` with the rows ``run-n-k`` to decide on: copies of the recorded ones."""
    application_id, physician_id = decision.own[1:3]
    for n in range(institutions):
        name = f"{run}-{n}"
        copy = {"name": name, "institution": decision.institution_id, "device": decision.device_id}
        for statement in _INSTITUTION:
            connection.execute(text(statement), copy)
        keys = [{"key": f"{name}-{k}", "name": name} for k in range(1, rows + 1)]
        connection.execute(text(_PHYSICIAN), [{**key, "physician": physician_id} for key in keys])
        connection.execute(text(_APPLICATION), [{**key, "application": application_id} for key in keys])


_INSTITUTION = (
    """INSERT INTO institution (id, region, name, code, version, body)
       SELECT :name, region, name, :name, version, body FROM institution WHERE id = :institution""",
    "INSERT INTO feed_head (institution_id, head, floor) VALUES (:name, 0, 0)",
    """INSERT INTO audit_head (chain, seq, hash, kid, signature, signed_at)
       SELECT :name, 0, hash, kid, signature, signed_at FROM audit_head WHERE chain = :institution""",
    """INSERT INTO device (id, institution_id, public_key, client_version, first_seen, last_seen, last_account_id,
       revoked_by, reason) SELECT :name, :name, public_key, client_version, first_seen, last_seen, last_account_id,
       revoked_by, reason FROM device WHERE id = :device""",
)
_PHYSICIAN = (
    "INSERT INTO physician (id, id_number, name, body)"
    " SELECT :key, :key, name, body FROM physician WHERE id = :physician"
)
_APPLICATION = (
    "INSERT INTO application (id, institution_id, physician_id, kind, state, in_progress, version, content_version,"
    " submitted_at, body) SELECT :key, :name, :key, kind, 'submitted', in_progress, 1, content_version, submitted_at,"
    " body FROM application WHERE id = :application"
)
