#!/usr/bin/env python3
"""Print what `diagnose` makes of the recorded cases from logs alone, and whether it is right.

    python tests/diagnose/bench_diagnose.py [DIR]

DIR holds jobs that `hang_matrix.py` recorded. Without the shared samples beside the repository
only `sample_logs/` is measured. Healthy runs are counted at the end, as they are and cut at many
moments of their lives: an alarm on one is a fault.
"""

import sys
import time
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.diagnose.cases import (
    HANGS,
    RECORDED,
    SAMPLE_LOGS,
    SAMPLES,
    SOUND,
    TORCHRUN,
    Expected,
    accused,
    diagnosed,
    failures,
    files_of,
    wrong,
)
from tests.diagnose.hang_matrix import FAULTS, Fault
from tests.diagnose.moments import count

HEALTHY = ("dialects", "frameworks")
MOMENTS = 40
"""Moments at which each healthy run is looked at."""

ROW = "{:<28} {:<12} {:<26} {:<20} {:<9} {:<8} {}"


def expected_of(fault: Fault) -> Expected:
    """What logs alone may say of an injected fault: right, or undecided; never another rank."""
    return Expected(fault.verdicts, fault.categories, (), (), fault.accused)


def rows(cases: Iterable[tuple[str, Path, Expected]]) -> int:
    """Print one row a case; how many are wrong."""
    missed = 0
    for name, path, expected in cases:
        began = time.perf_counter()
        found = diagnosed(files_of(path))
        seconds = time.perf_counter() - began
        faults = wrong(found, expected)
        missed += bool(faults)
        blamed = ",".join(map(str, sorted(accused(found)))) or "-"
        print(
            ROW.format(
                name,
                found.verdict.value,
                found.category.value if found.category else "-",
                found.phase.value if found.phase else "-",
                blamed,
                "right" if not faults else "WRONG",
                "; ".join(faults) or f"{found.confidence.value}, {1000 * seconds:.0f} ms",
            )
        )
    return missed


def shared() -> Iterable[tuple[str, Path, Expected]]:
    """The shared samples."""
    yield from ((f"hangs/{name}", SAMPLES / "hangs" / name, e) for name, e in HANGS.items())
    yield from ((f"torchrun/{n[:18]}", SAMPLES / "torchrun" / n, e) for n, e in TORCHRUN.items())
    yield from ((f"failures/{path.stem}", path, expected) for path, expected in failures())


def healthy() -> list[Path]:
    """Files of other dialects and frameworks that tell of no failure."""
    paths = [path for kind in HEALTHY for path in sorted((SAMPLES / kind).glob("*"))]
    paths = [path for path in paths if path.suffix in (".log", ".txt", ".csv")]
    return [path for path in paths if "trunc" not in path.name]


def alarms() -> tuple[int, int]:
    """Healthy files that were looked at, and those on which anything was alarmed."""
    loud = 0
    for path in healthy():
        found = diagnosed(files_of(path))
        if found.category is not None or found.verdict.value not in ("undecided", "finished"):
            loud += 1
            print(f"  alarm: {path.name}: {found.verdict.value} {found.category} {found.summary}")
    return len(healthy()), loud


def moments() -> None:
    """Print what is said of living healthy runs at many moments."""
    cases = {name: files_of(SAMPLE_LOGS / name) for name in SOUND}
    cases |= {path.name: files_of(path) for path in healthy()}
    verdicts, loud = count(cases, MOMENTS)
    for words in loud:
        print(f"  alarm: {words}")
    told = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.most_common())
    print(
        f"{len(loud)} alarms at {verdicts.total()} moments of {len(cases)} living healthy runs ({told})"
    )


def main() -> None:
    print(ROW.format("case", "verdict", "category", "phase", "accused", "", ""))
    missed = rows((n, SAMPLE_LOGS / n, expected) for n, expected in RECORDED.items())
    if SAMPLES.is_dir():
        missed += rows(shared())
    if len(sys.argv) > 1:
        root = Path(sys.argv[1])
        done = [fault for fault in FAULTS if (root / fault.name).is_dir()]
        missed += rows((f"matrix/{f.name}", root / f.name, expected_of(f)) for f in done)
    print(f"\n{missed} wrong")
    if SAMPLES.is_dir():
        looked, loud = alarms()
        print(f"{loud} alarms on {looked} healthy files of other dialects and frameworks")
    moments()


if __name__ == "__main__":
    main()
