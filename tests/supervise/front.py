"""The console script `trainwatch`, where needed with a dashboard that closes by itself."""

import os
import sys
import time
import types

from trainwatch.cli.main import main
from trainwatch.supervise.record import read_record


def leave(_paths: list[object]) -> None:
    """A dashboard whose user presses q at once."""


def stay(paths: list[object]) -> None:
    """A dashboard that closes when the run has ended."""
    while read_record(paths[0]).ended is None:
        time.sleep(0.02)


if __name__ == "__main__":
    if choice := os.environ.get("FRONT_DASHBOARD"):
        module = types.ModuleType("trainwatch.cli.attach")
        module.open_dashboard = {"leave": leave, "stay": stay}[choice]
        sys.modules[module.__name__] = module
    main()
