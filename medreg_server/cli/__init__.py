"""The operator's commands: ``medreg-server serve | migrate | create-institution | …``; see --help."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from medreg_server.cli.commands import run
from medreg_server.cli.faults import spoken
from medreg_server.cli.parser import Options, build_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 with one clear line on the error stream."""
    options = build_parser().parse_args(arguments, namespace=Options())
    try:
        return run(options)
    except Exception as error:
        sentence = spoken(error)
        if sentence is None:
            raise
        print(f"medreg-server: {sentence}", file=sys.stderr)
        return 1
