"""`python -m trainwatch.telemetry RUN_DIR [--interval SECONDS]`: samples a node for one run."""

import argparse
import contextlib
import os
from pathlib import Path

from trainwatch.telemetry.sampler import Sampler

INTERVAL = 2.0


def main() -> None:
    """Sample until the run is over, its supervisor is gone, or a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m trainwatch.telemetry")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--interval", type=float, default=INTERVAL, metavar="SECONDS")
    given = parser.parse_args()
    if not 0.05 <= given.interval < float("inf"):  # noqa: PLR2004 - faster is no use to anybody
        parser.error("--interval is a number of seconds, 0.05 or more")
    if not given.run_dir.is_dir():
        parser.error(f"{given.run_dir} is no directory")
    with contextlib.suppress(OSError):
        os.nice(5)  # the training goes first
    with contextlib.suppress(KeyboardInterrupt):
        Sampler(given.run_dir, given.interval).run()


if __name__ == "__main__":
    main()
