"""Logs in; status and records out, as they were when a person last read and believed them."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest
from core.feeding import Reading, case_files, new_reading, sample_cases

from trainwatch.events import Chunk, FileEnded, LogFile, RunInfo
from trainwatch.report.jsonable import Json, one_line
from trainwatch.report.records import EpochRows, eval_rows, event_rows, step_rows
from trainwatch.report.status import status_document

GOLDEN = Path(__file__).parent
MTIME = 1_795_424_831.0
"""2026-11-23T09:07:11Z: hours after every recorded log, so that the times are those of the logs."""

NOW = MTIME + 5.0


def read_case(case: str) -> Reading:
    """A case as `trainwatch status` reads it, at a moment that does not change."""
    reading = new_reading(info=RunInfo(case))
    for name, data in case_files(case).items():
        reading.engine.feed(Chunk(LogFile(name), 0, data, MTIME))
        reading.engine.feed(FileEnded(LogFile(name), "read to its end"))
    return reading


def export_digest(reading: Reading) -> Json:
    """What `trainwatch export` gives, in short: counts, ends, and a sum over every byte."""
    epochs = EpochRows()
    for parsed in reading.parsed:
        epochs.add(parsed)
    events = [row for parsed in reading.parsed for row in event_rows(parsed)]
    return {
        "steps": table_digest([row for p in reading.parsed for row in step_rows(p)]),
        "evals": table_digest([row for p in reading.parsed for row in eval_rows(p)]),
        "events": {
            "rows": len(events),
            "sha256": checksum(events),
            "kinds": dict(sorted(Counter(row["kind"] for row in events).items())),
        },
        "epochs": list(epochs.rows()),
    }


def table_digest(rows: list[Json]) -> Json:
    by_file: dict[str, list[Json]] = {}
    for row in rows:
        by_file.setdefault(row["file"], []).append(row)
    return {
        "rows": len(rows),
        "sha256": checksum(rows),
        "files": {
            name: {"rows": len(some), "first": known(some[0]), "last": known(some[-1])}
            for name, some in sorted(by_file.items())
        },
    }


def known(row: Json) -> Json:
    return {name: value for name, value in row.items() if value is not None and name != "file"}


def checksum(rows: list[Json]) -> str:
    return hashlib.sha256("\n".join(map(one_line, rows)).encode()).hexdigest()


def check(path: Path, document: Json, *, update: bool) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    if update:
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"{path.name} is missing; pytest tests/golden --update-golden writes it"
    assert json.loads(text) == json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", sample_cases())
def test_the_status_of_a_recorded_run(case: str, update_golden: bool) -> None:
    document = status_document(read_case(case).view(NOW))

    check(GOLDEN / f"{case}.status.json", document, update=update_golden)


@pytest.mark.parametrize("case", sample_cases())
def test_the_export_of_a_recorded_run(case: str, update_golden: bool) -> None:
    check(GOLDEN / f"{case}.export.json", export_digest(read_case(case)), update=update_golden)


def test_there_is_no_golden_file_without_its_case() -> None:
    names = {path.name.split(".")[0] for path in GOLDEN.glob("*.json")}

    assert names == set(sample_cases())
