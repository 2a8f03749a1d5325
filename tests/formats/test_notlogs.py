"""Files that are no training logs give no record, whatever numbers stand in them."""

import importlib.metadata
import sysconfig
from pathlib import Path

import pytest
from core.feeding import read_files

from trainwatch.events import EpochSummary, StepBlock
from trainwatch.report.records import eval_rows, step_rows

MADE = sorted((Path(__file__).parents[1] / "notlogs").iterdir())
STDLIB = Path(sysconfig.get_paths()["stdlib"])
SOURCES = ("argparse", "statistics", "random", "timeit", "calendar", "tarfile", "trace", "heapq")
PACKAGES = ("numpy", "textual", "rich", "click", "hypothesis", "pytest", "mypy", "ruff")


def found() -> list[tuple[str, bytes]]:
    """What lies on the machine of whoever runs the tests: sources, metadata, licences, tables."""
    files = [(path.name, path.read_bytes()) for name in SOURCES if (path := STDLIB / f"{name}.py")]
    for package in PACKAGES:
        for name in ("METADATA", "RECORD"):
            text = importlib.metadata.distribution(package).read_text(name)
            files.append((f"{package}.{name}", (text or "").encode()[: 1 << 18]))
    system = (Path("/proc/cpuinfo"), Path("/proc/meminfo"), Path("/etc/services"))
    return files + [(path.name, path.read_bytes()[: 1 << 18]) for path in system if path.exists()]


CASES = [(path.name, path.read_bytes()) for path in MADE] + found()


def test_there_are_enough() -> None:
    assert len(MADE) >= 40
    assert len(CASES) >= 60


@pytest.mark.parametrize(("name", "data"), CASES, ids=[name for name, _ in CASES])
def test_no_record(name: str, data: bytes) -> None:
    parsed = read_files({name: data}).parsed
    rows = [row for one in parsed for row in (*step_rows(one), *eval_rows(one))]
    texts = [
        item.text[0] if isinstance(item, StepBlock) else item.text
        for one in parsed
        for item in one.items
        if isinstance(item, StepBlock | EpochSummary)
    ]

    assert rows == [], texts
    assert texts == []
