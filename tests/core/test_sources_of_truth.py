"""A step that several logs print counts once, from one primary source."""

import itertools

import pytest

from core.feeding import Reading, read_files, read_text, recorded, sample_cases

RANK_LOG = "logs/debug_rank0_20231203_143025.log"
MAIN_LOG = "logs/train_20231203_143025.log"
CONSOLE = "console.log"
TABLE = "metrics/batch_metrics_rank0_20231203_143025.csv"
ORDER = (RANK_LOG, MAIN_LOG, CONSOLE, TABLE)


def steps(losses: list[float]) -> str:
    return "".join(f"[Rank 0] Training step {n}, loss={loss}\n" for n, loss in enumerate(losses))


def rows(losses: list[float]) -> str:
    lines = "".join(f"0,{n},0,{loss}\n" for n, loss in enumerate(losses))
    return f"epoch,step,rank,loss\n{lines}"


def content(name: str, losses: list[float]) -> str:
    return rows(losses) if name == TABLE else steps(losses)


@pytest.mark.parametrize(
    "names", [c for n in (1, 2, 3, 4) for c in itertools.combinations(ORDER, n)]
)
def test_the_per_rank_log_goes_before_main_log_console_and_table(names: tuple[str, ...]) -> None:
    files = {name: content(name, [ORDER.index(name) + 1.0] * 3) for name in names}
    for order in (names, names[::-1]):
        view = read_files({name: files[name] for name in order}).view()
        metric = view.metrics["loss"]
        assert (metric.count, metric.mean) == (3, ORDER.index(names[0]) + 1.0)
        (rank,) = view.ranks
        assert (rank.who.rank, rank.loss, rank.records) == (0, ORDER.index(names[0]) + 1.0, 3)
        assert len(next(curve for curve in view.curves if curve.metric == "loss").x) == 3


def test_each_log_is_exported_all_the_same() -> None:
    reading = read_files({name: content(name, [0.5] * 3) for name in ORDER})

    assert len(reading.rows) == 12


def test_a_metric_that_only_a_lesser_log_prints_counts_from_there() -> None:
    view = read_files(
        {
            RANK_LOG: steps([0.5]),
            MAIN_LOG: "Epoch [1/2] - 进度 0.0% (0/9) - Batch Loss: 9.0 - LR: 0.001\n",
        }
    ).view()

    assert (view.metrics["loss"].count, view.metrics["loss"].last) == (1, 0.5)
    assert (view.metrics["lr"].count, view.metrics["lr"].last) == (1, 0.001)
    assert (view.epoch, view.total_epochs) == (1, 2)


def test_two_logs_of_one_sort_and_attempt_count_once() -> None:
    tree = "D/run_x/attempt_0/0/stdout.log"
    view = read_files({RANK_LOG: steps([0.5, 0.6]), tree: steps([0.5, 0.6])}).view()

    assert view.metrics["loss"].count == 2
    assert [epoch.records for epoch in view.epochs] in ([], [2])


def test_two_dated_logs_are_two_attempts_and_a_step_of_both_counts_in_the_later() -> None:
    later = RANK_LOG.replace("143025", "150000")
    metric = read_files({later: steps([0.7]), RANK_LOG: steps([0.5, 0.6])}).view().metrics["loss"]

    assert (metric.count, metric.last) == (2, 0.7)
    assert (metric.min, metric.max) == (0.6, 0.7)


def test_a_nodes_local_number_is_not_counted_beside_the_global_rank() -> None:
    line = "Epoch [1/2] - 进度 0.0% (0/9) - Batch Loss: 0.5 - LR: 0.001\n"
    files = {RANK_LOG: steps([0.5]), "D/run_x/attempt_0/0/stdout.log": line}
    view = read_files(files).view()

    assert view.metrics["loss"].count == 1
    assert [rank.who.rank for rank in view.ranks] == [0]


def test_a_nodes_local_number_is_a_rank_where_nothing_else_is_known() -> None:
    line = "[default{}]:Epoch [1/2] - 进度 0.0% (0/9) - Batch Loss: 0.5 - LR: 0.001\n"
    view = read_text("".join(line.format(n) for n in range(3))).view()

    assert [rank.who.label for rank in view.ranks] == ["local 0", "local 1", "local 2"]
    assert view.metrics["loss"].count == 3


def printed(reading: Reading, start: str) -> int:
    return sum(row.file.startswith(start) for row in reading.rows)


@pytest.mark.parametrize("case", sample_cases())
def test_the_recorded_runs_count_every_step_once(case: str) -> None:
    reading = recorded(case)
    metrics = reading.view().metrics
    printed = {
        (row.file.split("_2")[0], row.epoch, row.batch if row.step is None else row.step): row
        for row in reading.rows
        if row.phase == "train"
    }
    training = printed.values()  # a resumed training prints a step again, in its new log
    of_ranks = sum(row.file.startswith("logs/debug_rank") for row in training)
    of_main = sum(row.file.startswith("log/training_") for row in training)

    if case == "info_only":
        assert metrics["loss"].count == metrics["val_loss"].count == 3  # one a printed epoch
    else:
        assert metrics["loss"].count == (of_ranks or of_main)
    if of_main:
        assert metrics["lr"].count == of_main
    validation = sum(row.phase == "validation" for row in reading.rows)
    if validation:
        assert metrics["val_loss"].count == validation
