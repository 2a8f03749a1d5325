"""Sums of stretches of values, taken in order: so no cut and no engine changes a mean by a bit."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Places = NDArray[np.int64]
Adder = Callable[[Array, Places, Array], None]
"""Adds each stretch of values, told by where it begins, to its total, one value after another."""


def plain_sums(values: Array, starts: Places, totals: Array) -> None:
    """As `Adder`; numpy's own sums are pairwise, but it counts in order."""
    if not len(starts):
        return
    # An empty stretch has no value to count, a stretch begins with its total.
    where = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(values)))
    whole = np.insert(values, starts, totals)
    places = np.insert(where, starts, np.arange(len(starts)))
    totals[:] = np.bincount(places, weights=whole, minlength=len(starts))


add_up: Adder = plain_sums
"""What is used; the engine puts a faster one here, where it was built."""


def use(adder: Adder) -> None:
    """Take another one that gives the same."""
    global add_up  # noqa: PLW0603 - one for the process
    add_up = adder


def summed(values: Array, starts: Places, totals: ArrayLike) -> Array:
    """The totals with their stretches of values added; beyond any float they are infinite or NaN."""
    result = np.array(totals, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        add_up(np.ascontiguousarray(values), starts, result)
    return result
