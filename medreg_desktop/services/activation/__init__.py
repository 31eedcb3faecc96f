"""Activation codes at the office (``design.md`` §7)."""
