"""Runs the embedded AWS until it is told to stop: `python -m embedded.cloud`."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Serve; print one line and return 1 when that cannot be done."""
    if sys.flags.hash_randomization:
        # moto answers with lists made from sets: their order has to be the same
        # in every process, or a replayed answer looks different.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "embedded.cloud"])  # noqa: S606
    from embedded.cloud.server import serve

    return serve()


if __name__ == "__main__":
    sys.exit(main())
