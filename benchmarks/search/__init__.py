"""The search of the work list beside its peers, on the same rows, in the same run: ``python -m benchmarks.search``."""
