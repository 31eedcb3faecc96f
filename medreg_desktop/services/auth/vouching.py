"""Whether a session is this copy's own service's: a key that it trusts already says so, or a password (ADR 014)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from medreg_core.contract.v1.identity import is_refusal_proven, is_session_proven
from medreg_core.contract.v1.messages import Account, Session, SignIn
from medreg_desktop.services.auth import known_accounts
from medreg_desktop.services.cache import account_limits, sync_state
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.faults import KnownFault


@dataclass(frozen=True, slots=True)
class Vouched:
    """Who is let in. Not ``in_full``: by a service that once proved itself, and by his password alone this time."""

    account: Account
    in_full: bool = True


def vouched(conn: Connection, session: Session, query: SignIn, *, by_password: bool, is_open: bool) -> Vouched:
    """Return who is let in by a session.

    ``by_password``: the password typed opens an entry of the key file. ``is_open``: somebody was let in by this service
    since the program has used this address, so that a colleague may follow although an older service proves nothing.

    A service that once proved itself and no longer does may have lost its key, or be somebody else: then a password
    lets in no one but the account that it was, in the role that it had.

    Raises:
        KnownFault: ``service_unproven``.
    """
    keys = {key.kid: key.key for key in sync_state.public_keys(conn)}
    if not keys:
        return Vouched(session.account)  # never greeted: it trusts whom it meets, and holds nothing
    if is_session_proven(session, query, sync_state.value(conn, "server_id"), keys):
        sync_state.note_proof(conn)
        account_limits.lift(conn, session.account.id)
        return Vouched(session.account)
    known = known_accounts.recall(conn, query.account)
    is_same = known is not None and known.id == session.account.id
    if sync_state.has_proven_itself(conn):
        if known is None or not (by_password and is_same):
            raise KnownFault("service_unproven")
        return Vouched(known, in_full=False)
    if not (by_password or is_open) or not (known is None or is_same):
        raise KnownFault("service_unproven")
    return Vouched(session.account)


def note_refusal(conn: Connection, query: SignIn, params: Mapping[str, str]) -> bool:
    """Return whether this copy's own service has refused a password that still opens it: its account is shut out."""
    keys = {key.kid: key.key for key in sync_state.public_keys(conn)}
    account = known_accounts.recall(conn, query.account)
    if account is None or not is_refusal_proven(params, query, sync_state.value(conn, "server_id"), keys):
        return False
    account_limits.shut(conn, account.id)
    return True
