"""What the probe costs each Python process at its start: medians of interleaved starts.

python -m bench.probe [STARTS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from trainwatch.probes import environment

CASES: Mapping[str, tuple[bool, Mapping[str, str]]] = {
    "without": (False, {"RANK": "0"}),
    "not a worker": (True, {}),
    "a worker": (True, {"RANK": "0"}),
}


def start(environ: Mapping[str, str]) -> float:
    """Milliseconds of one Python that does nothing."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], env=environ, check=True)
    return 1000 * (time.perf_counter() - began)


def main(starts: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        plain = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": directory}
        probed = plain | environment(Path(directory), plain)
        found: dict[str, list[float]] = {name: [] for name in CASES}
        for _ in range(starts):
            for name, (with_probe, more) in CASES.items():
                found[name].append(start({**(probed if with_probe else plain), **more}))
    base = statistics.median(found["without"])
    for name, times in found.items():
        middle = statistics.median(times)
        print(f"{name:<13} {middle:6.1f} ms  ({middle - base:+.1f} ms)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
