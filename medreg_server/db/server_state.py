"""Who this service is: its id, its epoch, and the public halves of its signing keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, update

from medreg_server.db.insert import insert_if_absent
from medreg_server.db.tables import server_state, signing_key
from medreg_server.db.writes import Repository


@dataclass(frozen=True, slots=True)
class Identity:
    """The service's id and the epoch of its feeds (``sync.md`` §5.3)."""

    server_id: str
    epoch: str


_IDENTITY: Final = select(server_state.c.server_id, server_state.c.epoch)
_KEYS: Final = select(signing_key).order_by(signing_key.c.created_at, signing_key.c.kid)


class ServerState(Repository):
    """Identity and public keys within one transaction."""

    def identity(self) -> Identity:
        """Return the identity, to which everything read in this transaction belongs. Raises LookupError without one."""
        row = self._writes.beside(server_state).execute(_IDENTITY).one_or_none()
        if row is None:
            raise LookupError("the database was never given an identity; run migrate")
        return Identity(row.server_id, row.epoch)

    def found(self, identity: Identity, now: datetime) -> bool:
        """Give the service its identity; return False when another process was first."""
        row = {"one": 1, "server_id": identity.server_id, "epoch": identity.epoch, "since": now}
        return insert_if_absent(self._connection, server_state, row)

    def begin_epoch(self, epoch: str, now: datetime) -> None:
        """Begin a new epoch: every cursor given out before answers 410 from now on."""
        self._connection.execute(update(server_state).values(epoch=epoch, since=now))

    def publish_key(self, kid: str, public_key: bytes, now: datetime) -> None:
        """Make a public key known to readers, for as long as paper it signed exists: for ever."""
        insert_if_absent(self._connection, signing_key, {"kid": kid, "public_key": public_key, "created_at": now})

    def public_keys(self) -> dict[str, bytes]:
        """Return every key ever published, oldest first."""
        return {row.kid: row.public_key for row in self._writes.beside(signing_key).execute(_KEYS)}
