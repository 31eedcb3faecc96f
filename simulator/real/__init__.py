"""The same schedules on the real thing: sockets, server processes, PostgreSQL, SQLCipher files (``sync.md`` §6).

Time is the only thing that is simulated: it is shared by all processes and passes by decree, not by waiting.
"""
