"""Whether a session is this copy's own service's: a key that it trusts already says so, or a password (ADR 014)."""

from __future__ import annotations

from medreg_core.contract.v1.identity import is_session_proven
from medreg_core.contract.v1.messages import Account, Session, SignIn
from medreg_desktop.services.auth import known_accounts
from medreg_desktop.services.cache import sync_state
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.faults import KnownFault


def vouched(conn: Connection, session: Session, query: SignIn, *, by_password: bool, is_open: bool) -> Account:
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
        return session.account  # never greeted: it trusts whom it meets, and holds nothing
    if is_session_proven(session, query, sync_state.value(conn, "server_id"), keys):
        sync_state.note_proof(conn)
        return session.account
    known = known_accounts.recall(conn, query.account)
    is_same = known is not None and known.id == session.account.id
    if sync_state.has_proven_itself(conn):
        if known is None or not (by_password and is_same):
            raise KnownFault("service_unproven")
        return known
    if not (by_password or is_open) or not (known is None or is_same):
        raise KnownFault("service_unproven")
    return session.account
