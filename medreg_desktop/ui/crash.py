"""What happens after a bug: it is logged under an id, the user is told in one notice, the program stays up.

The log must hold no personal data, and an exception may quote a name: numbers and Chinese in it are blacked out.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal

from medreg_desktop.services.support.places import places
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.notices import Notice, Notices, Tone

log = logging.getLogger(__name__)

_DIGITS = re.compile(r"\d{6,}[Xx]?")
_HANZI = re.compile(r"[㐀-鿿豈-﫿𠀀-𳑿·]+")


def redacted(text: str) -> str:
    """Return ``text`` without long numbers and Chinese words, which may be somebody's."""
    return _HANZI.sub("□", _DIGITS.sub("#", text))


def report(error_type: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    """Return the log's text: where it happened, frame by frame, and the message redacted."""
    frames = "".join(f"  {f.filename}:{f.lineno} in {f.name}\n" for f in traceback.extract_tb(trace))
    return f"{error_type.__name__}: {redacted(str(error))}\n{frames}"


class CrashGuard(QObject):
    """Takes over the process's hooks for uncaught exceptions; made once, on the UI thread, restored by ``release``."""

    _caught = Signal(str)

    def __init__(self, notices: Notices, new_id: Callable[[], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._notices = notices
        self._new_id = new_id
        self._caught.connect(self._tell, Qt.ConnectionType.QueuedConnection)
        self._former = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._on_error
        threading.excepthook = self._on_thread_error

    def release(self) -> None:
        """Give the hooks back."""
        sys.excepthook, threading.excepthook = self._former

    def _on_error(self, error_type: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(error_type, KeyboardInterrupt):
            self._former[0](error_type, error, trace)
            return
        number = self._new_id()[-8:].upper()
        kept = {"error_type": error_type.__name__, "places": places(trace)}
        log.error("bug %s: %s", number, report(error_type, error, trace), extra=kept)
        self._caught.emit(number)

    def _on_thread_error(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._on_error(args.exc_type, args.exc_value, args.exc_traceback)

    def _tell(self, number: str) -> None:
        text = tr(
            "Something unexpected went wrong (no. {number}); it is in the log. What you saved is safe.", number=number
        )
        self._notices.post(Notice(text, Tone.FAULT))
