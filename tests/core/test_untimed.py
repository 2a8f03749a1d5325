"""A log without times that is read at once: what its run's start tells of its rhythm."""

import pytest

from trainwatch.engine import Engine
from trainwatch.events import Chunk, FileEnded, LogFile, RunInfo
from trainwatch.model.snapshot import RunView, Status

BEGAN = 1_795_000_000.0


def seen(records: int, *, took: float, silent: float, started: float | None = BEGAN) -> RunView:
    text = "".join(
        f"iter {10 * at}: loss {2 - at / 100:.4f}, time 33.1ms\n" for at in range(records)
    )
    engine = Engine(RunInfo("run", id="x", alive=True, started=started))
    written = BEGAN + took
    engine.feed(Chunk(LogFile("console.log"), 0, text.encode(), written))
    engine.feed(FileEnded(LogFile("console.log"), "read to its end"))
    engine.tick(written + silent)
    return engine.snapshot()


@pytest.mark.parametrize(
    ("records", "took", "silent", "status"),
    [
        (60, 30.0, 100.0, Status.RUNNING),
        (60, 30.0, 130.0, Status.STALLED),
        (12, 3600.0, 3000.0, Status.STALLED),  # no slower than without a start
        (4, 30.0, 130.0, Status.RUNNING),
        (60, 6000.0, 550.0, Status.RUNNING),  # a record in 100 s
    ],
)
def test_the_limit_follows_the_mean_gap(
    records: int, took: float, silent: float, status: Status
) -> None:
    assert seen(records, took=took, silent=silent).status is status


def test_without_a_start_it_is_given_the_time_of_one_that_begins() -> None:
    assert seen(60, took=30.0, silent=130.0, started=None).status is Status.RUNNING


def test_steps_that_several_ranks_print_alike_give_no_rate() -> None:
    lines = [
        f"2026-11-25 14:43:{at:02},{100 + rank} INFO train: epoch 0 batch {10 * at}/128 loss 1.{at}{rank}\n"
        for at in range(12)
        for rank in range(2)
    ]
    engine = Engine(RunInfo("run"))
    engine.feed(Chunk(LogFile("console.log"), 0, "".join(lines).encode(), BEGAN))
    engine.feed(FileEnded(LogFile("console.log"), "read to its end"))
    engine.tick(BEGAN)
    assert engine.snapshot().steps_per_second is None


def test_how_far_it_came_is_known_after_a_failure_that_alone_names_ranks() -> None:
    text = (
        "iter 50: loss 1.2486, time 33.1ms\niter 60: loss 1.2186, time 33.1ms\n"
        '[rank1]: Traceback (most recent call last):\n[rank1]:   File "/w/t.py", line 3, in f\n'
        "[rank1]: ValueError: no\n"
    )
    engine = Engine(RunInfo("run", exit_code=1, alive=False))
    engine.feed(Chunk(LogFile("console.log"), 0, text.encode(), BEGAN))
    engine.feed(FileEnded(LogFile("console.log"), "read to its end"))
    engine.tick(BEGAN)
    view = engine.snapshot()
    assert (view.status, view.step) == (Status.FAILED, 60)
