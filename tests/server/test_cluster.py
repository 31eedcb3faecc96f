"""The PostgreSQL of the tests ends with whoever started it: killed test runs must leave no servers behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from tests.helpers.postgres import running_cluster

_PROGRAM = """
from tests.helpers.postgres import running_cluster
with running_cluster() as cluster:
    print(cluster.user, cluster.socket_dir, flush=True)
    input()
"""


def test_a_cluster_ends_with_a_killed_test_run() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        user, folder = run.stdout.readline().split()
        with psycopg.connect(host=folder, user=user, dbname="postgres"):
            run.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 60
    while Path(folder).exists() and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    assert not Path(folder).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host=folder, user=user, dbname="postgres")


def test_a_cluster_ends_in_good_order() -> None:
    with running_cluster() as cluster:
        psycopg.connect(host=str(cluster.socket_dir), user=cluster.user, dbname="postgres").close()
    assert not cluster.socket_dir.exists()
