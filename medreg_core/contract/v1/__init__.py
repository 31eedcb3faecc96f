"""Protocol 1. The shapes stand in :mod:`.messages`, the fault codes in :mod:`.faults`."""
