"""The service beside its floors: the same statements without it, on the same engine, in the same minutes."""
