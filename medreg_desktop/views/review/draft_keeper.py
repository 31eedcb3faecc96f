"""Keeps what is typed: with every change; while one save is under way the newest text waits for it. Knows no Qt."""

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
        self._waiting: dict[ApplicationId, Draft] = {}  # the newest text of each, not submitted yet
        self._under_way: list[ApplicationId] = []  # in the order of submission

    def keep(self, application_id: ApplicationId, draft: Draft) -> None:
        """Save this text; what waits of the same application is not worth saving any more."""
        self._waiting[application_id] = draft
        if not self._under_way:
            self.flush()

    def flush(self) -> None:
        """Send the newest text on its way: whatever is submitted to the same runner after this comes after it."""
        waiting, self._waiting = self._waiting, {}
        for application_id, draft in waiting.items():
            self._submit(application_id, draft)

    def _submit(self, application_id: ApplicationId, draft: Draft) -> None:
        self._under_way.append(application_id)

        def saved(_nothing: None) -> None:
            self._under_way.remove(application_id)
            self._kept()
            if not self._under_way:
                self.flush()

        def failed(error: Exception) -> None:
            self._under_way.remove(application_id)
            if application_id not in self._under_way:  # a newer text is on its way: this one must not come after it
                self._waiting.setdefault(application_id, draft)  # tried again with the next stroke, or on leaving
            self._failed(error)

        self._writing.submit(lambda: self._save_draft(application_id, draft), saved, failed)

    def forget(self, application_id: ApplicationId) -> None:
        """Drop what waits of an application: it was decided."""
        self._waiting.pop(application_id, None)
