"""Writes a courier's file and reads the answers to one: sealed, whole or not at all, and read back from the stick."""

from __future__ import annotations

import errno
import os
from datetime import datetime
from pathlib import Path

import msgspec

from medreg_core.contract.v1.courier import (
    ANSWER_BYTES,
    COMMANDS_SUFFIX,
    AnswersBundle,
    BundleKind,
    BundleRefused,
    CommandsBundle,
    Parcel,
    answer_key,
    open_sealed,
    seal,
)
from medreg_core.contract.v1.reading import UNREADABLE
from medreg_core.domain.deadlines import CHINA
from medreg_core.domain.records import AccountId, DeviceId
from medreg_desktop.services.cache import device, handovers, receipts, sync_state
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault


def write_commands(
    store: CacheStore, bundle_id: str, account_id: AccountId, device_id: DeviceId, folder: Path, at: datetime
) -> tuple[str, int]:
    """Write the file of what was handed over under ``bundle_id``; return its name and how many commands it carries.

    Raises KnownFault ``courier_not_written``, ``disk_full`` or ``courier_not_read_back``; no file is left then.
    """

    def work(conn: Connection) -> tuple[bytes, int]:
        parcels = _parcels(conn, bundle_id)
        key = device.private_key(conn)
        bundle = CommandsBundle(
            bundle_id=bundle_id,
            server_id=sync_state.read(conn).server_id,
            device_id=device_id,
            answer_key=answer_key(key).public_key().public_bytes_raw(),
            made_at=at,
            account_id=account_id,
            parcels=parcels,
        )
        payload = msgspec.json.encode(bundle)
        return seal(BundleKind.COMMANDS, payload, key, sync_state.courier_key(conn)), len(parcels)

    file, carried = store.write(work)
    name = f"medreg-courier-{at.astimezone(CHINA):%Y%m%d-%H%M}-{bundle_id[:8]}{COMMANDS_SUFFIX}"
    write_and_read_back(folder / name, file)
    return name, carried


def read_answers(store: CacheStore, path: Path, device_id: DeviceId) -> tuple[AnswersBundle, str]:
    """Return the answers in a file if the service made them for this device, and the epoch of the copy they fit.

    Raises KnownFault with a code of the courier.
    """
    file = read_file(path, ANSWER_BYTES)
    key = store.write(device.private_key)
    keys = {known.kid: known.key for known in store.read(sync_state.public_keys)}
    try:
        opened = open_sealed(BundleKind.ANSWERS, file, answer_key(key))
        answers = msgspec.json.decode(opened.payload, type=AnswersBundle)
    except BundleRefused as refused:
        raise KnownFault(refused.code.value) from refused
    except UNREADABLE as error:
        raise KnownFault("courier_damaged") from error
    if not opened.is_signed_by(keys.get(answers.kid, b"")):
        raise KnownFault("courier_forged")

    def beside(conn: Connection) -> str | None:
        known = sync_state.read(conn)
        return known.epoch if _is_answer_to_us(conn, known, answers) else None

    epoch = store.read(beside)
    if answers.device_id != device_id or epoch is None:
        raise KnownFault("courier_answers_of_another")
    return answers, epoch


def read_file(path: Path, most: int) -> bytes:
    """Return a file, of a too large one only as much as shows that it is. Raises KnownFault ``courier_not_read``."""
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise KnownFault("courier_not_read", cause=type(error).__name__) from error


def write_and_read_back(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and make sure that the stick gives back what was written.

    Raises KnownFault ``courier_not_written``, ``disk_full``, ``courier_not_read_back``; no file is left then.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        if path.read_bytes() != content:
            path.unlink(missing_ok=True)
            raise KnownFault("courier_not_read_back")
    except OSError as error:
        for left in (part, path):
            _remove(left)
        code = "disk_full" if error.errno == errno.ENOSPC else "courier_not_written"
        raise KnownFault(code, cause=type(error).__name__) from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # the stick is gone: what is left on it is no whole file under its name


def _parcels(conn: Connection, bundle_id: str) -> tuple[Parcel, ...]:
    rows = {row.command.id: row for row in handovers.handed_over(conn, bundle_id)}
    links = {link.command_id: link for link in receipts.links_of(conn, rows)}
    return tuple(Parcel(command=row.command, link=links[command_id]) for command_id, row in rows.items())


def _is_answer_to_us(conn: Connection, known: sync_state.SyncState, answers: AnswersBundle) -> bool:
    """Whether the copy belongs to the service that answered, and has not heard of a later state of it since.

    After a restore from a backup the register may have lost what an older file still calls accepted.
    """
    if answers.server_id != known.server_id:
        return False
    if answers.answers.epoch == known.epoch or known.last_contact is None:
        return True
    return answers.answers.server_time >= sync_state.server_time(conn, known.last_contact)
