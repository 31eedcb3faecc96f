"""同步中心: what waits, why, and what only a person can settle."""
