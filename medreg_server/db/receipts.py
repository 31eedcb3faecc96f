"""Links of the devices' receipt chains, as they arrived (:mod:`medreg_core.contract.v1.receipts`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import bindparam, or_, select

from medreg_core.contract.v1.receipts import CHAIN_START, Link
from medreg_core.domain.records import DeviceId, InstitutionId
from medreg_server.db.insert import insert_if_absent
from medreg_server.db.tables import receipt
from medreg_server.db.writes import Repository


class Standing(StrEnum):
    """How a link stood to those of its device known when it arrived.

    A gap is closed by what arrives later: commands of two people on one PC leave apart, and per application. A fork is
    never closed: the device went on from an earlier state (a disk restored from an image), or its files were copied.
    """

    CHAINED = "chained"
    GAP = "gap"
    FORK = "fork"


_AROUND: Final = select(receipt.c.hash, receipt.c.n, receipt.c.standing).where(
    receipt.c.device_id == bindparam("of_device"),
    or_(
        receipt.c.n.in_([bindparam("at_n"), bindparam("n_before")]),
        receipt.c.hash.in_([bindparam("own"), bindparam("before")]),
    ),
)


class Receipts(Repository):
    """The chains within one transaction."""

    def add(
        self,
        link: Link,
        device_id: DeviceId,
        institution_id: InstitutionId,
        received_at: datetime,
        *,
        coming: Collection[str] = (),
    ) -> Standing | None:
        """Store a link whose signature was found good; return how it stands, None when it is known already.

        ``coming`` are digests of links that arrived with it and are stored after it. The transaction has taken the
        device's turn.
        """
        connection = self._writes.beside(receipt)
        digest = link.digest
        asked = {
            "of_device": device_id,
            "at_n": link.n,
            "n_before": link.n - 1,
            "own": digest,
            "before": link.previous,
        }
        around = {row.hash: _Known(row.n, Standing(row.standing)) for row in connection.execute(_AROUND, asked)}
        if digest in around:
            return None
        standing = _standing(link, around, coming)
        row = {
            "hash": digest,
            "institution_id": institution_id,
            "device_id": device_id,
            "n": link.n,
            "previous": link.previous,
            "command_id": link.command_id,
            "account_id": link.actor,
            "saved_at": link.saved_at,
            "received_at": received_at,
            "standing": standing.value,
        }
        return standing if insert_if_absent(connection, receipt, row) else None


class _Known(NamedTuple):
    n: int
    standing: Standing


def _standing(link: Link, around: Mapping[str, _Known], coming: Collection[str]) -> Standing:
    if any(known.n == link.n for known in around.values()) or _is_overlooked(link.n - 1, around):
        return Standing.FORK
    if (link.n == 1 and link.previous == CHAIN_START) or link.previous in coming:
        return Standing.CHAINED
    if link.previous not in around:
        return Standing.GAP
    return Standing.CHAINED if around[link.previous].n == link.n - 1 else Standing.FORK


def _is_overlooked(n: int, around: Mapping[str, _Known]) -> bool:
    """Return whether two links stand there and neither was called a fork: an older service let them come at once."""
    there = [known.standing for known in around.values() if known.n == n]
    return len(there) > 1 and Standing.FORK not in there
