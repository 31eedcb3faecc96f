"""One private PostgreSQL for a test session: real binaries, a directory of its own, a socket only this machine reaches.

Nothing is skipped when it is missing: a suite that ran on one engine only has proved half of what it says.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from tests.helpers.postgres_keeper import kept, run_as
from tests.helpers.scratch import scratch_root

_UNSAFE_BUT_FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
_NAMES = itertools.count(1)


class PostgresMissing(Exception):
    """No PostgreSQL server programs were found, or they did not start."""


@dataclass
class Cluster:
    """A running cluster; databases are copied from templates, which takes a tenth of migrating anew."""

    socket_dir: Path
    user: str
    _templates: set[str] = field(default_factory=set)

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database of this cluster."""
        return f"postgresql://{self.user}@/{database}?host={self.socket_dir}"

    def new_database(self, template: str = "template0", name: str = "") -> str:
        """Create an empty database, or a copy of ``template``, and return its URL."""
        name = name or f"test_{next(_NAMES)}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def empty(self, url: str) -> None:
        """Put an empty database in the place of one."""
        self.drop(url)
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(database_name(url))))

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected to it."""
        name = database_name(url)
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host=str(self.socket_dir), user=self.user, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


def database_name(url: str) -> str:
    """Return the database that a URL of this module names."""
    return url.partition("?")[0].rpartition("/")[2]


def find_binaries() -> Path:
    """Return the directory of ``initdb`` and ``postgres``. Raises PostgresMissing with what to install."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise PostgresMissing("install postgresql (server programs initdb and postgres)")
    return found[-1].parent


@contextmanager
def running_cluster(*, durable: bool = False, niceness: int = 0) -> Iterator[Cluster]:
    """Start a private cluster; it is stopped at the end, even if this process is killed before (``postgres_keeper``).

    ``durable``: with PostgreSQL's own settings of durability, for measuring. ``niceness``: how far it stands back.
    """
    binaries = find_binaries()
    owner = _owner()
    base = Path(tempfile.mkdtemp(prefix="medreg-pg-", dir=scratch_root()))
    base.chmod(0o755)
    data = base / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(base, owner)
        shutil.chown(data, owner)
    control = binaries / "pg_ctl"
    keeper = kept(owner, control, data, base)
    try:
        initdb: list[str | Path] = [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            owner,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        ]
        _run_as(owner, *initdb)
        options = f"-c listen_addresses='' -c unix_socket_directories={base} -c max_connections=300 "
        options += "" if durable else " ".join(_UNSAFE_BUT_FAST)
        back = ("nice", "-n", str(niceness)) if niceness else ()
        _run_as(owner, *back, control, "-D", data, "-w", "-t", "60", "-l", base / "log", "-o", options, "start")
        yield Cluster(base, owner)
    finally:
        keeper.communicate(timeout=90)


def _owner() -> str:
    """Return the user that runs the cluster: ourselves, or for root an ordinary user of this machine."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise PostgresMissing("running as root, and there is no user postgres or nobody to run PostgreSQL as")


def _run_as(owner: str, *arguments: str | Path) -> None:
    done = run_as(owner, *arguments)
    if done.returncode:
        raise PostgresMissing(f"{arguments[0]} failed: {done.stderr.strip()}")
