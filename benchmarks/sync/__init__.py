"""Sync as an office feels it, beside PouchDB's replication of the same rows and the bare inserts under both."""
