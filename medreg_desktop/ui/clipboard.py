"""What the program puts on the clipboard, and takes from it when whoever copied it is no longer at the screen."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication

_OF_PERSONS: Final = "application/x-medreg-of-persons"
_OF_NOBODY: Final = "application/x-medreg-of-nobody"
_NOT_FOR_HISTORY: Final = 'application/x-qt-windows-mime;value="ExcludeClipboardContentFromMonitorProcessing"'
"""Windows keeps what bears this format neither in its history of the clipboard nor on other computers."""


def put(text: str, *, of_persons: bool = True) -> None:
    """Put a text on the clipboard. What tells of persons is taken away again by :func:`clear`."""
    content = QMimeData()
    content.setText(text)
    content.setData(_OF_PERSONS if of_persons else _OF_NOBODY, b"1")
    if of_persons:
        content.setData(_NOT_FOR_HISTORY, b"1")
    QGuiApplication.clipboard().setMimeData(content)


def clear() -> None:
    """Take away what this program put there, out of a field as well; what another program put there stays."""
    clipboard = QGuiApplication.clipboard()
    content = clipboard.mimeData()
    if content is None or content.hasFormat(_OF_NOBODY):  # type: ignore[redundant-expr]  # None once it was cleared
        return
    if content.hasFormat(_OF_PERSONS) or clipboard.ownsClipboard():
        clipboard.clear()
