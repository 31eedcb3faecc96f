"""The operator's commands: ``medreg-server serve | migrate | create-institution | …``; see --help."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from medreg_server.cli.commands import run
from medreg_server.cli.faults import spoken
from medreg_server.cli.parser import Options, build_parser

_PRIVATE: Final = 0o077
"""What nobody else on this machine may do with a file that a command makes: register, logs, backup, dump, answers."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 with one clear line on the error stream."""
    options = build_parser().parse_args(arguments, namespace=Options())
    before = os.umask(_PRIVATE)
    try:
        return run(options)
    except Exception as error:
        sentence = spoken(error)
        if sentence is None:
            raise
        print(f"medreg-server: {sentence}", file=sys.stderr)
        return 1
    finally:
        os.umask(before)
