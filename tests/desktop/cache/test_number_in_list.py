"""The number of a form that was given offline, in the list."""

from __future__ import annotations

from medreg_core.domain.records import CommandId
from medreg_desktop.services.cache import applications, commands
from medreg_desktop.services.cache.feed import Feed
from medreg_desktop.services.cache.outbox import Resolution
from medreg_desktop.services.cache.store import CacheStore
from tests.desktop.cache.office import LI, NOW, WANG, agree, application, page, read, upsert

FIRST = CommandId(f"{1:032d}")


def number_in_list(store: CacheStore) -> object:
    ((number, key),) = read(store, "SELECT form_number, form_key FROM worklist WHERE id = ?", application(1).id)
    assert bool(number) == bool(key), "it is found by what is shown"
    return number


def test_the_list_shows_a_number_given_here_to_who_gave_it_and_as_long_as_it_stands(
    store: CacheStore, feed: Feed
) -> None:
    number = "990100-2026-000001-X"
    feed.apply_page(page(0, [upsert(n, application(n)) for n in (1, 2, 3)]))
    store.write(lambda conn: applications.switch_actor(conn, WANG, "王经办"))
    store.write(lambda conn: commands.save(conn, agree(application(1), FIRST, number), WANG, NOW))
    assert number_in_list(store) == number, "a sheet that comes back is looked for by it"
    feed.apply_page(page(3, [upsert(4, application(1))]))
    assert number_in_list(store) == number
    store.write(lambda conn: applications.switch_actor(conn, LI, "李经办"))
    assert number_in_list(store) == "", "a colleague sees of unsent work how much it is"
    store.write(lambda conn: applications.switch_actor(conn, WANG, "王经办"))
    assert number_in_list(store) == number
    store.write(lambda conn: commands.close(conn, FIRST, Resolution.CANCELLED, NOW))
    assert number_in_list(store) == ""
