"""Revoked devices: who, why, wiped; burnt leases; the review lane of rescued commands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    with op.batch_alter_table("device") as device:
        device.add_column(sa.Column("last_account_id", sa.String(64), nullable=False, server_default=""))
        device.add_column(sa.Column("revoked_by", sa.String(64), nullable=False, server_default=""))
        device.add_column(sa.Column("reason", sa.String(32), nullable=False, server_default=""))
        device.add_column(sa.Column("wiped_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("form_lease") as form_lease:
        form_lease.add_column(sa.Column("burnt_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "rescued_command",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("institution_id", sa.String(64), nullable=False),
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("settled_by", sa.String(64), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_rescued_command_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_rescued_command_device_id_device")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rescued_command")),
    )
    op.create_index("ix_rescued_command_lane", "rescued_command", ["institution_id", "id"])


def downgrade() -> None:
    """Take the schema back; what the lane holds is lost."""
    op.drop_table("rescued_command")
    # Not in a batch: SQLite would copy the table and drop the old one, which other rows refer to.
    op.drop_column("form_lease", "burnt_at")
    for name in ("wiped_at", "reason", "revoked_by", "last_account_id"):
        op.drop_column("device", name)
