"""Toxics before the first byte of a request: addresses, names, connections, certificates."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from medreg_desktop.services.transport import dial
from medreg_desktop.services.transport.trouble import TroubleKind
from simulator.real.cells.scene import Scene
from simulator.real.cells.toxic import LINK, SILENT, UNREACHABLE, Around, Cause, Toxic, plain
from simulator.real.proxy import Door

_HASTE_S = 4.0  # of the client's own limits, for each look at the clock


def all_of_them() -> list[Toxic]:
    """Return every toxic of this module."""
    return [*_connections(), *_names(), *_certificates()]


def _connections() -> list[Toxic]:
    return [
        Toxic("connection", "refused", UNREACHABLE, plain, _refused),
        Toxic("connection", "reset at once", UNREACHABLE, plain, _door(Door.RESETS)),
        Toxic("connection", "closed at once", UNREACHABLE, plain, _door(Door.CLOSES)),
        Toxic("connection", "accepted, then silence", SILENT, plain, _mute),
        Toxic("connection", "no answer from the address", UNREACHABLE, plain, _black_hole),
        Toxic("connection", "no answer from the first of two addresses", None, plain, _one_black_hole),
    ]


def _names() -> list[Toxic]:
    wrong_name = Cause(TroubleKind.UNTRUSTED, frozenset({"tls_wrong_name"}))
    return [
        Toxic("name", "unknown", UNREACHABLE, plain, _unknown_name),
        Toxic("name", "leads to another's machine", wrong_name, plain, _shown("other_name")),
    ]


def _certificates() -> list[Toxic]:
    expired = Cause(TroubleKind.CLOCK, frozenset({"tls_expired"}))
    not_yet = Cause(TroubleKind.CLOCK, frozenset({"tls_not_yet_valid"}))
    untrusted = Cause(TroubleKind.UNTRUSTED, frozenset({"tls_untrusted"}))
    return [
        Toxic("certificate", "expired", expired, plain, _shown("expired")),
        Toxic("certificate", "not yet valid", not_yet, plain, _shown("not_yet_valid")),
        Toxic("certificate", "of an unknown authority", untrusted, plain, _shown("unknown_authority")),
        Toxic("TLS", "none: plain HTTP answers", untrusted, plain, _plain_http),
        Toxic("TLS", "cut in the handshake", LINK, plain, _door(Door.CUTS)),
        Toxic("TLS", "no cipher in common", untrusted, plain, _no_cipher),
    ]


@contextmanager
def _refused(scene: Scene) -> Iterator[None]:
    scene.proxy.refuse()
    try:
        yield
    finally:
        scene.proxy.listen()


def _door(door: Door) -> Around:
    @contextmanager
    def around(scene: Scene) -> Iterator[None]:
        scene.proxy.door = door
        scene.proxy.hang_up()
        try:
            yield
        finally:
            scene.proxy.door = Door.OPEN

    return around


@contextmanager
def _mute(scene: Scene) -> Iterator[None]:
    """TLS waits on the socket itself, by the machine's clock: a short limit."""
    before, scene.wire.watch.connect_s = scene.wire.watch.connect_s, 0.3
    try:
        with _door(Door.MUTE)(scene):
            yield
    finally:
        scene.wire.watch.connect_s = before


def _shown(name: str) -> Around:
    @contextmanager
    def around(scene: Scene) -> Iterator[None]:
        with _speaking(scene, getattr(scene.wire.certificates, name)):
            yield

    return around


@contextmanager
def _speaking(scene: Scene, context: ssl.SSLContext | None) -> Iterator[None]:
    """From the next connection on the proxy speaks this TLS, or none."""
    scene.proxy.tls = context
    scene.proxy.hang_up()
    try:
        yield
    finally:
        scene.proxy.tls = scene.wire.certificates.good


@contextmanager
def _plain_http(scene: Scene) -> Iterator[None]:
    with _speaking(scene, None), _door(Door.SPEAKS_HTTP)(scene):
        yield


@contextmanager
def _no_cipher(scene: Scene) -> Iterator[None]:
    """The server's key cannot do the only thing it offers, so that the two agree on nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(scene.wire.certificates.good_file)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA")
    with _speaking(scene, context):
        yield


# ---- addresses ------------------------------------------------------------------------------------------------------


@contextmanager
def _unknown_name(scene: Scene) -> Iterator[None]:
    def lookup(*_: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    scene.proxy.hang_up()
    with _resolving(lookup):
        yield


@contextmanager
def _black_hole(scene: Scene) -> Iterator[None]:
    with _hole() as hole, _hurried(scene), _resolving(lambda *_: [(socket.AF_INET, hole)]):
        scene.proxy.hang_up()
        yield


@contextmanager
def _one_black_hole(scene: Scene) -> Iterator[None]:
    """The dead address comes first, as IPv6 does where only its router is configured (RFC 8305)."""
    addresses = ("127.0.0.1", scene.proxy.port)
    with _hole() as hole, _resolving(lambda *_: [(socket.AF_INET, hole), (socket.AF_INET, addresses)]):
        scene.proxy.hang_up()
        yield


@contextmanager
def _hole() -> Iterator[tuple[str, int]]:
    """An address that answers no connection: its queue is full, and nobody takes from it."""
    with ExitStack() as open_:
        listener = open_.enter_context(socket.socket())
        listener.bind(("127.0.0.2", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(4):
            filler = open_.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        yield address


@contextmanager
def _hurried(scene: Scene) -> Iterator[None]:
    """Time flies while the client waits for a connection."""
    watch = scene.wire.watch
    before = watch.monotonic

    def monotonic() -> float:
        scene.pass_by(_HASTE_S)
        return before()

    watch.monotonic = monotonic
    try:
        yield
    finally:
        watch.monotonic = before


@contextmanager
def _resolving(lookup: object) -> Iterator[None]:
    """The system's resolver answers so; it alone lies outside what loopback can stand in for."""
    before = dial._lookup  # noqa: SLF001 - the system's resolver
    dial._lookup = lookup  # type: ignore[assignment]  # noqa: SLF001 - as above
    try:
        yield
    finally:
        dial._lookup = before  # noqa: SLF001 - as above
