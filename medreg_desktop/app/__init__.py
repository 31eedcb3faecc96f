"""The composition root: the only place that builds and joins objects.

``program`` is loaded before the first window is painted and imports nothing heavy. ``doorway`` (transport, keys, sync)
and ``office`` (everything a signed-in registrar works with) are loaded on a worker thread right after (ADR 004).
"""
