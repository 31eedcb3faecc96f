"""Every toxic at every kind of request and position, one deterministic scenario each (``sync.md`` §6, toxics)."""
