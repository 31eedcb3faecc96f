"""Drawing the review form beside peers, the same forms in the same run: ``python -m benchmarks.forms [--quick]``."""
