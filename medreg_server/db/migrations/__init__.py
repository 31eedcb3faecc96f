"""Alembic migrations; see :mod:`medreg_server.db.migrate`."""
