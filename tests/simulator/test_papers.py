"""Paper from one computer to another: what a colleague's withdrawal makes void comes back where it was printed."""

from __future__ import annotations

from pathlib import Path

from medreg_core.domain.vocabulary import CommandKind, OutcomeKind
from medreg_desktop.services.cache import synced
from medreg_desktop.services.cache.papers import VoidCause
from medreg_desktop.services.review.deciding import Decision
from medreg_desktop.services.sync import events
from simulator.compare import every_row
from simulator.run import come_to_rest, small_pages
from simulator.streams import Streams, entropy_from
from simulator.world import World


def test_copies_of_a_colleagues_form_are_called_back_and_the_register_hears_it(tmp_path: Path) -> None:
    with entropy_from(Streams(1).of("entropy")), small_pages():
        world = World(1, tmp_path)
        world.open_offices()
        agrees, prints = world.pcs["a"], world.pcs["b"]  # of one institution
        for pc in (agrees, prints):
            world.sync(pc)
        reviews, papers = agrees.running.reviews, prints.running.papers
        assert reviews is not None
        assert papers is not None
        one = next(i for kind, i, _ in agrees.running.store.read(synced.keys) if kind == "application")
        reviews.decide(one, Decision(CommandKind.AGREE, 1, "同意聘用。"))
        agrees.tell(events.CommandSaved)
        world.sync(agrees)
        world.sync(prints)
        papers.record_print(papers.form(one), 3, to_file=False)
        world.oracle.watch(prints)  # as after each act: later nothing here tells that it could be printed clean
        prints.tell(events.CommandSaved)
        reviews.withdraw(one, "误操作")
        agrees.tell(events.CommandSaved)
        world.sync(agrees)
        world.sync(prints)
        (line,) = papers.papers_to_recall()
        assert (line.paper.cause, line.paper.outstanding) == (VoidCause.VOIDED, 3)
        papers.record_recall(line.paper, 3)
        prints.tell(events.CommandSaved)
        come_to_rest(world)
        assert list(world.oracle.judge(list(world.pcs.values()), world.institutions)) == []
        answers = [(row.kind, row.outcome and row.outcome.kind) for row in prints.running.store.read(every_row)]
        assert answers == [
            (CommandKind.RECORD_PRINT, OutcomeKind.ACCEPTED),
            (CommandKind.RECORD_RECALL, OutcomeKind.ACCEPTED),
        ]
        world.close()
