"""A rank's own rhythm, from which its silences are judged."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.feeding import MTIME, Writing
from trainwatch.events import Phase
from trainwatch.model.rhythm import ENOUGH, WINDOW, Rhythm

TRAINING, VALIDATION = (Phase.TRAINING, False), (Phase.VALIDATION, False)


def regular(gap: float, count: int) -> Rhythm:
    rhythm = Rhythm()
    rhythm.add(TRAINING, np.arange(count) * gap, TRAINING)
    return rhythm


@pytest.mark.parametrize("gap", [0.01, 1.0, 60.0, 3600.0])
def test_a_regular_rank_has_its_gap_as_its_rhythm(gap: float) -> None:
    assert regular(gap, 50).usual(TRAINING, 0.95) == pytest.approx(gap)


def test_a_phase_with_few_gaps_has_no_history() -> None:
    assert regular(1.0, ENOUGH).usual(TRAINING, 0.95) is None
    assert regular(1.0, ENOUGH + 1).usual(TRAINING, 0.95) == 1.0
    assert regular(1.0, 50).usual(VALIDATION, 0.95) is None


def test_a_few_long_pauses_do_not_change_what_is_usual() -> None:
    rhythm = Rhythm()
    times = np.cumsum([1.0] * 97 + [1000.0] * 3)
    rhythm.add(TRAINING, times, TRAINING)

    assert rhythm.usual(TRAINING, 0.95) == 1.0


def test_a_clock_that_was_set_back_gives_no_gap() -> None:
    rhythm = Rhythm()
    rhythm.add(TRAINING, np.array([100.0, 101.0, 50.0, 51.0, 52.0]), TRAINING)

    assert rhythm.history(TRAINING) == 3


def test_a_record_without_a_time_gives_no_gap_to_either_side() -> None:
    rhythm = Rhythm()
    rhythm.add(TRAINING, np.array([1.0, math.nan, 3.0, 4.0]), TRAINING)

    assert rhythm.history(TRAINING) == 1


def test_the_pause_of_a_restart_is_no_gap() -> None:
    rhythm = regular(1.0, 3)
    rhythm.pause()
    rhythm.add(TRAINING, np.array([10_000.0, 10_001.0]), TRAINING)

    assert rhythm.history(TRAINING) == 3


def test_only_the_newest_gaps_are_remembered() -> None:
    rhythm = regular(1.0, 10 * WINDOW)
    rhythm.add(TRAINING, 10 * WINDOW + np.arange(WINDOW + 1) * 9.0, TRAINING)

    assert rhythm.usual(TRAINING, 0.5) == 9.0
    assert len(rhythm._gaps[TRAINING]) == WINDOW


@given(
    st.lists(st.floats(0, 1e9) | st.just(math.nan), min_size=1, max_size=400),
    st.lists(st.integers(0, 400)),
)
def test_a_rhythm_does_not_depend_on_chunks(times: list[float], cuts: list[int]) -> None:
    whole, cut = Rhythm(), Rhythm()
    whole.add(TRAINING, np.array(times), TRAINING)
    edges = sorted({0, len(times), *(at for at in cuts if at < len(times))})
    for start, end in itertools.pairwise(edges):
        cut.add(TRAINING, np.array(times[start:end]), TRAINING)

    whole.settle()
    cut.settle()
    assert repr(vars(whole)) == repr(vars(cut))


STEP = "[Rank 0] Training step {}, loss=0.5"


def rhythm_of(writing: Writing) -> Rhythm:
    (stream,) = writing.reading.engine.run.streams()
    return stream.rhythm


def test_arrivals_are_the_clock_of_a_log_without_times() -> None:
    writing = Writing()
    for n in range(10):
        writing.line("debug_rank0_x.log", STEP.format(n), MTIME + 3.0 * n)

    assert rhythm_of(writing).usual(TRAINING, 0.95) == 3.0


def test_what_arrives_at_once_has_no_gaps() -> None:
    writing = Writing()
    for n in range(6):
        burst = "".join(f"{STEP.format(100 * n + m)}\n" for m in range(100))
        writing.write("debug_rank0_x.log", burst, MTIME + 30.0 * n)

    assert rhythm_of(writing).usual(TRAINING, 0.5) == 30.0


def test_a_log_that_was_there_before_has_only_the_times_that_it_states() -> None:
    writing = Writing()
    for n in range(10):
        writing.write("debug_rank0_x.log", f"{STEP.format(n)}\n", MTIME + 3.0 * n, live=False)

    assert rhythm_of(writing).history(TRAINING) == 0


def test_arrivals_and_stated_times_are_never_mixed() -> None:
    writing = Writing()
    for n in range(8):
        writing.line("debug_rank0_x.log", STEP.format(n), MTIME + n)
    for n in range(8):  # a clock that is years away
        stamp = f"2023-12-03 14:30:{n:02d},000 [DEBUG] "
        writing.line("debug_rank0_x.log", stamp + STEP.format(8 + n), MTIME + 8 + n)
        writing.line("debug_rank0_x.log", STEP.format(8 + n), MTIME + 8 + n)
    (stream,) = writing.reading.engine.run.streams()

    assert rhythm_of(writing).usual(TRAINING, 1.0) == 1.0
    assert stream.latest - stream.first == 7.0
