"""The central service: institution API, physician and commission operations, feed, audit; SQLite or PostgreSQL."""

__version__ = "0.1.0"
