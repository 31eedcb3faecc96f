"""Passwords as argon2id hashes. Each takes much memory: whoever lets strangers ask for them counts the turns."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from medreg_server.settings import Settings

MIN_LENGTH: Final = 8  # ASVS 5.0 V6.2.1
MAX_LENGTH: Final = 128  # ASVS 5.0 V6.2.9 asks for at least 64; a limit keeps hashing time bounded


class Passwords:
    """Hashes and verifies. One per process; safe to use from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.hash_passes, memory_cost=settings.hash_memory_kib, parallelism=1
        )
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return the encoded argon2id hash."""
        return self._hasher.hash(password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Return whether the password fits; without a hash the same work is done, so that time tells nothing."""
        try:
            self._hasher.verify(password_hash or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Return whether the hash was made with other parameters than those in force."""
        return self._hasher.check_needs_rehash(password_hash)
