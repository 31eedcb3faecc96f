"""Use cases of the register, each in one unit of work; no HTTP and no SQL here."""
