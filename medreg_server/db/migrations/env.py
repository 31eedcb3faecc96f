"""Alembic's entry: runs on the connection that :mod:`medreg_server.db.migrate` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from medreg_server.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    transactional_ddl=True,
)
context.run_migrations()
