"""Says which application is open here, so that colleagues see it. Knows no Qt; decides nothing."""

from __future__ import annotations

from medreg_core.domain.records import ApplicationId
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Runner
from medreg_desktop.services.review.sheet import ReviewSheet
from medreg_desktop.views.review.state import Claims


class ClaimHolder:
    """Holds the claim on one application at most; asks through ``background``."""

    def __init__(self, claims: Claims, background: Runner) -> None:
        self._claims, self._background = claims, background
        self._held: ApplicationId | None = None

    def hold(self, sheet: ReviewSheet) -> None:
        """Claim an application on which anything can be done, once."""
        application_id = sheet.application.id
        if sheet.moves and self._held != application_id:
            self._held = application_id
            self._background.submit(lambda: self._claims.take(application_id), _heard, _unheard)

    def release(self) -> None:
        """Give back what is held."""
        application_id, self._held = self._held, None
        if application_id is not None:
            self._background.submit(lambda: self._claims.release(application_id), _heard, _unheard)


def _heard(_nothing: None) -> None:
    """A claim was taken or given back; the feed shows it."""


def _unheard(error: Exception) -> None:
    """It could not be, which is usual offline."""
    if not isinstance(error, KnownFault):
        raise error
