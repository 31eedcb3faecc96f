"""The service as it is installed: processes of its own, over a socket, on PostgreSQL."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 2
_START_S = 60


@contextmanager
def serving(url: str, data_dir: Path, workers: int = WORKERS, niceness: int = 0) -> Iterator[int]:
    """Serve the migrated database ``url`` with the keys in ``data_dir``; give the port.

    ``niceness``: how far the service stands back behind other processes of the machine.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = ["nice", "-n", str(niceness)] if niceness else []
    command += [sys.executable, "-m", "medreg_server", "--database", url, "--data-dir", str(data_dir), "serve"]
    command += ["--port", str(port), "--workers", str(workers)]
    environment = {**os.environ, "MEDREG_DATABASE_URL": url}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(process, port)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError("the service did not start")
        try:
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            asked.request("GET", "/api/v1/ping?nonce=" + "0" * 32)
            asked.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            asked.close()
            return
    raise RuntimeError("the service did not answer")
