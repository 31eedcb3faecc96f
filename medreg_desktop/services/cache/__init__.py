"""The encrypted local copy: what the server said, what this office decided, and the proof of both.

One SQLCipher file per institution and Windows account. Functions that take a :class:`~.connection.Connection` run
inside a transaction of :meth:`~.store.CacheStore.write`, so that a decision, its audit line and its outbox row are
one commit.
"""
