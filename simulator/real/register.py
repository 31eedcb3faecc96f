"""The service of a replay: a server process over PostgreSQL, and the operator's own hands on the same database."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from medreg_server.db.backup import back_up
from medreg_server.services.faults import ServiceFault
from medreg_server.services.service import Service, open_service, restore
from medreg_server.settings import Settings
from simulator.ground import over
from simulator.real.clock import SharedTime
from simulator.real.serving import ServerProcess
from simulator.real.stage import Stage
from simulator.register import Register, copy_template


@dataclass(slots=True)
class RealRegister(Register):
    """Clients reach it by the network alone; people at the service work on the database, as a second worker does."""

    stage: Stage = field(kw_only=True)
    process: ServerProcess = field(init=False)
    _url: str = field(init=False)
    _heard: int = 0

    def __post_init__(self) -> None:
        ground = self.stage.ground
        copy_template(ground.folder, self.folder)
        self._url = ground.cluster.new_database(ground.filled)
        log = self.folder / "errors.log"
        self.process = ServerProcess(self.settings, self.time.path, log, has_small_pages=True)
        Register.__post_init__(self)

    @property
    def settings(self) -> Settings:
        """The service's settings."""
        return over(self.folder, self._url)

    def _joined(self) -> Service:
        return open_service(self.settings, self.clock)

    @property
    def time(self) -> SharedTime:
        """The time that this process and the server's live by."""
        assert isinstance(self.clock, SharedTime)
        return self.clock

    @property
    def port(self) -> int:
        """Where the server process listens."""
        return self.process.port

    def start(self) -> None:
        """Start the server process, and join the operator's hands."""
        self.process.start()
        Register.start(self)

    def stop(self) -> None:
        """End the server process in good order, and let the database go."""
        self.process.stop()
        Register.stop(self)

    def close(self) -> None:
        """End everything, and drop the database."""
        self.process.kill()
        Register.stop(self)
        self.stage.ground.cluster.drop(self._url)

    def back_up(self) -> None:
        """Keep a dump of the whole database, in place of the one before."""
        self._dump.unlink(missing_ok=True)
        back_up(self._url, self._dump)

    def restore(self) -> bool:
        """Go back to the dump with the operator's own command; False when there is none."""
        if not self._dump.exists():
            return False
        self.stop()
        self.stage.ground.cluster.empty(self._url)
        restore(self.settings, self._dump, "restored", self.clock)
        self.start()
        return True

    def note_asked(self, token: str, cursor: str) -> None:
        """Note from where a client asks for changes (I5)."""
        with suppress(ServiceFault):
            caller = self.desks.sign_in.caller(token)
            self._note_position(caller.device_id, self.desks.feed.position(cursor, caller))

    def fresh_complaints(self) -> list[str]:
        """Return what the server process has logged as an error since the last question."""
        said = self.process.complaints()
        fresh, self._heard = said[self._heard :], len(said)
        return [f"BUG: {line}" for line in fresh]

    def hear(self) -> None:
        """Take over what the server process has logged as an error: each is a finding."""
        self.bugs += self.fresh_complaints()

    @property
    def _dump(self) -> Path:
        return self.folder / "backup.dump"
