"""Who has greeted from which device, known so far from the audit; attempts to sign in found by their age.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_GREETED = sa.text(
    "INSERT INTO device_user (device_id, account_id)"
    " SELECT DISTINCT device.id, account.id FROM audit"
    " JOIN device ON device.id = audit.subject JOIN account ON account.id = audit.actor"
    " WHERE audit.action = 'device.hello'"
)


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "device_user",
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_user_device_id_device")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_device_user_account_id_account")),
        sa.PrimaryKeyConstraint("device_id", "account_id", name=op.f("pk_device_user")),
    )
    op.create_index(op.f("ix_sign_in_throttle_since"), "sign_in_throttle", ["since"], unique=False)
    op.execute(_GREETED)


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index(op.f("ix_sign_in_throttle_since"), table_name="sign_in_throttle")
    op.drop_table("device_user")
