"""CSV files of metrics: which are read, and what their columns mean."""

import math

import pytest

from core.feeding import MTIME, Writing, read, read_text
from trainwatch.events import Chunk, Granularity, LogFile, Stamp
from trainwatch.formats.names import canonical_columns, is_evaluation, without_evaluation
from trainwatch.model.snapshot import Status


def table(text: str, name: str = "metrics.csv") -> list[dict[str, float]]:
    return [dict(row.values) for row in read_text(text, name).rows]


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("epoch,train_loss,learning_rate", ["epoch", "loss", "lr"]),
        ("iteration,Batch Loss,LR", ["step", "loss", "lr"]),
        ("global_step,gnorm,tokens/s", ["step", "grad_norm", "throughput"]),
        ("epoch,mean_loss,min_loss", ["epoch", "loss", "min_loss"]),
        ("epoch,loss,mean_loss", ["epoch", "loss", "mean_loss"]),
        ("epoch,val_loss,cls_loss", ["epoch", "val_loss", "cls_loss"]),
        ("num_updates,acc1,timestamp", ["step", "accuracy", "time"]),
    ],
)
def test_columns_have_canonical_names(header: str, names: list[str]) -> None:
    assert canonical_columns(header.split(",")) == names


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("val_loss", "loss"),
        ("eval/accuracy", "accuracy"),
        ("Validation Loss", "loss"),
        ("test_acc", "accuracy"),
        ("valid_cls_loss", "cls_loss"),
    ],
)
def test_an_evaluations_prefix_is_taken_off(name: str, bare: str) -> None:
    assert is_evaluation(name)
    assert without_evaluation(name) == bare


@pytest.mark.parametrize("name", ["loss", "value", "evaluation", "tested", "interval_loss", "val_"])
def test_what_only_begins_like_an_evaluation_is_none(name: str) -> None:
    assert not is_evaluation(name)
    assert without_evaluation(name) == name


def test_rows_are_records_with_their_place() -> None:
    one, two = read_text(
        "epoch,batch,step,loss,timestamp\n1,0,1,0.5,2026-11-23T01:38:15\n1,1,2,nan,\n", "batch.csv"
    ).rows

    assert (one.line, one.offset, one.epoch, one.step, one.batch) == (2, 32, 1.0, 1, 0)
    assert (one.seconds, one.values) == (1795397895.0, {"loss": 0.5})
    assert (two.line, two.seconds, math.isnan(two.values["loss"])) == (3, None, True)


def test_the_zone_of_a_time_is_kept() -> None:
    writing = Writing()
    text = "step,loss,time\n1,0.5,2026-11-23T01:38:15.250+08:00\n"
    writing.write("m.csv", text, MTIME, live=False)
    (block,) = writing.reading.parsed[0].items

    (rank,) = writing.view(MTIME).ranks

    assert (block.shape.zone, block.shape.digits) == (480, 3)  # type: ignore[union-attr]
    assert rank.last is not None
    assert rank.last.stamp == Stamp(1795397895.25, 480, 3)


@pytest.mark.parametrize(
    ("name", "header", "granularity"),
    [
        ("metrics.csv", "epoch,loss", Granularity.EPOCH),
        ("metrics.csv", "epoch,step,loss", Granularity.STEP),
        ("metrics/epoch_metrics_20231203_143025.csv", "epoch,step,loss", Granularity.EPOCH),
        ("metrics/batch_metrics_20231203_143025.csv", "epoch,batch,step,loss", Granularity.STEP),
        ("epochs/metrics.csv", "step,loss", Granularity.STEP),
    ],
)
def test_what_one_row_stands_for(name: str, header: str, granularity: Granularity) -> None:
    row = ",".join("1" * len(header.split(",")))
    (block,) = read_text(f"{header}\n{row}\n", name).parsed[0].items

    assert block.shape.granularity is granularity  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("epoch,loss,val_loss\n1,0.5,\n2,,0.4\n", [{"loss": 0.5}, {"val_loss": 0.4}]),
        ("epoch,loss,device\n1,0.5,cuda:0\n", [{"loss": 0.5}]),
        ("epoch,loss\n1,0.5\nepoch,loss\n1,0.4\n", [{"loss": 0.5}, {"loss": 0.4}]),
        ("\ufeffepoch,loss\n1,0.5\n", [{"loss": 0.5}]),
        ("epoch,loss\r\n1,0.5\r\n", [{"loss": 0.5}]),
        ('epoch,"loss"\n1,"0.5"\n', [{"loss": 0.5}]),
        ("epoch,loss\n\n1,0.5\n\n", [{"loss": 0.5}]),
        ("epoch,loss,lr\n1,0.5\n2,0.4,0.1,9\n", [{"loss": 0.5}, {"loss": 0.4, "lr": 0.1}]),
        ("epoch,loss,loss\n1,0.5,0.6\n", [{"loss": 0.5}]),
        ("epoch,loss,total_loss\n1,0.5,0.6\n", [{"loss": 0.5, "total_loss": 0.6}]),
        ("epoch,loss\n1,1e999\n", [{"loss": math.inf}]),
        ("epoch,loss\n1,1_000\n2,１\n3,0x1\n", []),
        ("loss,lr\n0.5,0.1\n", []),
        ("epoch,device\n1,cuda\n", []),
        ("1,0.5\n2,0.4\n", []),
        ("", []),
    ],
    ids=[
        *("sparse", "a column of text", "the header again", "a byte order mark", "CRLF", "quotes"),
        *("blank lines", "short and long rows", "a column twice", "two names of one metric"),
        *("infinity", "no log's numbers", "no position", "no metric", "no header", "empty"),
    ],
)
def test_odd_tables(text: str, values: list[dict[str, float]]) -> None:
    assert table(text) == values


def test_tabs_separate_the_columns_of_a_tsv() -> None:
    assert table("epoch\tloss\n1\t0.5\n", "metrics.tsv") == [{"loss": 0.5}]


def test_a_row_that_is_too_long_is_no_row_and_no_half_of_one() -> None:
    names = ",".join(f"m{n}" for n in range(1000))
    row = "1," + ",".join("0.123456789012345678" for _ in range(1000))

    assert table(f"epoch,{names}\n{row}\n1,0.5\n") == [{"m0": 0.5}]


def test_rows_are_not_read_where_reading_begins_behind_the_header() -> None:
    file = LogFile("metrics.csv", start=100)
    reading = read(Chunk(file, 100, b"1,0.5\n2,0.4\n", MTIME))

    assert (reading.rows, reading.engine.run.tally.unparsed) == ([], 2)


def test_an_epoch_that_a_float_cannot_count_is_one_epoch() -> None:
    rows = "".join(f"{'1' * 30},{step},0.5\n" for step in (0, 12, 13))
    whole, single = Writing(), Writing()
    whole.write("metrics.csv", f"epoch,step,loss\n{rows}", MTIME)
    for line in f"epoch,step,loss\n{rows}".splitlines():
        single.line("metrics.csv", line, MTIME)

    assert [
        [(stream.stride, stream.position.step) for stream in writing.reading.engine.run.streams()]
        for writing in (whole, single)
    ] == [[(1, 13)], [(1, 13)]]


def test_a_table_alone_tells_that_a_run_lives() -> None:
    writing = Writing()
    writing.write("metrics.csv", "epoch,step,loss\n", MTIME)
    for n in range(10):
        writing.line("metrics.csv", f"1,{n},0.5", MTIME + n)
    view = writing.view(MTIME + 10)
    (rank,) = view.ranks

    assert view.status is Status.RUNNING
    assert (rank.silent_seconds, rank.step) == (1.0, 9)
    assert rank.last is not None
    assert (rank.last.where.line, rank.last.text) == (11, "1,9,0.5")


def test_evaluations_of_a_table_have_one_name_in_the_run() -> None:
    view = read_text("epoch,loss,eval/loss,test_loss\n1,0.5,0.6,0.7\n", "metrics.csv").view()

    assert {name: metric.last for name, metric in view.metrics.items()} == {
        "loss": 0.5,
        "val_loss": 0.6,
        "test_loss": 0.7,
    }
