"""诊断: why a state is what it is, whether the network may be left, and what may be handed to support."""
