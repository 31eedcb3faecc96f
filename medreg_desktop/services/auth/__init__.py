"""Who works here: sign-in, unlock offline, the idle lock, and the limit of reading offline (``sync.md`` §5.10)."""
