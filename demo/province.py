"""The demo province on this computer: an embedded database filled with made-up people, and the real service over it."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import requests

from medreg_server.services.demo.passers import passers
from medreg_server.services.demo.seed import SEED, Size, seed_demo
from medreg_server.services.exam.pass_list import write_exam_list
from medreg_server.services.service import open_service
from medreg_server.settings import load_settings

_START_S = 60


@dataclass(frozen=True, slots=True)
class People:
    """Who can sign in; ``applicants`` maps an application to the account that may withdraw it."""

    password: str
    applicants: dict[str, str]


class Province:
    """One folder with database and keys; ``serve`` runs the real program in a process of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.database = folder / "register.db"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Where the service answers."""
        return f"http://127.0.0.1:{self.port}"

    def seed(self, physicians: int) -> People:
        """Fill the database once; a folder that was filled before keeps its people and their password."""
        note = self._folder / "people.json"
        if note.exists():
            return People(**json.loads(note.read_text("utf-8")))
        self._run("migrate")
        settings = load_settings(database_url=self._database_url, data_dir=str(self._folder / "keys"))
        password = f"demo-{secrets.token_urlsafe(9)}"
        with closing(open_service(settings)) as service:
            accounts = seed_demo(service.environment, service.passwords, password, size=Size(physicians=physicians))
        applicants = {str(account.application_id): account.login for account in accounts.physicians}
        note.write_text(json.dumps({"password": password, "applicants": applicants}), encoding="utf-8")
        return People(password, applicants)

    def serve(self) -> None:
        """Start the service on a free loopback port and wait until it answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        log = (self._folder / "service.log").open("ab")
        self._process = subprocess.Popen(
            self._command("serve", "--host", "127.0.0.1", "--port", str(self.port)), stdout=log, stderr=log
        )
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{self.url}/api/v1/ping", params={"nonce": secrets.token_hex(16)}, timeout=2).ok:
                    return
            except requests.RequestException:
                time.sleep(0.1)
        raise RuntimeError(f"the service did not start; see {self._folder / 'service.log'}")

    def import_exam(self) -> tuple[int, str]:
        """Import this year's pass list, as the exam centre sends it; return exit status and what the program said."""
        path = self._folder / "pass-list.xlsx"
        settings = load_settings(database_url=self._database_url, data_dir=str(self._folder / "keys"))
        with closing(open_service(settings)) as service:
            entries = (passer.entry for passer in passers(SEED, service.environment.today()))
            write_exam_list(path, entries, service.environment.tables)
        done = subprocess.run(self._command("import-exam", str(path)), capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.strip()

    def verify_audit(self) -> int:
        """Recompute the service's audit chains; return the program's exit status."""
        return self._run("verify-audit", check=False)

    def stop(self) -> None:
        """End the service."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=60)
            self._process = None

    @property
    def _database_url(self) -> str:
        return f"sqlite:///{self.database}"

    def _command(self, command: str, *more: str) -> list[str]:
        place = ("--database", self._database_url, "--data-dir", str(self._folder / "keys"))
        return [sys.executable, "-m", "medreg_server", *place, command, *more]

    def _run(self, command: str, *, check: bool = True) -> int:
        return subprocess.run(self._command(command), check=check, capture_output=True).returncode
