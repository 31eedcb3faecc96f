"""What the program has told the registrar, line by line over a pipe; what was said can never be taken back."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from medreg_core.domain.records import ApplicationId, CommandId, PhysicianId


class Saved(msgspec.Struct, frozen=True, tag="saved"):
    """已存本机: a command with its bytes' hash and its line of the audit."""

    command_id: CommandId
    body_hash: str
    audit_line: int
    audit_hash: str


class Typed(msgspec.Struct, frozen=True, tag="typed"):
    """What the registrar has typed and is about to be kept: it may replace what was kept before it is said."""

    application_id: ApplicationId
    opinion: str


class Drafted(msgspec.Struct, frozen=True, tag="drafted"):
    """What was typed is kept."""

    application_id: ApplicationId
    opinion: str


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """The register has taken the command."""

    command_id: CommandId


class CalledBack(msgspec.Struct, frozen=True, tag="called_back"):
    """已撤回: a command that never left is closed, for good."""

    command_id: CommandId


class GivenCode(msgspec.Struct, frozen=True, tag="given_code"):
    """A physician holds a slip with a code; of the code only its hash is said."""

    reference: str
    physician_id: PhysicianId
    code_hash: str


class VoidedCode(msgspec.Struct, frozen=True, tag="voided_code"):
    """作废: nobody will be let in with this code."""

    reference: str


class Began(msgspec.Struct, frozen=True, tag="began"):
    """The program stands: a server listens, a copy is open and whole, a deed begins. Nothing is promised by it."""

    work: str


class Passed(msgspec.Struct, frozen=True, tag="passed"):
    """How often a life passed a place, said at its peaceful end."""

    work: str
    point: str
    times: int


class Bug(msgspec.Struct, frozen=True, tag="bug"):
    """Something that must not happen."""

    text: str


class Reported(msgspec.Struct, frozen=True, tag="reported"):
    """What became of one world or one life, as JSON."""

    text: str


Word = Saved | Typed | Drafted | Accepted | CalledBack | GivenCode | VoidedCode | Began | Passed | Bug | Reported
Say = Callable[[Word], None]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Word).decode


def line_of(word: Word) -> bytes:
    """Return a word as it goes over the pipe."""
    return _encode(word) + b"\n"


def words_in(text: bytes) -> list[Word]:
    """Return the words; one whose line the speaker could not end was not said."""
    return [_decode(line) for line in text.split(b"\n")[:-1]]
