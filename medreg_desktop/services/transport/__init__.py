"""The wire to the service: one request at a time, and every way it can go wrong by name (``sync.md`` §5.8)."""
