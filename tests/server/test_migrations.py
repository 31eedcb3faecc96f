"""The schema: made only by migrations, the same on both engines, up and down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

from medreg_core.domain.vocabulary import OutcomeKind, Role
from medreg_server.db import migrate as migrate_module
from medreg_server.db.engine import open_engine
from medreg_server.db.migrate import SchemaMismatch, check_schema, migrate
from medreg_server.db.scope import NOTHING, WHOLE_REGISTER, Scope, visible
from medreg_server.db.tables import SCOPED, metadata
from medreg_server.services.hello import HelloDesk
from tests.helpers.postgres import Cluster
from tests.helpers.server import open_register, seed_applications, seed_hospital, sqlite_url
from tests.server.clients import Office


@pytest.fixture
def empty(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine on a database without any table."""
    if engine_name == "sqlite":
        engine = open_engine(sqlite_url(tmp_path))
        yield engine
        engine.dispose()
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    url = cluster.new_database()
    engine = open_engine(url)
    yield engine
    engine.dispose()
    cluster.drop(url)


def revisions() -> list[str]:
    scripts = ScriptDirectory(str(migrate_module._SCRIPTS))
    return [script.revision for script in scripts.walk_revisions()][::-1]


def test_each_migration_goes_up_down_and_up_again(empty: Engine) -> None:
    for revision in revisions():
        migrate(empty, revision)
    check_schema(empty)
    for revision in [*revisions()[:-1][::-1], "base"]:
        migrate(empty, revision)
    assert set(inspect(empty).get_table_names()) <= {"alembic_version"}
    migrate(empty)
    check_schema(empty)


def test_a_register_goes_back_to_the_first_schema_and_forth_with_what_it_holds(
    database_url: str, tmp_path: Path
) -> None:
    """SQLite alters a table by copying it, where it may not drop the old one that rows refer to."""
    with open_register(database_url, tmp_path) as service:
        office = Office(service, seed_hospital(service))
        (application,) = seed_applications(service, office.hospital.institution)
        sent = office.agree(application)
        assert office.send_one(sent).kind is OutcomeKind.ACCEPTED
    engine = open_engine(database_url)
    for revision in [*revisions()[:-1][::-1], "head"]:
        migrate(engine, revision)
    engine.dispose()
    with open_register(database_url, tmp_path) as service, service.environment.database.read() as transaction:
        assert transaction.devices.get(office.device_id) is not None
        assert transaction.forms.get(sent.body.form_number, WHOLE_REGISTER) is not None  # type: ignore[union-attr] # a consent


def test_the_migrations_make_exactly_the_tables_of_the_code(empty: Engine) -> None:
    migrate(empty)
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_database_of_another_schema_is_named_and_left_alone(empty: Engine) -> None:
    with pytest.raises(SchemaMismatch) as mismatch:
        check_schema(empty)
    assert (mismatch.value.found, mismatch.value.needed) == (None, revisions()[-1])
    assert inspect(empty).get_table_names() == []


def test_migrating_twice_changes_nothing(empty: Engine) -> None:
    migrate(empty)
    migrate(empty)
    check_schema(empty)


def test_who_has_greeted_from_a_device_is_known_from_the_audit(database_url: str, tmp_path: Path) -> None:
    def migrated_to(revision: str) -> None:
        engine = open_engine(database_url)
        migrate(engine, revision)
        engine.dispose()

    with open_register(database_url, tmp_path) as service:
        hospital = seed_hospital(service)
        office = Office(service, hospital)
        for _ in range(2):
            HelloDesk(service.environment).hello(office._hello(), office.caller)
    migrated_to("0005")
    migrated_to("head")
    with open_register(database_url, tmp_path) as service, service.environment.database.read() as transaction:
        used = {
            role for role, who in hospital.accounts.items() if transaction.devices.is_used_by(office.device_id, who)
        }
    assert used == {Role.REGISTRAR}


def test_sqlite_is_durable_and_strict(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path))
    with engine.connect() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    engine.dispose()
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_every_scoped_table_is_filtered_by_one_function() -> None:
    """The filter names the tenant for every table that has one, and hides all from a scope without limits."""
    assert {"application", "form", "command", "device", "change_log", "feed_head", "practice_registration"} <= SCOPED
    for name in SCOPED:
        table = metadata.tables[name]
        assert "institution_id" in str(visible(table, Scope(institution_id="i")))  # type: ignore[arg-type] # an id
        assert str(visible(table, NOTHING)) == "false"
        assert str(visible(table, WHOLE_REGISTER)) == "true"
