"""Leases that expire, activation codes, and commands about physicians.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("server_state", sa.Column("serial_start", sa.Integer(), server_default="0", nullable=False))
    op.add_column("form_lease", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("command", sa.Column("physician_id", sa.String(length=64), server_default="", nullable=False))
    op.create_table(
        "activation_code",
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("institution_id", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("leased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("physician_id", sa.String(length=64), nullable=True),
        sa.Column("handed_out_by", sa.String(length=64), nullable=True),
        sa.Column("handed_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reprints", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_activation_code_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_activation_code_device_id_device")),
        sa.ForeignKeyConstraint(
            ["physician_id"], ["physician.id"], name=op.f("fk_activation_code_physician_id_physician")
        ),
        sa.ForeignKeyConstraint(
            ["handed_out_by"], ["account.id"], name=op.f("fk_activation_code_handed_out_by_account")
        ),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_activation_code")),
    )
    op.create_index(op.f("ix_activation_code_device_id"), "activation_code", ["device_id"], unique=False)
    held = sa.text("state = 'handed_out'")
    op.create_index(
        "ix_activation_code_held",
        "activation_code",
        ["physician_id"],
        unique=True,
        sqlite_where=held,
        postgresql_where=held,
    )
    op.create_table(
        "activation",
        sa.Column("physician_id", sa.String(length=64), nullable=False),
        sa.Column("institution_id", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["physician_id"], ["physician.id"], name=op.f("fk_activation_physician_id_physician")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_activation_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(
            ["reference"], ["activation_code.reference"], name=op.f("fk_activation_reference_activation_code")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_activation_account_id_account")),
        sa.PrimaryKeyConstraint("physician_id", name=op.f("pk_activation")),
        sa.UniqueConstraint("reference", name=op.f("uq_activation_reference")),
    )


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_table("activation")
    op.drop_table("activation_code")
    op.drop_column("command", "physician_id")
    op.drop_column("form_lease", "expires_at")
    op.drop_column("server_state", "serial_start")
