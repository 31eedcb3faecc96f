"""What may come of reading JSON that others wrote."""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not what the contract says.

Beside its own there are Python's errors: for text that is no UTF-8, and for brackets nested by the thousand.
"""
