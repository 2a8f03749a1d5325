"""`python -m trainwatch.telemetry.aside --pid PID … PATH …`: this node, for a view of a training.

For a training that nobody samples. What the driver takes its time for, or hangs in, it does here and
not in the view. One sample a line goes to stdout; it ends when nobody reads that any more, or when
the last of the training's processes is gone.
"""

import argparse
import contextlib
import os
import sys
import time

from trainwatch.samples import encode
from trainwatch.telemetry.node import Node
from trainwatch.telemetry.record import Record

INTERVAL = 2.0
"""Seconds between two samples."""


def main() -> None:
    """Sample until nobody reads or nobody trains."""
    parser = argparse.ArgumentParser(prog="python -m trainwatch.telemetry.aside")
    parser.add_argument("--pid", type=int, action="append", required=True, help="a worker")
    parser.add_argument("--interval", type=float, default=INTERVAL, metavar="SECONDS")
    parser.add_argument("paths", nargs="*", help="on file systems that the training writes to")
    given = parser.parse_args()
    node = Node(given.interval)
    record = Record(workers=tuple(given.pid))
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        while True:
            sample = node.sample(record, given.paths)
            if not sample.processes:
                break
            sys.stdout.write(encode(sample) + "\n")
            sys.stdout.flush()
            time.sleep(given.interval)
    # Nothing is left to be flushed into a pipe that may be closed; the driver may hang at its end.
    os._exit(0)


if __name__ == "__main__":
    main()
