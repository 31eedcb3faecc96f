"""Settings of the service: defaults, then one TOML file, then ``MEDREG_*`` environment variables; read once, typed.

The TOML file is named by ``MEDREG_CONFIG`` and holds the field names below as keys of its top table. The environment
variable of a field is its name in capitals behind ``MEDREG_``: ``MEDREG_DATABASE_URL``.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec


class SettingsFault(Exception):
    """A setting cannot be used; ``name`` says which, ``reason`` what was expected."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything an operator may set; ``docs/reference/settings.md`` is written from this class."""

    database_url: str = "sqlite:///medreg.db"
    """``sqlite:///FILE`` or ``postgresql://user@host/database``."""

    data_dir: str = "medreg-data"
    """Directory of the signing keys and of the audit heads kept outside the database. Back it up apart from it."""

    host: str = "127.0.0.1"
    """Address to listen on; a proxy that ends TLS stands in front."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 8460
    """Port to listen on; 0 takes a free one."""

    trusted_proxies: tuple[str, ...] = ()
    """Addresses of proxies whose ``X-Forwarded-For`` is believed. Empty: nobody's is."""

    session_hours: int = 12
    """How long a sign-in lasts."""

    offline_days: int = 14
    """How long a client may show its copy without contact (``sync.md`` §5.10)."""

    claim_minutes: int = 15
    """How long a soft claim stands."""

    sign_in_attempts: int = 5
    """Wrong passwords per account and address before a pause."""

    sign_in_address_attempts: int = 200
    """Attempts per address, over all accounts, before a pause."""

    sign_in_pause_minutes: int = 15
    """How long the pause lasts; an account is never locked for good."""

    hash_memory_kib: int = 65_536
    """Memory of one argon2id hash (RFC 9106 §4, second choice: 64 MiB, three passes)."""

    hash_passes: int = 3
    """Passes of one argon2id hash."""

    hash_parallel: int = 4
    """Most passwords hashed at the same time; 32 more wait for their turn, the rest are told to come back."""

    long_poll_seconds: int = 25
    """Longest wait of one feed request; proxies cut longer ones (``sync.md`` §5.5)."""

    lease_size: int = 100
    """Form numbers per lease."""

    lease_refill_below: int = 50
    """A device with fewer numbers left gets a new lease."""

    lease_days: Annotated[int, msgspec.Meta(ge=1, le=60)] = 60
    """How long a device may take form numbers and activation codes from a lease (``sync.md`` §5.7: at most 60)."""

    lease_grace_days: Annotated[int, msgspec.Meta(ge=0)] = 30
    """How much later a command may arrive with a number or code taken in time (ADR 018)."""

    restore_skip: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 10_000
    """Form numbers of each region and year left out after a restore: what may have been leased since the backup."""

    restore_skip_codes: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 1_000
    """Practice codes of each level, category and region left out after a restore: what may have been given since the
    backup. Fewer than of form numbers, for their serials begin with no year anew."""

    code_lease_size: int = 100
    """Activation codes a device is filled up to."""

    code_refill_below: int = 50
    """A device with fewer codes left is filled up."""

    code_days: int = 30
    """How long a physician may redeem a code after its hand-out was accepted."""

    activation_attempts: int = 10
    """Activation codes a physician may try before a pause; how long it is, ``sign_in_pause_minutes`` says."""

    feed_days: int = 400
    """How long the feed's log is kept; an older cursor must take a new snapshot."""

    minimum_client: str = ""
    """Oldest client version that may send commands; empty allows all."""


def load_settings(environ: Mapping[str, str] = os.environ, **overrides: object) -> Settings:
    """Return the settings; ``overrides`` (command line) win over all. Raises SettingsFault."""
    values: dict[str, Any] = {}
    config = environ.get("MEDREG_CONFIG")
    if config:
        values |= _read_toml(Path(config))
    for name in Settings.__struct_fields__:
        text = environ.get(f"MEDREG_{name.upper()}")
        if text is not None:
            values[name] = _listed(text) if name == "trusted_proxies" else text
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsFault(_field(str(error)), str(error)) from error


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsFault("MEDREG_CONFIG", str(error)) from error


def _field(message: str) -> str:
    """Return the field named in a validation message such as ``Expected `int` - at `$.port```."""
    return message.rpartition("$.")[2].rstrip("`") if "$." in message else "settings"
