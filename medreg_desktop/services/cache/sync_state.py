"""What the cache remembers of its source: epoch, cursor, the last contact and what the server told at hello."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from medreg_core.contract.v1.identity import is_welcome_proven
from medreg_core.contract.v1.messages import Account, PublicKey, Welcome
from medreg_core.domain.records import AccountId, Institution
from medreg_desktop.services.cache import account_limits, codes, leases, settings
from medreg_desktop.services.cache.connection import Connection, scalar

T = TypeVar("T")

_KEPT = "service "
"""Begins the names of the settings that :func:`keep` makes."""


@dataclass(frozen=True, slots=True)
class SyncState:
    """How far the copy is. ``cursor`` is opaque; "" means that no snapshot has been finished in this epoch."""

    server_id: str = ""
    epoch: str = ""
    cursor: str = ""
    seq: int = 0
    snapshot_after: str = ""  # resume token of a snapshot under way
    snapshot_rows: int = 0  # lines streamed up to the token; a row that changed meanwhile may have come twice
    snapshot_digest: str = ""  # over those lines
    snapshot_total: int = 0
    snapshot_epoch: str = ""
    last_contact: datetime | None = None
    server_offset_s: float = 0.0  # server clock minus this computer's
    offline_until: datetime | None = None
    server_seen: datetime | None = None  # the latest moment of the server's clock known to have passed


def read(conn: Connection) -> SyncState:
    """Return the state as last committed."""
    values: dict[str, str] = dict(conn.execute("SELECT name, value FROM sync_value").fetchall())
    return SyncState(
        server_id=values.get("server_id", ""),
        epoch=values.get("epoch", ""),
        cursor=values.get("cursor", ""),
        seq=int(values.get("seq", 0)),
        snapshot_after=values.get("snapshot_after", ""),
        snapshot_rows=int(values.get("snapshot_rows", 0)),
        snapshot_digest=values.get("snapshot_digest", ""),
        snapshot_total=int(values.get("snapshot_total", 0)),
        snapshot_epoch=values.get("snapshot_epoch", ""),
        last_contact=_moment(values.get("last_contact")),
        server_offset_s=float(values.get("server_offset_s", 0)),
        offline_until=_moment(values.get("offline_until")),
        server_seen=_moment(values.get("server_seen")),
    )


def write(conn: Connection, **values: str) -> None:
    """Store values by the names of :class:`SyncState`."""
    conn.executemany(
        "INSERT INTO sync_value(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value",
        list(values.items()),
    )


def keep(conn: Connection, **values: str) -> None:
    """Store values that a rebuilt copy has again: settings are carried over. What proves an order to leave is such.

    A computer that is shut out before its rebuilt copy has been greeted could else prove nothing, and would wait with
    its decisions for ever.
    """
    write(conn, **values)
    for name, content in values.items():
        settings.store(conn, _KEPT + name, content)


def forget(conn: Connection, name: str) -> None:
    """Forget a value, kept or not."""
    conn.execute("DELETE FROM sync_value WHERE name = ?", (name,))
    conn.execute("DELETE FROM setting WHERE name = ?", (_KEPT + name,))


def recall_kept(conn: Connection) -> None:
    """Take from the settings what was kept; for a copy that has just been rebuilt."""
    kept = conn.execute("SELECT name, value FROM setting WHERE substr(name, 1, ?) = ?", (len(_KEPT), _KEPT)).fetchall()
    write(conn, **{name.removeprefix(_KEPT): content for name, content in kept})


def value(conn: Connection, name: str) -> str:
    """Return one stored value, "" if there is none."""
    return str(scalar(conn, "SELECT value FROM sync_value WHERE name = ?", (name,)) or "")


def is_restored_since(conn: Connection, epoch: str) -> bool:
    """Return whether the register is known to have been restored since it said something in this epoch."""
    return value(conn, "register_epoch") not in {"", epoch}


def note_contact(conn: Connection, server_time: datetime, now: datetime) -> None:
    """Note that the server has just answered, and how far the two clocks are apart."""
    offset_s = (server_time - now).total_seconds()
    write(conn, last_contact=now.isoformat(), server_offset_s=str(offset_s), server_seen=server_time.isoformat())


def note_welcome(conn: Connection, welcome: Welcome, now: datetime) -> tuple[PublicKey, ...]:
    """Store what hello told: who we are, the signing keys, until when the copy may be read, new form numbers.

    Return the keys trusted now. New ones are taken only beside the signature of one that is trusted already: they prove
    orders to destroy the copy. Without it, a service that has ever signed brings no longer reading and no numbers.

    A new epoch is not the copy's: it belongs to the old one until a snapshot of the new one is complete.
    """
    note_contact(conn, welcome.server_time, now)
    write(
        conn,
        register_epoch=welcome.epoch,
        account=_json(welcome.account),
        institution=_json(welcome.institution),
    )
    trusted = public_keys(conn)
    is_ours = not trusted or is_welcome_proven(welcome, {key.kid: key.key for key in trusted})
    if not is_ours and has_proven_itself(conn):
        return trusted
    write(conn, offline_until=welcome.offline_until.isoformat(), courier_key=welcome.courier_key.hex())
    account_limits.renew(conn, welcome.account.id, welcome.offline_until)
    if is_ours:
        trusted = welcome.keys
        keep(conn, server_id=welcome.server_id, keys=_json(trusted))
        if is_welcome_proven(welcome, {key.kid: key.key for key in trusted}):
            note_proof(conn)
    if welcome.lease is not None:
        leases.add(conn, welcome.lease)
    if welcome.code_lease is not None:
        codes.add(conn, welcome.code_lease)
    return trusted


def note_proof(conn: Connection) -> None:
    """Note that the service has signed a session or its answer to hello: from now on it is expected to."""
    if not has_proven_itself(conn):
        keep(conn, proves="1")


def has_proven_itself(conn: Connection) -> bool:
    """Return whether the service has ever signed what it said here; an older one does not."""
    return bool(value(conn, "proves"))


def server_time(conn: Connection, now: datetime) -> datetime:
    """Return the server's time as far as it is known here; never earlier than what it was at the last contact.

    ``now`` is this computer's clock. Set back, it makes nothing young again: leases and the limit of reading count
    from here (``sync.md`` §5.9, §5.10).
    """
    known = read(conn)
    guessed = now + timedelta(seconds=known.server_offset_s)
    return guessed if known.server_seen is None else max(guessed, known.server_seen)


def note_server_time(conn: Connection, at: datetime) -> None:
    """Remember that the server's clock has reached ``at``, for the time this computer's clock is set back."""
    seen = read(conn).server_seen
    if seen is None or at > seen:
        write(conn, server_seen=at.isoformat())


def account(conn: Connection) -> Account | None:
    """Return who the server last said is signed in."""
    return _read(conn, "account", Account)


def has_rows(conn: Connection) -> bool:
    """Whether rows of the service stand here, if only the first part; hello alone brings none."""
    state = read(conn)
    return bool(state.cursor) or state.snapshot_rows > 0


def institution(conn: Connection) -> Institution | None:
    """Return the office's institution: the feed's row if there is one, else what hello told."""
    body = scalar(conn, "SELECT CAST(body AS BLOB) FROM entity WHERE kind = 'institution' LIMIT 1")
    return msgspec.json.decode(body, type=Institution) if body else _read(conn, "institution", Institution)


def courier_key(conn: Connection) -> bytes:
    """Return the service's key to which a courier's file is sealed; empty until hello has told it."""
    return bytes.fromhex(value(conn, "courier_key"))


def public_keys(conn: Connection) -> tuple[PublicKey, ...]:
    """Return the keys that sign forms and pings."""
    return _read(conn, "keys", tuple[PublicKey, ...]) or ()


def is_blank(conn: Connection) -> bool:
    """Return whether no service has ever greeted this copy and nothing was saved in it: there is nothing to lose."""
    return not value(conn, "server_id") and not scalar(conn, "SELECT EXISTS(SELECT 1 FROM outbox)")


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom the overlay is computed, and how far the copy is."""

    actor: AccountId  # "" before anyone has signed in
    name: str
    epoch: str
    seq: int


def viewer(conn: Connection) -> Viewer:
    """Return the registrar at the screen, with his name as far as the server has told it."""
    values: dict[str, str] = dict(
        conn.execute(
            "SELECT name, value FROM sync_value WHERE name IN ('actor', 'actor_name', 'epoch', 'seq')"
        ).fetchall()
    )
    actor = AccountId(values.get("actor", ""))
    return Viewer(actor, values.get("actor_name", ""), values.get("epoch", ""), int(values.get("seq", 0)))


def _read(conn: Connection, name: str, kind: type[T]) -> T | None:
    text = scalar(conn, "SELECT value FROM sync_value WHERE name = ?", (name,))
    return None if text is None else msgspec.json.decode(text, type=kind)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
