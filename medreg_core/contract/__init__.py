"""What the two programs say to each other, version by version."""
