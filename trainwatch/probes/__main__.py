"""`python -m trainwatch.probes RUN_DIR [--reason …] [--pid=PID …]`: looks at a run and writes into its `stacks/`."""

import argparse
import sys
from pathlib import Path

from trainwatch.probes import collect


def main() -> int:
    """Exit code 0 when a file was written; its path goes to stdout."""
    parser = argparse.ArgumentParser(prog="python -m trainwatch.probes", description=__doc__)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--reason", default="asked")
    parser.add_argument("--pid", type=int, action="append", default=[])
    given = parser.parse_args()
    written = collect(given.run_dir, given.pid, given.reason)
    if written is None:
        sys.stderr.write("trainwatch: no process of this run could be looked at.\n")
        return 1
    sys.stdout.write(f"{written}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
