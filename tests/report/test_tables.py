"""Tables of which nobody knows the last column beforehand, written without holding their rows."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from core.feeding import read_lines
from hypothesis import given
from hypothesis import strategies as st

from trainwatch.report.columns import Columns, FileOrder
from trainwatch.report.jsonable import Json
from trainwatch.report.records import EpochRows
from trainwatch.report.tables import TableFormat, write_table

cells = st.none() | st.integers(-5, 5) | st.floats(-2, 2) | st.sampled_from(["a", 'b"\n', "1,2"])
rows_of = st.lists(st.dictionaries(st.sampled_from("abcd"), cells, min_size=1), max_size=30)


def as_csv(rows: list[Json]) -> list[dict[str, str]]:
    out = io.BytesIO()
    write_table(rows, TableFormat.CSV, out)
    return list(csv.DictReader(io.StringIO(out.getvalue().decode(), newline="")))


@given(rows_of)
def test_a_csv_has_every_row_with_every_column(rows: list[Json]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    assert as_csv(rows) == [
        {name: "" if row.get(name) is None else str(row[name]) for name in names} for row in rows
    ]


def test_a_column_that_comes_with_the_last_row_is_in_the_head() -> None:
    rows: list[Json] = [{"a": 1, "t": 'x\n"y"'}] * 3 + [{"a": 2, "t": None, "late": 0.5}]
    assert as_csv(rows) == [{"a": "1", "t": 'x\n"y"', "late": ""}] * 3 + [
        {"a": "2", "t": "", "late": "0.5"}
    ]


def test_a_parquet_has_types_that_hold_all_rows(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows: list[Json] = [
        {"step": 1, "loss": 0.5, "epoch": 1, "text": "=1+1", "lr": None},
        {"step": None, "loss": "nan", "epoch": 0.66, "text": "x", "lr": None},
        {"step": 3, "loss": "-inf", "epoch": 2, "text": "nan", "more": {"a": 1}, "lr": 1e-4},
        {"step": 4, "loss": 0.25, "epoch": 3, "text": "y", "more": None, "lr": 2},
    ]
    with (tmp_path / "t.parquet").open("wb") as out:
        write_table(rows, TableFormat.PARQUET, out)
    table = parquet.read_table(tmp_path / "t.parquet")
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds == {
        "step": "int64",
        "loss": "double",
        "epoch": "double",
        "text": "string",
        "lr": "double",
        "more": "string",
    }
    told = table.to_pylist()
    assert [row["step"] for row in told] == [1, None, 3, 4]
    assert [str(row["loss"]) for row in told] == ["0.5", "nan", "-inf", "0.25"]
    assert [row["epoch"] for row in told] == [1.0, 0.66, 2.0, 3.0]
    assert [row["text"] for row in told] == ["'=1+1", "x", "nan", "y"]
    assert [row["more"] for row in told] == [None, None, '{"a": 1}', None]


def test_a_column_of_numbers_and_of_words_becomes_one_of_words(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    with (tmp_path / "t.parquet").open("wb") as out:
        write_table([{"a": 1}, {"a": "x"}, {"b": 1.5, "a": 2}], TableFormat.PARQUET, out)
    assert parquet.read_table(tmp_path / "t.parquet")["a"].to_pylist() == ["1", "x", "2"]


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3)), max_size=20))
def test_late_records_are_put_in_their_place(delays: list[tuple[int, int]]) -> None:
    """Each record comes with the piece of its line, or one piece later."""
    pieces: list[list[Json]] = [[] for _ in range(len(delays) + 2)]
    for line, (late, _) in enumerate(delays):
        pieces[line + late].append({"line": line, "rank": 0})
    order, told = FileOrder(), list[int]()
    for piece in pieces:
        due = order.take("x", Columns.of(piece))
        told += [row["line"] for table in due for row in table.rows()]
    told += [row["line"] for table in order.rest() for row in table.rows()]
    assert told == list(range(len(delays)))


_EXPORT = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "trainwatch", "export", *sys.argv[1:]], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


@pytest.mark.long
@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_memory_does_not_grow_with_the_log(form: str, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    line = "2026-11-23 01:00:00,123 [DEBUG] [Rank 0] Training step {}, loss=0.{}\n"
    peaks = []
    for count in (200_000, 1_600_000):
        log = tmp_path / f"debug_rank0_{count}.log"
        with log.open("w") as stream:
            stream.writelines(line.format(step, step) for step in range(count))
        arguments = [str(log), "--format", form, "-o", str(tmp_path / "out")]
        told = subprocess.run(
            [sys.executable, "-c", _EXPORT, *arguments], capture_output=True, text=True, check=True
        )
        peaks.append(int(told.stdout))
    assert peaks[1] < peaks[0] + 40, peaks


def test_epochs_are_given_out_as_soon_as_they_are_complete() -> None:
    epochs, held, told = EpochRows(), list[int](), list[Json]()
    for number in range(50):
        for name in ("a.log", "b.log"):
            text = [f"Epoch [{number}/50] 完成", "平均损失: 0.500000"]
            for parsed in read_lines(text, name).parsed:
                epochs.add(parsed)
                told += epochs.due(parsed.file.name)
        held.append(len(list(epochs.rows())))
    told += epochs.rows()
    assert [row["epoch"] for row in told] == [number for number in range(50) for _ in "ab"]
    assert {row["loss"] for row in told} == {0.5}
    assert max(held) <= 2
