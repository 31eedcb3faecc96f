"""What is typed is saved in the order it was typed, whatever fails on the way."""

from __future__ import annotations

from medreg_core.domain.records import ApplicationId
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.views.review.draft_keeper import DraftKeeper
from tests.desktop.views.review.bench import ONE, TWO
from tests.helpers.runners import ManualRunner


class Disk:
    """Fails as often as it is told to, then holds the text saved last of each application."""

    def __init__(self, failing: int) -> None:
        self.failing, self.holds, self.writing = failing, dict[ApplicationId, str](), ManualRunner()
        self.keeper = DraftKeeper(self._save, self.writing, lambda: None, lambda _error: None)

    def _save(self, application_id: ApplicationId, draft: Draft) -> None:
        if self.failing:
            self.failing -= 1
            raise KnownFault("disk_full")
        self.holds[application_id] = draft.opinion

    def keep(self, application_id: ApplicationId, text: str) -> None:
        self.keeper.keep(application_id, Draft(content_version=1, opinion=text))


def test_an_older_text_is_not_saved_over_a_newer() -> None:
    disk = Disk(failing=1)
    disk.keep(ONE, "旧")
    disk.keep(ONE, "新")
    disk.keeper.flush()  # as every reading of the sheet does
    disk.writing.release_all()
    disk.keeper.flush()  # and leaving
    disk.writing.release_all()
    assert disk.holds == {ONE: "新"}


def test_the_newest_text_is_tried_again_when_both_failed() -> None:
    disk = Disk(failing=2)
    disk.keep(ONE, "旧")
    disk.keep(ONE, "新")
    disk.keeper.flush()
    disk.writing.release_all()
    assert disk.holds == {}
    disk.keeper.flush()
    disk.writing.release_all()
    assert disk.holds == {ONE: "新"}


def test_a_text_that_failed_is_not_lost_to_another_application() -> None:
    disk = Disk(failing=1)
    disk.keep(ONE, "甲")
    disk.keep(TWO, "乙")
    disk.writing.release_all()
    disk.keeper.flush()
    disk.writing.release_all()
    assert disk.holds == {ONE: "甲", TWO: "乙"}


def test_what_was_decided_is_forgotten_and_nothing_else() -> None:
    disk = Disk(failing=1)
    disk.keep(ONE, "甲")
    disk.writing.release_all()
    disk.keep(TWO, "乙")
    disk.keep(ONE, "甲乙")
    disk.keeper.forget(ONE)
    disk.writing.release_all()
    assert TWO in disk.holds
    assert disk.holds.get(ONE) != "甲乙"
