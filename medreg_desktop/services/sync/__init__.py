"""The one sync engine: everything that leaves or enters the local copy passes through it (``sync.md`` §4)."""
