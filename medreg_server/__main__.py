"""``python -m medreg_server``: the same as the installed command ``medreg-server``."""

from __future__ import annotations

import sys

from medreg_server.cli import main

if __name__ == "__main__":
    sys.exit(main())
