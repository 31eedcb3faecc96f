"""Reads bodies with a limit, so that no answer can fill the memory: whole ones, and streams line by line."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import requests
from urllib3.exceptions import DecodeError, HTTPError

from medreg_core.contract.v1.feed import SnapshotEnd, SnapshotLine
from medreg_core.contract.v1.reading import UNREADABLE
from medreg_desktop.services.transport.classify import not_understood, response_cut
from medreg_desktop.services.transport.trouble import TransportFault, Trouble, TroubleKind

JSON = "application/json"
NDJSON = "application/x-ndjson"

BODY_BYTES = 32 * 1024 * 1024
"""More than any honest answer: pages stop at 1.6 MB, a bucket of a million rows at some ten."""

LINE_BYTES = 4 * 1024 * 1024
_CHUNK = 64 * 1024

_lines: msgspec.json.Decoder[SnapshotLine] = msgspec.json.Decoder(SnapshotLine)


def whole_body(response: requests.Response, limit: int = BODY_BYTES) -> bytes:
    """Return the decoded body. Raises TransportFault ``response_too_large``, or what the connection raises when cut."""
    _refuse_announced(response, limit)
    parts: list[bytes] = []
    size = 0
    for chunk in response.iter_content(_CHUNK):
        size += len(chunk)
        if size > limit:
            raise TransportFault(_too_large())
        parts.append(chunk)
    return b"".join(parts)


def lines_of(response: requests.Response) -> Iterator[SnapshotLine]:
    """Yield the lines of a snapshot up to its end line.

    Raises:
        TransportFault: ``response_cut`` when it ends without one, ``server_other_version`` for a whole line that is not
            understood, ``response_too_large`` for one beyond the limit.
    """
    rest = b""
    for chunk in _as_it_comes(response):
        *whole, rest = (rest + chunk).split(b"\n")
        for text in whole:
            line = _line(text)
            yield line
            if isinstance(line, SnapshotEnd):
                return
        if len(rest) > LINE_BYTES:
            raise TransportFault(_too_large())
    raise TransportFault(response_cut())


def _as_it_comes(response: requests.Response) -> Iterator[bytes]:
    """Yield what has arrived, however little it is.

    ``iter_content`` fills a chunk first, and loses what it has when the stream breaks off meanwhile: on a line that
    never lasts longer, no mark would ever be reached.
    """
    try:
        while part := response.raw.read1(_CHUNK, decode_content=True):
            yield part
    except DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except HTTPError as error:
        raise requests.exceptions.ConnectionError(error) from error


def _line(text: bytes) -> SnapshotLine:
    try:
        return _lines.decode(text)
    except UNREADABLE as error:
        raise TransportFault(not_understood()) from error


def _refuse_announced(response: requests.Response, limit: int) -> None:
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > limit:
        raise TransportFault(_too_large())


def _too_large() -> Trouble:
    return Trouble(TroubleKind.OTHER_VERSION, "response_too_large")
