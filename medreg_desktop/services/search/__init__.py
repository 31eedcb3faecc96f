"""Search of the work list: any condition or combination, first page at once (``performance.md`` §1)."""
