"""Sums in order: the same to the last bit by every engine, however the values are cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwatch.model.sums import plain_sums
from trainwatch.parsing import native

VALUES = st.lists(st.floats(-1e300, 1e300) | st.floats(), max_size=60)


def by_hand(values: list[float], starts: list[int], totals: list[float]) -> list[float]:
    results = []
    for total, start, end in zip(totals, starts, [*starts[1:], len(values)], strict=True):
        for value in values[start:end]:
            total += value  # noqa: PLW2901 - a sum
        results.append(total)
    return results


@pytest.mark.parametrize("engine", ["plain", "native"])
@given(VALUES, st.lists(st.integers(0, 60), min_size=1, max_size=8), st.floats(0, 1e9))
def test_stretches_are_added_up_one_value_after_another(
    engine: str, values: list[float], cuts: list[int], total: float
) -> None:
    adder = plain_sums if engine == "plain" else native.sums
    if adder is None:
        pytest.skip("the native scanner was not built")
    starts = sorted({0, *(cut for cut in cuts if cut < len(values))})
    totals = np.array([total] * len(starts))
    expected = by_hand(values, starts, totals.tolist())
    with np.errstate(over="ignore", invalid="ignore"):
        adder(np.array(values, dtype=float), np.array(starts, dtype=np.int64), totals)

    assert repr(totals.tolist()) == repr(expected).replace("-nan", "nan")


@pytest.mark.skipif(native.sums is None, reason="the native scanner was not built")
@pytest.mark.parametrize("starts", [[-1], [0, 5], [0, 2, 1], [4]])
def test_stretches_that_do_not_fit_are_refused(starts: list[int]) -> None:
    assert native.sums is not None
    with pytest.raises(ValueError, match="do not fit"):
        native.sums(np.zeros(3), np.array(starts, dtype=np.int64), np.zeros(len(starts)))
