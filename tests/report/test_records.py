"""The rows of `trainwatch export`: the columns of the contract, nothing left out, nothing made up."""

import io
import json
import math

import pytest
from core.feeding import (
    Reading,
    read_lines,
    read_text,
    recorded,
    sample_cases,
)

from trainwatch.report.jsonable import Json, number
from trainwatch.report.records import EpochRows, alert_row, eval_rows, event_rows, step_rows
from trainwatch.report.safe import safe_text
from trainwatch.report.tables import TableFormat, write_table

COLUMNS = [
    *("file", "line", "time", "rank", "attempt", "phase", "batch_unit", "granularity"),
    *("total_epochs", "total_steps", "total_batches", "epoch", "step", "batch"),
    *("loss", "lr", "grad_norm", "throughput", "step_time"),
]


def steps(reading: Reading) -> list[Json]:
    return [row for parsed in reading.parsed for row in step_rows(parsed)]


def evals(reading: Reading) -> list[Json]:
    return [row for parsed in reading.parsed for row in eval_rows(parsed)]


def known(row: Json) -> Json:
    return {name: value for name, value in row.items() if value is not None}


def test_a_step_of_the_autoencoder() -> None:
    lines = [
        "2023-12-03T14:30:24.500+08:00 [DEBUG] [Rank 3] ========== EPOCH 2 TRAINING START ==========",
        "2023-12-03T14:30:25.123+08:00 [DEBUG] [Rank 3] Training step 500, loss=0.0987",
    ]
    (row,) = steps(read_lines(lines, "logs/debug_rank3_20231203_143025.log"))

    assert list(row) == COLUMNS
    assert known(row) == {
        "file": "logs/debug_rank3_20231203_143025.log",
        "line": 2,
        "time": "2023-12-03T14:30:25.123+08:00",
        "rank": 3,
        "phase": "train",
        "granularity": "step",
        "epoch": 2,
        "step": 500,
        "loss": 0.0987,
    }


def test_a_validation_step_is_a_step_and_no_result() -> None:
    reading = read_text("[Rank 0] Validation step 20, loss=0.1050\n")

    assert [row["phase"] for row in steps(reading)] == ["validation"]
    assert evals(reading) == []


def test_a_batch_in_chinese() -> None:
    line = "Epoch [15/200] - 进度 5.8% (10/171) - Batch Loss: 0.072156 - LR: 0.00100000\n"
    (row,) = steps(read_text(line, "log/training_1.log"))

    assert list(row) == COLUMNS
    assert known(row) == {
        "file": "log/training_1.log",
        "line": 1,
        "phase": "train",
        "batch_unit": "batches",
        "granularity": "step",
        "total_epochs": 200,
        "total_batches": 171,
        "epoch": 15,
        "batch": 10,
        "loss": 0.072156,
        "lr": 0.001,
    }


def test_a_torchrun_attempt_is_stated_by_the_path() -> None:
    (row,) = steps(read_text("[Rank 1] Training step 0, loss=nan\n", "x/attempt_2/1/stdout.log"))

    assert (row["attempt"], row["rank"], row["loss"]) == (2, 1, "nan")


def test_values_of_an_evaluation_stand_in_both_tables() -> None:
    reading = read_text("epoch,step,loss,val_loss,val_acc\n1,60,0.5,0.6,0.7\n", "m.csv")
    (step,), (result,) = steps(reading), evals(reading)

    assert known(step) == {
        "file": "m.csv",
        "line": 2,
        "phase": "train",
        "granularity": "step",
        "epoch": 1,
        "step": 60,
        "loss": 0.5,
        "val_loss": 0.6,
        "val_acc": 0.7,
    }
    assert known(result) == {
        "file": "m.csv",
        "line": 2,
        "phase": "validation",
        "granularity": "step",
        "epoch": 1,
        "step": 60,
        "loss": 0.6,
        "accuracy": 0.7,
    }


def test_a_test_result_is_told_from_a_validation() -> None:
    reading = read_text("epoch,test_loss,test_f1\n1,0.6,0.7\n", "m.csv")

    assert [(row["phase"], row["loss"], row["f1"]) for row in evals(reading)] == [
        ("test", 0.6, 0.7)
    ]


@pytest.mark.parametrize("name", ["file", "line", "phase", "attempt", "granularity", "batch_unit"])
def test_a_metric_never_takes_the_column_of_a_place(name: str) -> None:
    (row,) = steps(read_text(f"epoch,loss,{name}\n1,0.5,99\n", "m.csv"))
    (plain,) = steps(read_text("epoch,loss\n1,0.5\n", "m.csv"))

    assert row == {**plain, f"{name}_": 99.0}


def test_every_row_of_the_recorded_runs_has_all_columns() -> None:
    for case in sample_cases():
        for row in steps(recorded(case)):
            assert [name for name in row if name in COLUMNS] == COLUMNS
            assert json.loads(json.dumps(row, allow_nan=False)) == row


def test_an_event_has_the_fields_of_its_kind() -> None:
    line = "2023-12-03 14:30:25 [DEBUG] [Rank 0/8 Worker 1/2] Processing 1000/8000 files from x"
    (row,) = [r for parsed in read_lines([line]).parsed for r in event_rows(parsed)]

    assert row == {
        "file": "console.log",
        "line": 1,
        "time": "2023-12-03T14:30:25",
        "rank": 0,
        "attempt": None,
        "kind": "file_share",
        "world_size": 8,
        "worker": 1,
        "workers": 2,
        "files": 1000,
        "total_files": 8000,
        "dataset": "x",
        "text": line,
    }


SUMMARY = ["Epoch [{}/3] 完成", "平均损失: 0.{}", "学习率: 0.1", "本epoch用时: 14.52秒"]


def epochs(reading: Reading) -> list[Json]:
    rows = EpochRows()
    for parsed in reading.parsed:
        rows.add(parsed)
    return list(rows.rows())


def test_the_lines_of_an_epochs_summary_are_one_row() -> None:
    lines = [text.format(epoch) for epoch in (1, 2) for text in SUMMARY]
    one, two = epochs(read_lines(lines, "log/training_1.log"))

    assert known(one) == {
        "file": "log/training_1.log",
        "line": 1,
        "phase": "train",
        "epoch": 1,
        "total_epochs": 3,
        "loss": 0.1,
        "lr": 0.1,
        "seconds": 14.52,
    }
    assert (two["line"], two["epoch"], two["loss"]) == (5, 2, 0.2)


def test_summaries_of_two_ranks_in_one_log_are_told_apart_and_in_order() -> None:
    lines = [
        f"[rank{rank}]: {text.format(epoch)}"
        for epoch in (1, 2)
        for text in SUMMARY
        for rank in (0, 1)
    ]

    assert [(row["rank"], row["epoch"], row["line"]) for row in epochs(read_lines(lines))] == [
        *((0, 1, 1), (1, 1, 2), (0, 2, 9), (1, 2, 10))
    ]


def test_a_summary_whose_head_was_not_seen_is_nobodys() -> None:
    assert epochs(read_lines(SUMMARY[1:])) == []


def test_an_alert_as_a_row() -> None:
    view = read_text("[Rank 1] Training step 7, loss=nan\n", "debug_rank1_x.log").view()
    (row,) = map(alert_row, view.alerts)

    assert row == {
        "file": "debug_rank1_x.log",
        "line": 1,
        "rule": "loss_nan",
        "severity": "critical",
        "rank": 1,
        "epoch": None,
        "step": 7,
        "message": "loss is NaN since step 7",
        "active": True,
        "evidence": [
            {
                "file": "debug_rank1_x.log",
                "line": 1,
                "text": "[Rank 1] Training step 7, loss=nan",
            }
        ],
    }


# --- files ------------------------------------------------------------------------------------


def written(rows: list[Json], form: TableFormat) -> str:
    out = io.BytesIO()
    write_table(rows, form, out)
    return out.getvalue().decode()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "－"])
def test_no_text_of_a_log_is_a_formula_for_a_spreadsheet(start: str) -> None:
    row = {"file": f"{start}x.log", f"{start}cmd|' /C calc'!A0": 1.0, "text": f"{start}1+1"}
    text = written([row], TableFormat.CSV)
    cells = text.replace('"', "").split(",")

    assert not any(cell.startswith(start) for cell in cells)
    assert f"'{start}x.log" in text


def test_negative_numbers_and_infinities_stay_values() -> None:
    row: Json = {"loss": -0.5, "lr": number(-math.inf), "step": 3}

    assert written([row], TableFormat.CSV) == "loss,lr,step\n-0.5,-inf,3\n"


def test_integers_with_gaps_stay_integers() -> None:
    text = written([{"step": 1, "loss": 0.5}, {"step": None, "loss": None}], TableFormat.CSV)

    assert text == "step,loss\n1,0.5\n,\n"


def test_nothing_gives_an_empty_table() -> None:
    assert written([], TableFormat.JSONL) == ""
    assert written([], TableFormat.CSV).strip() == ""


def test_json_lines_hold_one_object_a_row_whatever_the_text() -> None:
    row: Json = {"text": 'a"b\n\x85\u2028\x1b[31m\x9b31m\u202e\udcff 进度 🔄', "loss": "nan"}
    text = written([row, row], TableFormat.JSONL)

    assert len(text.splitlines()) == 2
    for line in text.splitlines():
        assert json.loads(line) == {**row, "text": str(row["text"]).replace("\udcff", "?")}
        assert safe_text(line) == line
    assert "进度 🔄" in text


def test_the_steps_of_every_recorded_run_can_be_written_as_csv_and_json() -> None:
    for case in sample_cases():
        rows = steps(recorded(case))
        lines = written(rows, TableFormat.JSONL).splitlines()
        assert [json.loads(line) for line in lines] == rows
        assert written(rows, TableFormat.CSV).count("\n") == len(rows) + 1
