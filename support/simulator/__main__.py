"""python -m support.simulator: the simulator as a program of its own."""

from __future__ import annotations

import argparse
import os
import sys

from support.simulator.server import CannotListen, serve


def main() -> int:
    """Parse the command line and serve; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m support.simulator",
        description="OpenAI, Anthropic and Gemini over HTTP on this machine, without keys and without cost.",
    )
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free port (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument(
        "--speed",
        type=float,
        default=60,
        help="how many times as fast as the wall's the clock of an account runs that its first request opens "
        "(default: %(default)s)",
    )
    parser.add_argument("--parent-pid", type=int, help="end when this process is gone")
    options = parser.parse_args()
    if not 0 <= options.port <= 65535:
        parser.error("--port is a number from 0 to 65535.")
    if not 0 <= options.speed <= 1e6:
        parser.error("--speed is a number from 0 (the clock stands still) to 1000000.")
    # numpy is imported later, with the first vector: threads of its own would only wait for one another here.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        serve(options.host, options.port, options.speed, options.parent_pid)
    except CannotListen as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
