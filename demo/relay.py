"""A TCP relay between program and service whose line can really be cut: sockets closed, port no longer listening."""

from __future__ import annotations

import contextlib
import socket
import threading


class Relay:
    """Listens on a loopback port and forwards to ``target``; :meth:`cut` and :meth:`restore` act on real sockets."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._pairs: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.port = 0
        self.restore()

    @property
    def url(self) -> str:
        """The address the program is told."""
        return f"http://127.0.0.1:{self.port}"

    def restore(self) -> None:
        """Listen again, on the same port as before."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), name="relay", daemon=True).start()

    def cut(self) -> None:
        """Close the listener and every connection in flight."""
        if self._listener is not None:
            _close(self._listener)
            self._listener = None
        with self._lock:
            for end in self._pairs:
                _close(end)
            self._pairs.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(self._target, timeout=10)
            except OSError:
                if self._listener is not listener:
                    return
                continue
            with self._lock:
                self._pairs |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink), name="relay-pump", daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(65536):
                sink.sendall(block)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
        with self._lock:
            self._pairs.discard(source)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
