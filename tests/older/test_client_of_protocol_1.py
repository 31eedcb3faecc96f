"""A client one version older works against this service: its recorded day, replayed (``sync.md`` §5.9)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import requests

from medreg_core.contract.v1 import commands
from medreg_core.contract.v1 import messages as present
from medreg_core.contract.v1.versions import fingerprint
from medreg_core.domain.records import AccountId, ApplicationId, CommandId, DeviceId, InstitutionId, PhysicianId
from medreg_server.db.commands import CommandKey
from medreg_server.db.scope import WHOLE_REGISTER
from tests.helpers.server import ServerHandle, running_server
from tests.older.protocol1 import messages as older
from tests.older.recording import DEVICE, Exchange, Likeness, Stored, found_register, wire

SHAPES: dict[str, type[msgspec.Struct]] = {
    "/session": older.Session,
    "/sync/hello": older.Welcome,
    "/sync/changes": older.ChangePage,
    "/sync/commands": older.OutcomeBatch,
    "/sync/outcomes": older.OutcomeBatch,
    "/sync/digest": older.DigestAnswer,
    "/ping": older.Pong,
    "/sync/buckets/7": older.BucketRows,
}
"""What the older client decodes each answer with."""


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[ServerHandle]:
    recorded = wire()
    with running_server(database_url, tmp_path, lambda: recorded.at) as handle:
        found_register(handle.service, recorded)
        yield handle


def asked(server: ServerHandle, exchange: Exchange, like: Likeness, token: str) -> requests.Response:
    url = f"{server.url}/api/v1{exchange.path}"
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    query, body = like.translated(exchange.query), like.translated(exchange.body)
    return requests.request(exchange.method, url, params=query, data=body.encode(), headers=headers, timeout=60)


def as_read(exchange: Exchange, content: str) -> object:
    """Read an answer the way the older client does, strictly by its shapes; return the JSON in it."""
    lines = content.splitlines() if exchange.path == "/sync/snapshot" else [content]
    for line in lines if exchange.status == 200 else ():
        shape = older.SnapshotLine if exchange.path == "/sync/snapshot" else SHAPES.get(exchange.path)
        if shape is not None:
            read = msgspec.json.decode(line, type=shape)
            rows = read.changes if isinstance(read, older.ChangePage) else ()
            for change in rows:
                if change.kind == older.EntityKind.APPLICATION:
                    msgspec.json.decode(change.body, type=older.Application)
    return [json.loads(line) for line in lines if line]


def test_the_recorded_day_of_an_older_client_goes_as_it_went(server: ServerHandle) -> None:
    like, token = Likeness({}), ""
    for exchange in wire().exchanges:
        answer = asked(server, exchange, like, token)
        where = f"{exchange.method} {exchange.path}"
        assert answer.status_code == exchange.status, (where, answer.text)
        now, then = as_read(exchange, answer.text), as_read(exchange, exchange.answer)
        assert list(like.differences(then, now)) == [], where
        if exchange.path == "/session" and answer.text:
            token = answer.json()["token"]


def test_it_is_offered_nothing_that_it_does_not_know(server: ServerHandle) -> None:
    like = Likeness({})
    signed_in, hello = wire().of("/session")[0], wire().of("/sync/hello")[0]
    token = asked(server, signed_in, like, "").json()["token"]
    welcome = msgspec.json.decode(asked(server, hello, like, token).content, type=present.Welcome)
    assert (welcome.protocol, welcome.code_lease) == (1, None)
    assert welcome.lease is not None
    assert welcome.lease.expires_at is None, "it would go on using the numbers, so they must go on counting"


def test_the_fingerprint_of_a_command_is_the_hash_it_always_had() -> None:
    hashes = {row.id: row.body_hash for row in wire().stored}
    sent = [
        command
        for exchange in wire().of("/sync/commands")
        for command in msgspec.json.decode(exchange.body, type=commands.CommandBatch).commands
    ]
    assert {command.id: fingerprint(command).hex() for command in sent} == hashes
    aged = {command.id: fingerprint(msgspec.structs.replace(command, schema=1)).hex() for command in sent}
    assert aged == hashes


def test_commands_answered_before_the_update_get_the_same_answer_after_it(server: ServerHandle) -> None:
    """The answer was lost, the service was updated meanwhile, the client sends the same again."""
    like, stored = Likeness({}), wire().stored
    token = asked(server, wire().of("/session")[0], like, "").json()["token"]
    asked(server, wire().of("/sync/hello")[0], like, token)
    with server.service.environment.database.write() as transaction:
        for row in stored:
            transaction.commands.claim(_key(row))
            transaction.commands.settle(msgspec.json.decode(row.outcome, type=commands.Outcome))
    for exchange in wire().of("/sync/commands"):
        answer = asked(server, exchange, like, token)
        assert list(like.differences(as_read(exchange, exchange.answer), as_read(exchange, answer.text))) == []
    with server.service.environment.database.read() as transaction:
        versions = {entry.version for entry in transaction.applications.page(WHOLE_REGISTER, (), "", 100)}
    assert versions == {1}, "nothing was carried out a second time"


def _key(row: Stored) -> CommandKey:
    recorded = wire()
    return CommandKey(
        id=CommandId(row.id),
        institution_id=InstitutionId(recorded.institution.id),
        account_id=AccountId(row.account_id),
        device_id=DeviceId(DEVICE),
        application_id=ApplicationId(row.application_id),
        physician_id=PhysicianId(""),
        body_hash=bytes.fromhex(row.body_hash),
        received_at=recorded.at,
    )
