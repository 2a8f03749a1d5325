"""The number of records is what grep finds in the recorded logs; every record stands where it says."""

import re
import subprocess
from collections import Counter
from collections.abc import Callable

import pytest

from core.feeding import (
    SAMPLE_LOGS,
    SHARED,
    Reading,
    Row,
    case_files,
    read_files,
    recorded,
    sample_cases,
)
from trainwatch.events import (
    AttemptStarted,
    BatchesProcessed,
    CheckpointNote,
    EpochMarker,
    EpochSummary,
    Event,
    FileShare,
    RankStarted,
    TrainingEnded,
    WorkerCompleted,
)

Count = Callable[[Reading, str], int]


def rows(reading: Reading, name: str) -> list[Row]:
    return [row for row in reading.rows if row.file == name]


def steps(phase: str) -> Count:
    return lambda reading, name: sum(
        row.phase == phase and row.format.startswith("autoencoder") for row in rows(reading, name)
    )


def batches(reading: Reading, name: str) -> int:
    return sum(row.format == "chinese.batch" for row in rows(reading, name))


def events(kind: type[Event]) -> Count:
    return lambda reading, name: sum(e.where.file == name for e in reading.of_kind(kind))


def heads(reading: Reading, name: str) -> int:
    found = reading.of_kind(EpochSummary)
    return sum(event.where.file == name and not event.values for event in found)


PATTERNS: dict[str, Count] = {
    "Training step": steps("train"),
    "Validation step": steps("validation"),
    r"EPOCH.*START\|EPOCH.*END": events(EpochMarker),
    "Batch Loss": batches,
    r"Epoch \[[0-9]*/[0-9]*\] 完成": heads,
    "COMPLETED": events(WorkerCompleted),
    "Processing.*files": events(FileShare),
    "Processed.*batches": events(BatchesProcessed),
    "init done": events(RankStarted),
    r"✅ 训练完成\|Training complete$": events(TrainingEnded),
    r"Starting training\|🆕": events(AttemptStarted),
    r"Saving checkpoint\|Checkpoint saved\|已保存\|检测到checkpoint\|从checkpoint": events(
        CheckpointNote
    ),
}


def grep(pattern: str) -> dict[str, int]:
    """What `grep -c` finds in each recorded log, by its path."""
    logs = sorted(str(path.relative_to(SAMPLE_LOGS)) for path in SAMPLE_LOGS.rglob("*.log"))
    found = subprocess.run(
        ["grep", "-c", "-H", "-e", pattern, *logs],
        cwd=SAMPLE_LOGS,
        capture_output=True,
        text=True,
        check=False,
    )
    counts = (line.rpartition(":") for line in found.stdout.split())
    return {name: int(count) for name, _, count in counts}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_as_many_records_as_grep_finds_lines(pattern: str) -> None:
    found = {
        f"{case}/{name}": PATTERNS[pattern](recorded(case), name)
        for case in sample_cases()
        for name in case_files(case)
        if name.endswith(".log")
    }

    assert found == grep(pattern)
    assert sum(found.values()) > 0


@pytest.mark.parametrize("case", sample_cases())
def test_a_table_has_a_record_for_every_line_but_the_header(case: str) -> None:
    reading = recorded(case)
    tables = {name: data for name, data in case_files(case).items() if name.endswith(".csv")}

    assert {name: len(rows(reading, name)) for name in tables} == {
        name: data.count(b"\n") - 1 for name, data in tables.items()
    }


@pytest.mark.parametrize("case", sample_cases())
def test_every_record_stands_at_its_line_and_offset(case: str) -> None:
    files, reading = case_files(case), recorded(case)
    lines = {name: data.split(b"\n") for name, data in files.items()}

    for row in reading.rows:
        text = row.text.encode()
        assert files[row.file].startswith(text, row.offset)
        assert row.line is not None
        assert lines[row.file][row.line - 1] == text
    for event in reading.events:
        name, line, offset = event.where
        assert files[name].startswith(event.text.encode(), offset)
        assert line == files[name].count(b"\n", 0, offset) + 1


@pytest.mark.parametrize("case", sample_cases())
def test_every_line_of_the_recorded_logs_is_understood_and_counted(case: str) -> None:
    files = case_files(case)
    tally = recorded(case).engine.run.tally

    assert tally.unparsed == 0
    assert tally.lines == sum(data.count(b"\n") for data in files.values())
    assert tally.bytes == sum(len(data) for data in files.values())


def test_the_values_are_those_of_the_text() -> None:
    for case in sample_cases():
        for row in recorded(case).rows:
            if row.format.startswith("autoencoder"):
                rank, step, loss = re.findall(
                    r"\[Rank (\d+)\] \w+ step (\d+), loss=(\S+)", row.text
                )[0]
                assert (row.rank, row.step) == (int(rank), int(step))
                assert repr(row.values["loss"]) == repr(float(loss))
            elif row.format == "chinese.batch":
                epoch, batch, loss, lr = re.findall(
                    r"Epoch \[(\d+)/.*\((\d+)/\d+\).*Loss: (\S+) - LR: (\S+)", row.text
                )[0]
                assert (row.epoch, row.batch, row.step) == (float(epoch), int(batch), None)
                assert repr(row.values) == repr({"loss": float(loss), "lr": float(lr)})


def test_the_epoch_of_a_step_is_that_of_the_marker_before_it() -> None:
    for case in ("finished", "resumed", "no_timestamps", "healthy_4ranks"):
        files = case_files(case)
        found = [row for row in recorded(case).rows if row.format.startswith("autoencoder")]
        expected = []
        for name, data in files.items():
            epoch = None
            for line in data.decode().split("\n"):
                marker = re.search(r"EPOCH (\d+) \w+ START", line)
                epoch = float(marker[1]) if marker else epoch
                if re.search(r"(Training|Validation) step", line):
                    expected.append((name, epoch))
        assert [(row.file, row.epoch) for row in found] == expected


# --- fused lines of a real console ------------------------------------------------------------

SUCCESS = SHARED / "samples" / "torchrun" / "01_success.txt"
needs_shared = pytest.mark.skipif(
    not SUCCESS.is_file(), reason="the recorded torchrun jobs of ../shared are not here"
)


@needs_shared
def test_both_ranks_are_found_where_their_lines_fuse() -> None:
    data = SUCCESS.read_bytes()
    reading = read_files({"console.log": data})
    steps = Counter((row.rank, row.step) for row in reading.rows)
    markers = Counter((m.who.rank, m.split, m.start) for m in reading.of_kind(EpochMarker))

    assert steps == Counter({(rank, step): 1 for rank in (0, 1) for step in range(12)})
    assert len(markers) == 8
    assert set(markers.values()) == {1}
    assert len(reading.of_kind(RankStarted)) == 2
    assert all(row.epoch == 0.0 for row in reading.rows)


@needs_shared
def test_a_fused_record_stands_where_its_bytes_begin() -> None:
    data = SUCCESS.read_bytes()
    reading = read_files({"console.log": data})
    begins = re.compile(
        rb"2026-11-21 20:52:4\d,\d{3} \[DEBUG\] \[Rank (\d)\] (Training step (\d+)|)"
    )

    for row in reading.rows:
        found = begins.match(data, row.offset)
        assert found is not None
        assert (int(found[1]), int(found[3])) == (row.rank, row.step)
        assert row.line == data[: row.offset].count(b"\n") + 1
        assert row.seconds is not None
        text = data[row.offset : row.offset + 90].split(b"\n")[0]
        assert text.startswith(row.text.encode())
        assert row.values["loss"] == float(re.findall(r"loss=(\d\.\d{4})", row.text)[0])
    for event in reading.events:
        found = begins.match(data, event.where.offset)
        assert found is not None
        assert int(found[1]) == event.who.rank
        assert event.where.line == data[: event.where.offset].count(b"\n") + 1


@needs_shared
def test_the_newest_line_of_a_rank_is_its_own_part_of_a_fused_line() -> None:
    fused = next(
        line for line in SUCCESS.read_text().split("\n") if line.count("VALIDATION END") == 2
    )
    ranks = read_files({"console.log": f"{fused}\n"}).view().ranks

    assert [rank.last and rank.last.text.count("[Rank ") for rank in ranks] == [1, 1]
    assert all(rank.last and f"[Rank {rank.who.rank}]" in rank.last.text for rank in ranks)


@needs_shared
@pytest.mark.parametrize(
    ("name", "per_rank"),
    [
        ("02_raise_record.txt", {0: 5, 1: 5, 2: 5}),
        ("05_timeout_skip.txt", {0: 11, 1: 12, 2: 11}),
        ("07_logdir_tee3.txt", {0: 5, 1: 5}),
        ("08_tee3_filter0.txt", {0: 12}),
        ("11_sigterm_parent.txt", {0: 83, 1: 83}),
    ],
)
def test_no_step_of_a_torchrun_console_is_lost(name: str, per_rank: dict[int, int]) -> None:
    text = (SUCCESS.parent / name).read_text()
    found = Counter(row.rank for row in read_files({"console.log": text}).rows)

    assert found == per_rank
    assert found.total() == text.count("] Training step ")
