"""Start of the desktop program: ``python -m medreg_desktop``."""

from __future__ import annotations

import sys

from medreg_desktop.app.start import run


def main() -> int:
    """Run the program until its window closes; return the exit status."""
    return run(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
