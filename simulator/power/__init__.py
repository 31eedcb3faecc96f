"""Power loss below the real libraries: what was not synced is kept, lost or torn, and the real program starts on it.

A life of the program is recorded once, write by write; then the power is cut at many moments of it. ``operations``
names what is recorded, ``vfs`` and ``files`` record it, ``platter`` says what a cut leaves.
"""
