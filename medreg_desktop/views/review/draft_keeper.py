"""Keeps what is typed: with every change, one save under way at most, and the newest text follows it. Knows no Qt."""

from __future__ import annotations

from collections.abc import Callable

from medreg_core.domain.records import ApplicationId
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.ports import Runner


class DraftKeeper:
    """Saves through ``writing``, whose work runs in the order of submission. A kill loses no more than one stroke.

    A draft belongs to the application it was given with: text of one can never be saved under another's id.
    """

    def __init__(
        self,
        save: Callable[[ApplicationId, Draft], None],
        writing: Runner,
        kept: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._save_draft, self._writing, self._kept, self._failed = save, writing, kept, failed
        self._newest: tuple[ApplicationId, Draft] | None = None
        self._under_way = 0

    def keep(self, application_id: ApplicationId, draft: Draft) -> None:
        """Save this text; what waits of the same application is not worth saving any more."""
        if self._newest is not None and self._newest[0] != application_id:
            self.flush()
        self._newest = (application_id, draft)
        if not self._under_way:
            self.flush()

    def flush(self) -> None:
        """Send the newest text on its way: whatever is submitted to the same runner after this comes after it."""
        if self._newest is None:
            return
        (application_id, draft), self._newest = self._newest, None
        self._under_way += 1

        def saved(_nothing: None) -> None:
            self._under_way -= 1
            self._kept()
            if not self._under_way:
                self.flush()

        def failed(error: Exception) -> None:
            self._under_way -= 1
            if self._newest is None:
                self._newest = (application_id, draft)  # tried again with the next stroke, or on leaving
            self._failed(error)

        self._writing.submit(lambda: self._save_draft(application_id, draft), saved, failed)

    def forget(self) -> None:
        """Drop what waits: it was decided."""
        self._newest = None
