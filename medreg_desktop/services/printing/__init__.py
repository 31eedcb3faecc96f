"""The coded review form: what stands on it, how it is drawn, how its codes are read back (design.md §6)."""
