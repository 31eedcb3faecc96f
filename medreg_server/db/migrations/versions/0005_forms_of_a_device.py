"""Forms found by the device that issued them.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

from alembic import op


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_index("ix_form_device", "form", ["device_id", "created_at"], unique=False)


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index("ix_form_device", table_name="form")
