"""The national codes and what can be checked of them without asking anybody (``domain.md`` §7)."""
