"""Means, minima, maxima and curves are exactly those of the printed values."""

import itertools
import math
import re
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.feeding import Writing, case_files, read_files, read_lines, recorded, sample_cases
from trainwatch.model.series import Series
from trainwatch.model.stats import Extent

VALUES = st.lists(
    st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([math.nan, math.inf, 0.5]),
    max_size=300,
)
CUTS = st.lists(st.integers(0, 300), max_size=20)


def parts(values: list[float], cuts: list[int]) -> list[np.ndarray]:
    edges = sorted({0, len(values), *(cut for cut in cuts if cut < len(values))})
    array = np.array(values, dtype=np.float64)
    return [array[start:end] for start, end in itertools.pairwise(edges)]


# --- extents ----------------------------------------------------------------------------------


@given(VALUES, CUTS)
@example([1.7e308, 1.7e308], [1])
@example([-math.inf, math.nan], [])
def test_an_extent_is_that_of_numpy_whatever_the_chunks(
    values: list[float], cuts: list[int]
) -> None:
    whole, cut = Extent(), Extent()
    whole.add(np.array(values))
    for part in parts(values, cuts):
        cut.add(part)
    finite = np.array([value for value in values if math.isfinite(value)])

    assert repr(whole) == repr(cut)
    assert (whole.count, whole.nonfinite) == (len(values), len(values) - len(finite))
    assert repr(whole.last) == repr(values[-1] if values else None)
    if len(finite):
        assert (whole.minimum, whole.maximum) == (finite.min(), finite.max())
    else:
        assert (whole.minimum, whole.maximum, whole.mean) == (None, None, None)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300))
def test_a_mean_is_that_of_numpy(values: list[float]) -> None:
    extent = Extent()
    extent.add(np.array(values))

    assert extent.mean == pytest.approx(np.mean(values), rel=1e-12, abs=1e-9)


def test_a_sum_beyond_any_float_gives_no_mean_and_no_warning() -> None:
    extent, series = Extent(), Series(capacity=2)
    for value in (1.7e308, 1.7e308, -1.7e308, 1.7e308, 1.0):
        extent.add(np.array([value]))
        series.add(np.array([value]))

    assert extent.mean is None
    assert extent.maximum == 1.7e308
    assert math.isnan(series.points()[3][0])


@given(VALUES, VALUES)
def test_merging_two_ranks_is_adding_both(one: list[float], two: list[float]) -> None:
    first, second, both = Extent(), Extent(), Extent()
    first.add(np.array(one))
    second.add(np.array(two))
    both.add(np.array([*one, *two]))
    first.merge(second)

    assert (first.count, first.nonfinite) == (both.count, both.nonfinite)
    assert (first.minimum, first.maximum) == (both.minimum, both.maximum)


# --- series -----------------------------------------------------------------------------------


@given(VALUES, CUTS, st.sampled_from([2, 4, 8, 16, 64, 128]))
def test_the_buckets_of_a_series_bound_its_values_exactly(
    values: list[float], cuts: list[int], capacity: int
) -> None:
    series, whole = Series(capacity), Series(capacity)
    whole.add(np.array(values))
    for part in parts(values, cuts):
        series.add(part)
    x, low, high, mean, bad = series.points()

    for one, other in zip(series.points(), whole.points(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert series.count == len(values)
    assert len(x) <= capacity
    assert series.stride == whole.stride
    assert (series.stride & (series.stride - 1)) == 0
    assert len(x) == -(-len(values) // series.stride)
    for at in range(len(x)):
        bucket = values[at * series.stride : (at + 1) * series.stride]
        finite = [value for value in bucket if math.isfinite(value)]
        assert x[at] == at * series.stride
        assert bad[at] == len(bucket) - len(finite)
        if finite:
            assert (low[at], high[at]) == (min(finite), max(finite))
            small = max(map(abs, finite)) < 1e300
            if small:
                assert mean[at] == pytest.approx(np.mean(finite), rel=1e-9, abs=1e-9)
        else:
            assert np.isnan([low[at], high[at], mean[at]]).all()


def test_a_long_series_is_small_and_exact() -> None:
    series = Series()
    for start in range(0, 3_000_000, 1_000_000):
        series.add(np.arange(start, start + 1_000_000, dtype=np.float64))
    x, low, high, mean, _ = series.points()

    assert (series.count, len(x) <= 1024) == (3_000_000, True)
    np.testing.assert_array_equal(low, x)
    np.testing.assert_array_equal(high[:-1], x[1:] - 1)
    np.testing.assert_allclose(mean, (low + high) / 2)
    assert series._columns.nbytes < 50_000


# --- whole runs -------------------------------------------------------------------------------


def raw_losses(case: str) -> dict[tuple[int, int, str], list[float]]:
    """(attempt, epoch from 0, phase) → the losses that the per-rank logs print, by hand."""
    starts = sorted({re.findall(r"_(\d{8}_\d{6})\.log", name)[0] for name in rank_logs(case)})
    found = defaultdict(list)
    for name, data in rank_logs(case).items():
        attempt = starts.index(re.findall(r"_(\d{8}_\d{6})\.log", name)[0])
        epoch = -1
        for line in data.decode().split("\n"):
            marker = re.search(r"EPOCH (\d+) \w+ START", line)
            epoch = int(marker[1]) if marker else epoch
            step = re.search(r"(Training|Validation) step \d+, loss=(\S+)", line)
            if step:
                found[attempt, epoch, step[1]].append(float(step[2]))
    return found


def rank_logs(case: str) -> dict[str, bytes]:
    return {name: data for name, data in case_files(case).items() if "debug_rank" in name}


@pytest.mark.parametrize("case", [c for c in sample_cases() if c not in ("chinese", "info_only")])
def test_the_epochs_of_a_recorded_run_are_those_of_its_text(case: str) -> None:
    raw = raw_losses(case)
    view = recorded(case).view()
    alone = read_files(rank_logs(case)).view()
    first = min(epoch.epoch for epoch in view.epochs)

    keys = sorted({(attempt, epoch) for attempt, epoch, _ in raw})
    assert [(e.attempt, e.epoch - first) for e in view.epochs] == keys
    for epoch, key in zip(alone.epochs, keys, strict=True):
        losses = np.array(raw[*key, "Training"])
        finite = losses[np.isfinite(losses)]
        assert (epoch.attempt, epoch.epoch) == key
        assert (epoch.records, epoch.nonfinite) == (len(losses), len(losses) - len(finite))
        assert epoch.loss_mean == pytest.approx(finite.mean())
        assert (epoch.loss_min, epoch.loss_max) == (finite.min(), finite.max())
        validation = np.array(raw[*key, "Validation"])
        validation = validation[np.isfinite(validation)]
        expected = validation.mean() if len(validation) else None
        assert epoch.val_loss == (expected and pytest.approx(expected))


def test_the_logs_own_summary_goes_before_what_was_computed() -> None:
    view = recorded("chinese").view()

    assert [(e.epoch, e.stated, e.complete, e.records) for e in view.epochs] == [
        (1, True, True, 87),
        (2, True, True, 87),
        (3, True, True, 87),
    ]
    text = case_files("chinese")["log/training_20261123_013939.log"].decode()
    for name, pattern in [
        ("loss_mean", r"平均损失: (\S+)"),
        ("loss_min", r"最小Batch损失: (\S+)"),
        ("loss_max", r"最大Batch损失: (\S+)"),
        ("lr", r"学习率: (\S+)"),
        ("seconds", r"本epoch用时: (\S+)秒"),
    ]:
        stated = [float(value) for value in re.findall(pattern, text)]
        assert [getattr(epoch, name) for epoch in view.epochs] == stated


def test_an_epoch_of_nothing_but_nan_has_no_mean() -> None:
    lines = [
        "[Rank 0] ========== EPOCH 0 TRAINING START ==========",
        *[f"[Rank 0] Training step {n}, loss=nan" for n in range(4)],
    ]
    (epoch,) = read_lines(lines).view().epochs

    assert (epoch.records, epoch.nonfinite) == (4, 4)
    assert (epoch.loss_mean, epoch.loss_min, epoch.loss_max) == (None, None, None)


def test_an_epoch_takes_as_long_as_its_records_say() -> None:
    lines = [
        "2023-12-03 14:00:00,000 [DEBUG] [Rank 0] ========== EPOCH 0 TRAINING START ==========",
        "2023-12-03 14:00:10,500 [DEBUG] [Rank 0] Training step 0, loss=1",
        "2023-12-03 14:01:10,250 [DEBUG] [Rank 0] Training step 500, loss=1",
        "2023-12-03 14:02:00,000 [DEBUG] [Rank 0] ========== EPOCH 1 TRAINING START ==========",
    ]
    (epoch,) = read_lines(lines).view().epochs

    assert epoch.seconds == pytest.approx(59.75)


def test_curves_carry_epochs_and_attempts() -> None:
    view = recorded("resumed").view()
    curve = next(curve for curve in view.curves if curve.metric == "loss")

    assert curve.who.rank == 0
    # The epochs carry the numbers of the table of epochs: those of the log that states the totals.
    # 13 records were trained again: they are beside the curve.
    assert curve.epochs == ((0, 1.0), (60, 2.0), (120, 3.0))
    assert curve.attempts == (75,)
    np.testing.assert_array_equal(curve.x, np.arange(180))
    assert curve.left is not None
    np.testing.assert_array_equal(curve.left.x, np.arange(75, 88))


def test_a_step_that_begins_anew_each_epoch_is_no_place_in_the_run() -> None:
    lines = [
        f"[DEBUG] [Rank 0] {text}"
        for epoch in range(2)
        for text in (
            f"========== EPOCH {epoch} TRAINING START ==========",
            *(f"Training step {step}, loss=0.5" for step in range(3)),
        )
    ]
    (curve,) = read_lines(lines).view().curves

    assert np.isnan(curve.steps).all()
    np.testing.assert_array_equal(curve.x, np.arange(6))


def test_the_state_of_a_long_run_is_bounded() -> None:
    writing = Writing()
    for turn in range(12):
        lines = "".join(
            f"Epoch [{1 + n % 7}/9] - 进度 0.0% (0/9) - Batch Loss: 0.5 - LR: 0.1\n"
            for n in range(200)
        )
        writing.write("console.log", lines, 1000.0 + turn)
    (stream,) = writing.reading.engine.run.streams()

    assert stream.records == 2400
    assert len(stream.epochs.items()) <= 2000
    assert len(stream.marks) <= 2000
    assert len(stream.epoch_marks) <= 2000
    assert len(writing.reading.engine.run.recent) <= 1000


def test_shares_of_epochs_are_summed_up_by_whole_epochs() -> None:
    """As Hugging Face prints them; a second attempt goes on within the second epoch."""
    shares = [n / 8 for n in (*range(1, 13), *range(11, 18))]
    lines = [
        f"{{'loss': {3 - e}, 'learning_rate': {1e-4 / (1 + e)}, 'epoch': {e}}}" for e in shares
    ]
    view = read_lines([*lines, "done"]).view()  # the next line ends a record
    assert [(e.attempt, e.epoch, e.records, e.complete) for e in view.epochs] == [
        (0, 1, 8, True),
        (0, 2, 4, False),
        (1, 2, 6, True),
        (1, 3, 1, False),
    ]
    assert view.epochs[0].loss_mean == pytest.approx(3 - 4.5 / 8)
    curve = next(curve for curve in view.curves if curve.metric == "loss")
    assert curve.epochs == ((0, 1.0), (8, 2.0), (16, 3.0))
    assert curve.attempts == (10,)
    assert len(curve.x) == 17
