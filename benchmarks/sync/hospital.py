"""One hospital with many applications in the register, and what happens to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

from sqlalchemy import Connection, text

from benchmarks.search.data import TODAY
from benchmarks.server.feed import copy_rows
from medreg_core.domain.vocabulary import Role
from medreg_server.db.engine import begun, open_engine
from medreg_server.services.demo.worklist import worklist_applications
from medreg_server.services.rule_tables import installed_tables
from medreg_server.services.service import Service
from tests.helpers.server import Hospital, seed_hospital, store_applications

_MADE = 50_000
"""So many applicants are drawn one by one, as different as a province's; a larger hospital has each several times."""

_AT_ONCE = 2_000
_SEED = 7

_BODIES = "SELECT body FROM application WHERE institution_id = :institution ORDER BY id"
_DECIDED = (
    "UPDATE application SET version = version + 1,"
    " body = replace(replace(body, :version || version || ',', :version || (version + 1) || ','), :before, :after)"
    " WHERE institution_id = :institution"
)
_DECIDES = {"version": '"version":', "before": '"opinion":""', "after": '"opinion":"同意聘用"'}
_NOTED = (
    "INSERT INTO change_log (institution_id, seq, kind, entity_id, version, op, at)"
    " SELECT institution_id, :head + row_number() OVER (ORDER BY id), 'application', id, version, 'upsert',"
    " submitted_at FROM application WHERE institution_id = :institution"
)
_HEAD = "SELECT head FROM feed_head WHERE institution_id = :institution"
_COUNTED = (
    "UPDATE feed_head SET head = (SELECT max(seq) FROM change_log WHERE institution_id = :institution)"
    " WHERE institution_id = :institution"
)


class LargeHospital:
    """A hospital whose rows stand in the database at ``url``."""

    def __init__(self, service: Service, url: str, rows: int) -> None:
        self.rows = rows
        self.hospital: Hospital = seed_hospital(service)
        self._url = url
        here = self.hospital.institution
        drawn = worklist_applications(min(rows, _MADE), _SEED, tables=installed_tables(), today=TODAY)
        while some := [replace(one, institution_id=here.id) for one in islice(drawn, _AT_ONCE)]:
            store_applications(service, some)
        copy_rows(url, here, rows // _MADE - 1)

    @property
    def registrar(self) -> str:
        """The registrar's login."""
        return self.hospital.logins[Role.REGISTRAR]

    def bodies(self) -> list[str]:
        """Return the rows as JSON, by id."""
        with self._connected() as connection:
            return list(connection.execute(text(_BODIES), self._here).scalars())

    def change_every_row(self) -> None:
        """Change each application and note it in the feed, as if the commission had worked through them all."""
        with self._connected() as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))  # all rows at once: no request of the service
            head = connection.execute(text(_HEAD), self._here).scalar_one()
            connection.execute(text(_DECIDED), {**self._here, **_DECIDES})
            connection.execute(text(_NOTED), {**self._here, "head": head})
            connection.execute(text(_COUNTED), self._here)

    @property
    def _here(self) -> dict[str, str]:
        return {"institution": self.hospital.institution.id}

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        engine = open_engine(self._url)
        with engine.connect() as connection, begun(connection, writes=True):
            yield connection
        engine.dispose()
