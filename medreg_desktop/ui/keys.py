"""How shortcuts are written beside words: ``Ctrl+Enter``, never ``Ctrl+Return``."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence


def keys_text(keys: str) -> str:
    """Return the label of a shortcut given in Qt's portable form, such as ``Ctrl+Return``."""
    shown = QKeySequence(keys).toString(QKeySequence.SequenceFormat.PortableText)
    return shown.replace("Return", "Enter").replace("PgDown", "PgDn")
