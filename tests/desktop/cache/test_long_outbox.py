"""An outbox longer than anybody looks at in one go."""

from __future__ import annotations

from medreg_core.contract.v1.commands import BATCH_COMMANDS
from medreg_core.domain.records import CommandId
from medreg_desktop.services.cache import outbox, outbox_moves
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.sync.batch import select
from medreg_desktop.services.sync.copy import CacheCopy
from tests.desktop.cache.office import NOW, WANG, agree, application, judge


def test_what_stands_behind_a_thousand_that_need_somebody_leaves_all_the_same(store: CacheStore) -> None:
    many = [CommandId(f"{n:032d}") for n in range(1, 1_102)]

    def work(conn: Connection) -> None:
        for command_id in many:
            outbox_moves.add(conn, agree(application(1), command_id), WANG, NOW)
            outbox_moves.set_in_flight(conn, [command_id])
        for command_id in many[:-1]:  # a register restored from a backup has lost them all
            outbox_moves.reopen(conn, command_id, outbox.LOST_BY_SERVER)

    store.write(work)
    queue = CacheCopy(store, judge).queue(WANG)
    assert [row.id for row in queue] == many
    assert select(queue, NOW, BATCH_COMMANDS).ids == (many[-1],)
