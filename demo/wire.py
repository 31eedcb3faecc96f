"""The other people of the chain, over the real API: an applicant, a colleague at another desk, the commission."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.commands import Agree, Command, CommandBatch, Outcome, OutcomeBatch
from medreg_core.contract.v1.feed import SnapshotLine, SnapshotRow
from medreg_core.contract.v1.messages import MAGIC, PROTOCOL, Hello, ScanAnswer, ScanQuery, Session, SignIn, Welcome
from medreg_core.domain.forms import content_digest, make_form_number
from medreg_core.domain.ids import uuid7
from medreg_core.domain.records import Application, ApplicationId, CommandId, DeviceId

T = TypeVar("T")
_encode = msgspec.json.encode


def new_id() -> str:
    """Return a fresh id."""
    return uuid7(time.time_ns() // 1_000_000, os.urandom(10))


class Person:
    """Somebody signed in at the service."""

    def __init__(self, url: str, login: str, password: str) -> None:
        self._url = f"{url}/api/v1"
        self.device_id = DeviceId(new_id())
        self._http = requests.Session()
        session = self.post("/session", SignIn(account=login, password=password, device_id=self.device_id), Session)
        self._http.headers["Authorization"] = f"Bearer {session.token}"

    def post(self, path: str, body: object, answer: type[T]) -> T:
        """Send ``body`` and decode the answer; raises HTTPError for anything but 2xx."""
        headers = {"Content-Type": "application/json"}
        response = self._http.post(self._url + path, data=_encode(body), headers=headers, timeout=60)
        response.raise_for_status()
        return msgspec.json.decode(response.content, type=answer)

    def get(self, path: str) -> bytes:
        """Return the body of a GET."""
        response = self._http.get(self._url + path, timeout=60)
        response.raise_for_status()
        return response.content


class Applicant(Person):
    """A physician."""

    def withdraw(self, application_id: str, version: int) -> None:
        """Withdraw the own application as it stands in ``version``."""
        ruling = {"base_version": version, "reason": "已到其他机构应聘"}
        self.post(f"/physician/applications/{application_id}/withdraw", ruling, object)

    def submit_again(self, application: Application) -> Application:
        """Submit a returned application again, every material with it."""
        content = {
            "request": application.request,
            "statement": application.statement,
            "materials": application.materials,
        }
        again = {"base_version": application.version, "content": content}
        return self.post(f"/physician/applications/{application.id}/resubmit", again, Application)


class Commission(Person):
    """An officer of the authority."""

    def act(self, application_id: str, act: str, version: int) -> Application:
        """Do something to an application that was agreed to, as it stands in ``version``."""
        return self.post(f"/commission/applications/{application_id}/{act}", {"base_version": version}, Application)

    def scan(self, code: str) -> ScanAnswer:
        """Ask the register about a form's code."""
        return self.post("/commission/scans", ScanQuery(code=code), ScanAnswer)


class Colleague(Person):
    """A registrar of the same hospital at another computer."""

    def agree(self, application_id: str) -> Outcome:
        """Agree to an application as the feed shows it."""
        welcome = self._hello()
        application = self._find(application_id)
        assert welcome.lease is not None
        lease = welcome.lease
        body = Agree(
            content_version=application.content_version,
            opinion="同意聘用并申请注册。",
            materials=application.materials,
            form_number=make_form_number(lease.region, lease.year, lease.first),
            digest=content_digest(application),
        )
        command = Command(
            id=CommandId(new_id()),
            application_id=ApplicationId(application_id),
            base_version=application.version,
            made_at=datetime.now(UTC),
            body=body,
        )
        batch = CommandBatch(device_id=self.device_id, commands=(command,))
        return self.post("/sync/commands", batch, OutcomeBatch).outcomes[0]

    def _hello(self) -> Welcome:
        key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        hello = Hello(
            protocol_min=PROTOCOL,
            protocol_max=PROTOCOL,
            client_version="demo",
            device_id=self.device_id,
            device_key=key,
            client_time=datetime.now(UTC),
        )
        welcome = self.post("/sync/hello", hello, Welcome)
        assert welcome.magic == MAGIC
        return welcome

    def _find(self, application_id: str) -> Application:
        for line in self.get("/sync/snapshot").splitlines():
            row = msgspec.json.decode(line, type=SnapshotLine)
            if isinstance(row, SnapshotRow) and row.id == application_id:
                return msgspec.json.decode(row.body, type=Application)
        raise LookupError(application_id)
