"""How two programs of different age agree (``sync.md`` §5.9): the protocol in hello, the schema of each command."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from medreg_core.contract.v1.commands import CodeBody, Command, CommandBody
from medreg_core.contract.v1.messages import OLDEST_PROTOCOL, PROTOCOL

_ASKED: Final = ("id", "application_id", "base_version", "made_at", "body", "depends_on")
"""The fields of protocol 1, which say what a command asks for, in their order on the wire of then."""


def agreed(oldest: int, newest: int) -> int | None:
    """Return the newest protocol that both this program and one that speaks ``oldest`` to ``newest`` know, or None."""
    shared = min(newest, PROTOCOL)
    return shared if shared >= max(oldest, OLDEST_PROTOCOL) else None


def schema_of(body: CommandBody) -> int:
    """Return the oldest protocol whose service can carry out such a command."""
    return 2 if isinstance(body, CodeBody) else 1


def upcast(command: Command) -> Command:
    """Return a command as this program would have made it, whatever the age of the program that did.

    Its body needs nothing: fields added since have the default that means what was meant before them. What an older
    program could not say is how old its command is.
    """
    return msgspec.structs.replace(command, schema=schema_of(command.body))


def fingerprint(command: Command) -> bytes:
    """Return 32 bytes that differ when two commands of one id ask for different things.

    They stand in the register beside the answer for as long as it does, so they must not move with the programs: a
    command sent again after either side was updated is the same command. So only what is asked counts, encoded as the
    first protocol did, and nothing that later ones carry beside it. A command about a physician names him where
    others name their application.
    """
    asked = {name: getattr(command, name) for name in _ASKED} | {"application_id": command.subject}
    return hashlib.sha256(msgspec.json.encode(asked)).digest()
