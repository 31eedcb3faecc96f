"""Use cases of the desktop program and what they stand on. Nothing here knows Qt."""
