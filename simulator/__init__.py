"""The whole system in one process from one seed: real client code, real server rules, a simulated world between them.

A run is K steps with faults, then a fault-free tail until everything is quiet, then the invariants of ``sync.md`` §6.
Nothing here is shipped; ``docs/reliability.md`` says how to run it and what it proves.
"""
