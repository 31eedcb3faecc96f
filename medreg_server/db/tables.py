"""Every table of the register.

An institution-scoped table carries ``institution_id`` (the distribution column of ``design.md`` §2) and is read through
:mod:`medreg_server.db.scope`. A record that crosses the wire is stored as its wire JSON in ``body``, with the columns
that are searched beside it; the body is the truth, and the table's one repository writes the columns from it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)

from medreg_server.db.types import Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = String(64)
_CODE = String(32)


def _institution_id(*, nullable: bool = False, primary_key: bool = False) -> Column[str]:
    return Column("institution_id", _ID, ForeignKey("institution.id"), nullable=nullable, primary_key=primary_key)


server_state = Table(
    "server_state",
    metadata,
    Column("one", SmallInteger, primary_key=True, autoincrement=False),  # always 1
    Column("server_id", _ID, nullable=False),
    Column("epoch", _ID, nullable=False),  # new after every restore and fail-over, sync.md §5.3
    Column("since", Moment, nullable=False),
    Column("serial_start", Integer, nullable=False, default=0),  # where a year's form numbers begin, ADR 018
)

signing_key = Table(
    "signing_key",
    metadata,
    Column("kid", String(32), primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
)

institution = Table(
    "institution",
    metadata,
    Column("id", _ID, primary_key=True),  # begins with the region code
    Column("region", String(6), nullable=False),
    Column("name", String(200), nullable=False),
    Column("code", _CODE, nullable=False, unique=True),  # 机构登记号
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),  # Institution
)

physician = Table(
    "physician",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("id_number", _CODE, nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("body", Text, nullable=False),  # Person
)

qualification = Table(
    "qualification",
    metadata,
    Column("code", _CODE, primary_key=True),  # 资格证书编码
    Column("physician_id", _ID, ForeignKey("physician.id"), index=True),  # empty until matched
    Column("id_number", _CODE, nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("level", String(1), nullable=False),
    Column("category", _CODE, nullable=False),
    Column("obtained_on", Date, nullable=False),
    Column("admission_number", String(40), nullable=False, default="", index=True),  # 准考证号
    Column("body", Text, nullable=False),  # Qualification
)

practice_registration = Table(
    "practice_registration",
    metadata,
    Column("practice_code", String(15), primary_key=True),
    Column("physician_id", _ID, ForeignKey("physician.id"), nullable=False, index=True),
    Column("institution_id", _ID, ForeignKey("institution.id"), index=True),  # empty: an institution not connected here
    Column("state", _CODE, nullable=False),
    Column("level", String(1), nullable=False),
    Column("registered_on", Date, nullable=False),
    Column("body", Text, nullable=False),  # Registration
)

practice_serial = Table(
    "practice_serial",
    metadata,
    Column("prefix", String(9), primary_key=True),  # level + category + region, domain.md §7.3; or empty
    Column("last", Integer, nullable=False),
)

account = Table(
    "account",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("login", String(100), nullable=False, unique=True),  # case folded
    Column("name", String(200), nullable=False),
    Column("role", _CODE, nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("institution_id", _ID, ForeignKey("institution.id"), index=True),  # the four institution roles
    Column("physician_id", _ID, ForeignKey("physician.id"), index=True),  # role physician
    Column("region", String(6), nullable=False, default=""),  # role commission: prefix of the regions it decides for
    Column("disabled_at", Moment),
    Column("created_at", Moment, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),  # SHA-256 of the bearer token; the token is never stored
    Column("account_id", _ID, ForeignKey("account.id"), nullable=False, index=True),
    Column("device_id", _ID, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

sign_in_throttle = Table(
    "sign_in_throttle",
    metadata,
    Column("key", LargeBinary, primary_key=True),  # digest of what is counted, so that no login or address is kept
    Column("attempts", Integer, nullable=False),
    Column("since", Moment, nullable=False, index=True),
)

device = Table(
    "device",
    metadata,
    Column("id", _ID, primary_key=True),
    _institution_id(),
    Column("public_key", LargeBinary, nullable=False),
    Column("client_version", String(40), nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("last_account_id", _ID, nullable=False, default="", server_default=""),  # who said hello last
    Column("revoked_at", Moment),
    Column("revoked_by", _ID, nullable=False, default="", server_default=""),  # account id; empty: the operator
    Column("reason", _CODE, nullable=False, default="", server_default=""),  # RevocationReason
    Column("wiped_at", Moment),
)

device_user = Table(
    "device_user",
    metadata,
    Column("device_id", _ID, ForeignKey("device.id"), primary_key=True),
    Column("account_id", _ID, ForeignKey("account.id"), primary_key=True),  # has greeted from there at least once
)

application = Table(
    "application",
    metadata,
    Column("id", _ID, primary_key=True),
    _institution_id(),
    Column("physician_id", _ID, ForeignKey("physician.id"), nullable=False, index=True),
    Column("kind", _CODE, nullable=False),
    Column("state", _CODE, nullable=False),
    Column("in_progress", Boolean, nullable=False),  # state is one of states.OPEN
    Column("version", Integer, nullable=False),
    Column("content_version", Integer, nullable=False),
    Column("submitted_at", Moment, nullable=False),
    Column("body", Text, nullable=False),  # Application
    Index("ix_application_snapshot", "institution_id", "in_progress", "id"),
    Index("ix_application_state", "state", "institution_id"),
)

form = Table(
    "form",
    metadata,
    Column("number", _CODE, primary_key=True),  # 表格编码
    _institution_id(),
    Column("application_id", _ID, ForeignKey("application.id"), nullable=False, index=True),
    Column("device_id", _ID, ForeignKey("device.id"), nullable=False),
    Column("content_version", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("code", Text, nullable=False),  # the signed text of the QR
    Column("created_at", Moment, nullable=False),
    Column("voided_at", Moment),
    Column("printed", Integer, nullable=False, default=0),  # copies
    Column("recalled", Integer, nullable=False, default=0),
    Index("ix_form_device", "device_id", "created_at"),  # asked with every hello: how many numbers it has used
)

form_lease = Table(
    "form_lease",
    metadata,
    Column("region", String(6), primary_key=True),
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("first", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
    _institution_id(),
    Column("device_id", _ID, ForeignKey("device.id"), nullable=False, index=True),
    Column("granted_at", Moment, nullable=False),
    Column("expires_at", Moment),  # empty: leased to a program of protocol 1, which knows of no expiry
    Column("burnt_at", Moment),  # from then on no unused number of it counts
)

form_serial = Table(
    "form_serial",
    metadata,
    Column("region", String(6), primary_key=True),
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

activation_code = Table(
    "activation_code",
    metadata,
    Column("reference", _ID, primary_key=True),
    _institution_id(),
    Column("device_id", _ID, ForeignKey("device.id"), nullable=False, index=True),
    Column("code_hash", LargeBinary, nullable=False),  # keyed; the code itself is never stored
    Column("state", _CODE, nullable=False),
    Column("leased_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),  # of the lease; once handed out, of the code
    Column("physician_id", _ID, ForeignKey("physician.id")),  # from the hand-out on
    Column("handed_out_by", _ID, ForeignKey("account.id")),
    Column("handed_out_at", Moment),
    Column("reprints", Integer, nullable=False, default=0),
    Column("ended_at", Moment),  # redeemed, voided or burnt
)
Index(
    "ix_activation_code_held",
    activation_code.c.physician_id,
    unique=True,  # a physician holds one code at a time, whatever two offices do at once
    sqlite_where=activation_code.c.state == "handed_out",
    postgresql_where=activation_code.c.state == "handed_out",
)

activation = Table(
    "activation",
    metadata,
    Column("physician_id", _ID, ForeignKey("physician.id"), primary_key=True),  # at most once for each
    _institution_id(),
    Column("reference", _ID, ForeignKey("activation_code.reference"), nullable=False, unique=True),
    Column("account_id", _ID, ForeignKey("account.id"), nullable=False),
    Column("activated_at", Moment, nullable=False),
)

feed_head = Table(
    "feed_head",
    metadata,
    _institution_id(primary_key=True),
    Column("head", BigInteger, nullable=False),  # seq of the newest change
    Column("floor", BigInteger, nullable=False),  # seq below which the log was pruned
    postgresql_with={"fillfactor": 50},  # the hottest row: room for in-page updates
)

change_log = Table(
    "change_log",
    metadata,
    _institution_id(primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", _CODE, nullable=False),
    Column("entity_id", _ID, nullable=False),
    Column("version", Integer, nullable=False),
    Column("op", _CODE, nullable=False),
    Column("at", Moment, nullable=False),
)

command = Table(
    "command",
    metadata,
    Column("id", _ID, primary_key=True),  # minted by the client; kept as long as the audit
    _institution_id(),
    Column("account_id", _ID, ForeignKey("account.id"), nullable=False),
    Column("device_id", _ID, nullable=False),
    Column("application_id", _ID, nullable=False, index=True),  # "" when it is about a physician
    Column("physician_id", _ID, nullable=False, default=""),
    Column("body_hash", LargeBinary, nullable=False),  # contract.v1.versions.fingerprint
    Column("received_at", Moment, nullable=False),
    Column("outcome_kind", _CODE, nullable=False, default=""),
    Column("outcome", Text, nullable=False, default=""),  # Outcome; empty only inside its own transaction
)

rescued_command = Table(
    "rescued_command",
    metadata,
    Column("id", _ID, primary_key=True),  # of the command: what the register answers to it stands under the same id
    _institution_id(),
    Column("device_id", _ID, ForeignKey("device.id"), nullable=False),
    Column("body_hash", LargeBinary, nullable=False),  # of the command
    Column("body", Text, nullable=False),  # RescuedCommand, as the device testified
    Column("account_id", _ID, nullable=False),  # who made it, by the same testimony
    Column("received_at", Moment, nullable=False),
    Column("state", _CODE, nullable=False),  # RescueState
    Column("settled_by", _ID, nullable=False, default=""),
    Column("settled_at", Moment),
    Column("reason", Text, nullable=False, default=""),
    Index("ix_rescued_command_lane", "institution_id", "id"),
)

receipt = Table(
    "receipt",
    metadata,
    Column("hash", String(64), primary_key=True),  # of the link; the client's device signed it
    _institution_id(),
    Column("device_id", _ID, ForeignKey("device.id"), nullable=False),
    Column("n", BigInteger, nullable=False),  # place in the device's chain
    Column("previous", String(64), nullable=False),
    Column("command_id", _ID, nullable=False, index=True),  # may never have been sent: called back before
    Column("account_id", _ID, nullable=False),
    Column("saved_at", Moment, nullable=False),  # testimony of the device's clock
    Column("received_at", Moment, nullable=False),
    Column("standing", _CODE, nullable=False),  # chained, gap or fork, as it looked on arrival
    Index("ix_receipt_place", "device_id", "n"),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("chain", _ID, primary_key=True),  # an institution's id, or "register"
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("kid", String(32), nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("signed_at", Moment, nullable=False),
    postgresql_with={"fillfactor": 50},
)

audit = Table(
    "audit",
    metadata,
    Column("chain", _ID, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),  # ISO 8601, exactly as hashed
    Column("actor", _ID, nullable=False),  # account id, or "" before sign-in
    Column("role", _CODE, nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", _ID, nullable=False),
    Column("detail", Text, nullable=False),  # canonical JSON; ids, codes and counts only, never a person's data
    Column("hash", String(64), nullable=False),
    ForeignKeyConstraint(["chain"], ["audit_head.chain"]),
)

SCOPED: frozenset[str] = frozenset(t.name for t in metadata.tables.values() if "institution_id" in t.columns)
"""Names of the institution-scoped tables."""
