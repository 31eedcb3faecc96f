"""What would be true on paper: records, codes, states, rules. Standard library only, no I/O."""
