"""`trainwatch export`: tables, formats, destinations."""

import csv
import io
import re
from pathlib import Path

import pytest

from tests.cli.conftest import SAMPLES, Run

COLUMNS = {
    "file", "line", "time", "rank", "attempt", "phase", "epoch", "step", "batch", "batch_unit",
    "granularity", "total_epochs", "total_steps", "total_batches", "loss", "lr", "grad_norm",
    "throughput", "step_time",
}  # fmt: skip
STEP = re.compile(r"(Training|Validation) step \d+, loss=|Batch Loss:|Epoch \d+ done: ")


def test_steps_are_the_lines_that_grep_finds(trainwatch: Run) -> None:
    logs = SAMPLES / "finished"
    rows = trainwatch("export", logs).rows
    for path in sorted(logs.rglob("*.log")):
        name = str(path.relative_to(logs))
        numbers = [row["line"] for row in rows if row["file"] == name]
        lines = path.read_text(encoding="utf-8").split("\n")
        assert numbers == [n for n, line in enumerate(lines, 1) if STEP.search(line)]


def test_a_row_has_every_column_and_the_printed_values(trainwatch: Run) -> None:
    rows = trainwatch("export", SAMPLES / "chinese" / "console.log").rows
    assert set(rows[0]) == COLUMNS
    first = (SAMPLES / "chinese" / "console.log").read_text(encoding="utf-8").split("\n")
    text = first[rows[0]["line"] - 1]
    assert f"Batch Loss: {rows[0]['loss']:.6f} - LR: {rows[0]['lr']:.8f}" in text
    assert (rows[0]["epoch"], rows[0]["batch"], rows[0]["total_epochs"]) == (1, 0, 3)
    assert (rows[0]["time"], rows[0]["rank"], rows[0]["step"]) == (None, None, None)


def test_times_are_as_the_log_states_them(trainwatch: Run, tmp_path: Path) -> None:
    (tmp_path / "debug_rank3.log").write_text(
        "2023-12-03 14:30:25,123 [DEBUG] [Rank 3] Training step 0, loss=1e-05\n"
        "[2023-12-03T14:30:26+08:00] [DEBUG] [Rank 3] Training step 1, loss=inf\n"
        "[DEBUG] [Rank 3] Training step 2, loss=nan\n"
    )
    rows = trainwatch("export", "debug_rank3.log").rows
    assert [row["time"] for row in rows] == [
        "2023-12-03T14:30:25.123",
        "2023-12-03T14:30:26+08:00",
        None,
    ]
    assert [row["loss"] for row in rows] == [1e-05, "inf", "nan"]
    assert {row["rank"] for row in rows} == {3}


def test_epochs_are_joined_from_the_lines_of_a_summary(trainwatch: Run) -> None:
    rows = trainwatch("export", SAMPLES / "chinese" / "console.log", "--table", "epochs").rows
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert all(row["loss_min"] <= row["loss"] <= row["loss_max"] for row in rows)
    assert all(row["seconds"] > 0 for row in rows)


def test_validation_columns_of_a_table_are_evaluations(trainwatch: Run) -> None:
    metrics = next((SAMPLES / "finished" / "metrics").glob("epoch_*.csv"))
    steps = trainwatch("export", metrics).rows
    evals = trainwatch("export", metrics, "--table", "evals").rows
    assert [row["val_loss"] for row in steps] == [row["loss"] for row in evals]
    assert {row["phase"] for row in evals} == {"validation"}


def test_events_and_alerts(trainwatch: Run) -> None:
    events = trainwatch("export", SAMPLES / "oom", "--table", "events").rows
    assert {"epoch_marker", "file_share", "fault"} <= {
        row["kind"] if row["kind"] != "out_of_memory" else "fault" for row in events
    }
    alerts = trainwatch("export", SAMPLES / "oom", "--table", "alerts").rows
    assert "out_of_memory" in {row["rule"] for row in alerts}


def test_csv_to_a_file_that_appears_whole(trainwatch: Run, tmp_path: Path) -> None:
    target = tmp_path / "steps.csv"
    answer = trainwatch("export", SAMPLES / "demo", "--format", "csv", "-o", target)
    assert (answer.code, answer.out) == (0, "")
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert len(rows) == len(trainwatch("export", SAMPLES / "demo").rows)
    assert {path.name for path in tmp_path.iterdir() if "steps" in path.name} == {"steps.csv"}


def test_a_destination_that_cannot_be_written(trainwatch: Run) -> None:
    answer = trainwatch("export", SAMPLES / "demo", "-o", "/nowhere/steps.jsonl")
    assert answer.code == 1
    assert "/nowhere/steps.jsonl cannot be written" in answer.err


@pytest.mark.parametrize("arguments", [("--table", "nonsense"), ("--rank", "x"), ("--now", "soon")])
def test_wrong_usage(trainwatch: Run, arguments: tuple[str, str]) -> None:
    answer = trainwatch("export", SAMPLES / "demo", *arguments)
    assert (answer.code, answer.out) == (2, "")
