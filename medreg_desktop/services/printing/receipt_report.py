"""决定回执: one page that says what was decided, by whom, when, and how the service answered, with the proof inside."""

from __future__ import annotations

from datetime import datetime

from medreg_core.contract.v1.commands import Agree, Command, CommandBody, Refuse, Return, WithdrawConsent
from medreg_core.contract.v1.proofs import Proof
from medreg_core.domain.deadlines import CHINA
from medreg_core.domain.records import CommandId
from medreg_desktop.services.cache import outbox, receipts
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import kind_of
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.texts.terms import term

FIELDS = frozenset(
    {"institution", "actor", "act", "words", "application", "base_version", "saved", "answer", "answered"}
    | {"accepted", "place", "previous", "digest", "device", "counter", "printed"}
)

_DECISIONS = (Agree, Return, Refuse, WithdrawConsent)


def proof_of(conn: Connection, command_id: CommandId) -> Proof:
    """Return what proves a decision.

    Raises KnownFault ``receipt_missing``: an older program saved it, or it is no decision on an application.
    """
    row, receipt = outbox.row_of(conn, command_id), receipts.find(conn, command_id)
    if receipt is None or not isinstance(row.command.body, _DECISIONS):
        raise KnownFault("receipt_missing")
    return Proof(command=row.command, link=receipt.link, counter=receipt.counter)


def texts_of(proof: Proof, actor: str, institution: str, now: datetime) -> dict[str, str]:
    """Return what stands on the page. ``actor`` and ``institution`` are names; the proof itself holds ids only."""
    link, counter, command = proof.link, proof.counter, proof.command
    return {
        "institution": institution,
        "actor": f"{actor}（{link.actor}）",
        "act": term(kind_of(command)),
        "words": _words(command.body),
        "application": command.application_id,
        "base_version": str(link.base_version),
        "saved": f"{_moment(link.saved_at)}（本机时钟）",
        "answer": term(counter.outcome) if counter else "尚未答复",
        "answered": f"{_moment(counter.at)}（服务端时钟）" if counter else "—",
        "accepted": f"版本 {counter.version}，序号 {counter.seq}，纪元 {counter.epoch}" if counter else "—",
        "place": str(link.n),
        "previous": link.previous,
        "digest": link.digest,
        "device": link.device_key.hex(),
        "counter": f"{counter.kid}：{counter.signature.hex()}" if counter else "—",
        "printed": f"{now.astimezone(CHINA):%Y-%m-%d %H:%M}",
    }


def file_name(command: Command) -> str:
    """Return a name for the file that tells nobody's name."""
    return f"medreg-receipt-{command.id[-8:]}.pdf"


def _words(body: CommandBody) -> str:
    return str(getattr(body, "opinion", "") or getattr(body, "reason", "") or "—")


def _moment(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
