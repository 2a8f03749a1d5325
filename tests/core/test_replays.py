"""A later attempt's records replace those of the steps that it goes through again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainwatch.engine import Engine
from trainwatch.events import Chunk, FileEnded, LogFile, RunInfo
from trainwatch.model.course import Spans, attempt_begins
from trainwatch.model.replays import STEADY, Standing, attempts, ranked, settle
from trainwatch.model.snapshot import CurveView
from trainwatch.report.collector import Collector
from trainwatch.report.history import History


@dataclass
class Run:
    """What two views show of the same logs."""

    curve: CurveView
    history: History
    engine: Engine

    @property
    def drawn(self) -> list[tuple[float, float]]:
        return list(zip(self.curve.steps.tolist(), self.curve.mean.tolist(), strict=True))

    @property
    def table(self) -> list[tuple[float, float]]:
        columns = self.history.columns
        return list(zip(columns["step"].tolist(), columns["loss"].tolist(), strict=True))


def read(*logs: tuple[str, Sequence[str]], **known: Any) -> Run:
    collected = Collector()
    engine = Engine(RunInfo("logs", **known), listener=collected.take)
    for name, lines in logs:
        data = "".join(f"{line}\n" for line in lines).encode()
        engine.feed(Chunk(LogFile(name), 0, data, 0.0))
        engine.feed(FileEnded(LogFile(name), "read"))
    engine.tick(0.0)
    curve = next(curve for curve in engine.snapshot().curves if curve.metric == "loss")
    history = collected.history(lambda *log: attempt_begins(engine.run, *log, engine.info))
    return Run(curve, history, engine)


def steps(first: int, last: int, loss: float, every: int = 1) -> list[str]:
    return [
        f"iter {n}: loss {loss:.4f}, time 12.00ms, mfu 1.00%" for n in range(first, last + 1, every)
    ]


def test_a_log_without_markers_goes_back_for_good() -> None:
    run = read(("train.log", [*steps(0, 50, 1.0), *steps(30, 80, 2.0)]))
    expected = [(float(n), 1.0 if n < 30 else 2.0) for n in range(81)]
    assert run.drawn == run.table == expected
    assert run.curve.attempts == run.history.attempts == (30,)
    assert run.curve.x.tolist() == list(range(81))
    assert run.curve.left is not None
    assert run.curve.left.steps.tolist() == list(range(30, 51))
    assert run.curve.left.x.tolist() == list(range(30, 51))
    metric = run.engine.snapshot().metrics["loss"]
    assert (metric.count, metric.last) == (81, 2.0)


def test_attempts_that_print_other_steps_do_not_mix() -> None:
    run = read(("train.log", [*steps(0, 100, 1.0, 10), *steps(55, 155, 2.0, 10)]))
    assert run.drawn == run.table
    assert [step for step, loss in run.drawn if loss == 1.0] == [0, 10, 20, 30, 40, 50]


def test_what_lies_ahead_of_the_newest_attempt_is_kept_by_the_table_alone() -> None:
    run = read(("train.log", [*steps(0, 50, 1.0), *steps(20, 35, 2.0)]))
    assert run.drawn[-1] == (35.0, 2.0)
    assert [step for step, _ in run.table] == list(range(51))
    assert run.history.reached == 36
    assert run.engine.snapshot().metrics["loss"].count == 51


def test_a_late_line_is_no_attempt() -> None:
    run = read(("train.log", [*steps(0, 50, 1.0), *steps(3, 3, 9.0), *steps(51, 99, 1.0)]))
    assert run.curve.attempts == ()
    assert run.history.attempts == ()
    assert [step for step, _ in run.table] == list(range(100))


def test_where_nothing_tells_run_json_does() -> None:
    """Two attempts of few steps each, and a console that holds both."""
    first, second = steps(0, 5, 1.0), steps(3, 8, 2.0)
    assert len(second) < STEADY
    size = sum(len(line) + 1 for line in first)
    run = read(("console.log", [*first, *second]), consoles=(0, size))
    assert run.drawn == run.table == [(float(n), 1.0 if n < 3 else 2.0) for n in range(9)]
    assert run.curve.attempts == run.history.attempts == (3,)


def test_the_nan_of_an_abandoned_attempt_is_not_drawn() -> None:
    lines = [*steps(0, 40, 1.0), *steps(41, 50, float("nan")), *steps(30, 80, 2.0)]
    run = read(("train.log", lines))
    assert run.curve.nonfinite.tolist() == []
    assert run.curve.left is not None
    assert len(run.curve.left.nonfinite) == 10
    assert run.engine.snapshot().metrics["loss"].nonfinite == 0


def test_a_million_steps_stay_bounded_and_resolved() -> None:
    lines = [*steps(0, 30_000, 1.0), *steps(20_000, 60_000, 2.0)]
    run = read(("train.log", lines))
    assert len(run.curve.x) <= 1024
    at, low, high = run.curve.steps, run.curve.low, run.curve.high
    assert (np.diff(at) > 0).all()
    assert (low[at < 19_900] == 1.0).all()
    assert (high[at < 19_900] == 1.0).all()
    assert (low[at >= 20_000] == 2.0).all()
    assert len(run.table) == 60_001
    assert [step for step, loss in run.table if loss == 1.0] == list(range(20_000))


LINE = "[DEBUG] [Rank 0] Training step {}, loss={}"
MARKER = "[DEBUG] [Rank 0] ========== EPOCH {} TRAINING START =========="


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), min_size=1, max_size=6),
    st.integers(1, 12),
)
def test_the_drawn_and_the_written_are_the_same(
    tries: list[tuple[int, int]], per_epoch: int
) -> None:
    """Any attempts, each from a step that the one before has reached, appended to one log with markers."""
    lines, expected, reached, before = [], {}, 0, 0
    for number, (start, length) in enumerate(tries):
        begin = min(start, before)
        for step in range(begin, begin + length):
            if step % per_epoch == 0 or step == begin:
                lines.append(MARKER.format(step // per_epoch))
            lines.append(LINE.format(step % per_epoch, number + 0.5))
            expected[step] = number + 0.5
        before = begin + length
        reached = max(reached, before)
    run = read(("debug_rank0_20260101_000000.log", lines))
    assert run.history.columns["loss"].tolist() == [expected[step] for step in range(reached)]
    drawn = [expected[step] for step in range(before)]
    assert run.curve.mean.tolist() == drawn
    assert run.curve.x.tolist() == list(range(before))
    assert run.history.reached == before


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.data())
def test_every_place_counts_once_or_lies_ahead(places: list[int], data: st.DataObject) -> None:
    column = np.array(places, float)
    order = ranked(np.zeros(len(column)), column)
    numbers = order.numbers
    told = data.draw(st.lists(st.integers(0, len(places)), max_size=5))
    begins = attempts(order, told)
    standing = settle(order, begins)
    assert begins[0] == 0
    assert {row for row in told if 0 < row < len(places)} <= set(begins)
    assert (standing[begins[-1] :] == Standing.COUNTS).all()
    kept = np.flatnonzero(standing != Standing.REPLACED)
    owner = np.searchsorted(begins, kept, "right")
    by_place: dict[int, set[int]] = {}
    for place, attempt in zip(numbers[kept].tolist(), owner.tolist(), strict=True):
        by_place.setdefault(place, set()).add(attempt)
    assert set(by_place) == set(numbers[begins[-1] :].tolist()) | set(by_place)
    assert all(len(owners) == 1 for owners in by_place.values())


@given(st.lists(st.integers(1, 9), min_size=2, max_size=12), st.integers(0, 80))
def test_spans_are_taken_out(lengths: list[int], at: int) -> None:
    edges = np.cumsum(lengths[: len(lengths) // 2 * 2]).astype(float)
    spans = Spans(edges[0::2], edges[1::2])
    gone = np.zeros(200, bool)
    for first, end in zip(spans.first, spans.end, strict=True):
        gone[int(first) : int(end)] = True
    one = np.array([float(at)])
    assert spans.hold(one, one + 1)[0] == gone[at]
    assert spans.closed(one)[0] == np.count_nonzero(~gone[:at])


def test_a_step_that_begins_anew_without_a_word_is_left_as_it_is() -> None:
    """Begun again, or the next epoch: nobody can tell."""
    run = read(("train.log", [*steps(0, 40, 1.0), *steps(0, 40, 2.0)]))
    assert len(run.table) == len(run.drawn) == 82
    assert run.history.attempts == run.curve.attempts == ()
    assert run.engine.snapshot().metrics["loss"].count == 82


def test_where_run_json_says_that_it_was_begun_again_it_counts_anew() -> None:
    first = steps(0, 40, 1.0)
    size = sum(len(line) + 1 for line in first)
    run = read(("console.log", [*first, *steps(0, 20, 2.0)]), consoles=(0, size))
    assert run.drawn == [(float(n), 2.0) for n in range(21)]
    assert run.table == [(float(n), 2.0 if n < 21 else 1.0) for n in range(41)]
    appended = ("train.log", [*first, *steps(0, 20, 2.0)])
    assert read(appended, before={"train.log": size}).drawn == run.drawn


def test_batches_of_epochs_that_nobody_counts_are_all_kept() -> None:
    lines = [
        f"loss: {2.3 / (1 + epoch) - batch / 5000:.6f}  [{batch * 64 + 64:5d}/60000]"
        for epoch in range(3)
        for batch in range(0, 938, 50)
    ]
    run = read(("train.log", lines))
    assert len(run.history.columns["loss"]) == len(run.curve.x) == len(lines)
