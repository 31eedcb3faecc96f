"""The words of 审核窗口."""

from __future__ import annotations

from medreg_core.domain.records import HistoryEntry
from medreg_core.domain.vocabulary import Move, Role
from medreg_desktop.views.review.words import history_lines
from tests.desktop.cache.office import NOW


def test_history_counts_versions_as_the_head_does() -> None:
    """Of the contents: a return raises the row's version and leaves them as they are."""
    moves = (
        (Move.SUBMIT, Role.PHYSICIAN),
        (Move.RETURN, Role.REGISTRAR),
        (Move.RESUBMIT, Role.PHYSICIAN),
        (Move.AGREE, Role.REGISTRAR),
    )
    entries = [HistoryEntry(NOW, role, "", move, n) for n, (move, role) in enumerate(moves, 1)]
    assert [what for _, _, what in history_lines(entries)] == [
        "提交，版本 1",
        "退回修改",
        "修改后重新提交，版本 2",
        "同意",
    ]
