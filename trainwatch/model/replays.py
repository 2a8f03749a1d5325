"""Which records of a run count where a later attempt goes through the same steps again.

An attempt that goes on from a checkpoint repeats the steps that the one before it made after that
checkpoint. The later attempt's records replace them, also those between two of its records that
follow each other as usual, for not all attempts print the same steps. What the earlier one made
beyond is *ahead*: no later attempt has come there yet. A table keeps it, a curve of the present run
leaves it out.

One decision for `metrics.csv`, the report, the dashboard and `status`: functions of columns, which
are exact where every record is in them, and as fine as a curve where only some are.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

STEADY, BEHIND = 8, 3
"""Records in a row that must rise, and of those the first that must stand behind the highest place
before it is a new attempt: a line that comes late, or a summary that names an earlier step, is none."""


class Standing(IntEnum):
    """What became of a record."""

    COUNTS = 0
    REPLACED = 1
    AHEAD = 2


class Places(NamedTuple):
    """Where records stand in the order of training.

    Attributes:
        numbers: The same for the same place, more for a later one.
        follows: Whether it follows the record above it at no more than the usual distance, so that
            no record of theirs is missing in between.
    """

    numbers: Numbers
    follows: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.numbers)


def run_wide(epochs: Array, steps: Array, told: Iterable[int] = ()) -> bool:
    """Whether steps count over the whole run and not within each epoch.

    Args:
        epochs: NaN where not stated.
        steps: Likewise.
        told: As for `attempts`.
    """
    if np.isnan(steps).any() or not len(steps):
        return False
    known = ~np.isnan(epochs)
    if not known.any():
        return not _begins_anew(steps, frozenset(told))
    numbers, which = np.unique(np.floor(epochs[known]), return_inverse=True)
    low, high = np.full(len(numbers), np.inf), np.full(len(numbers), -np.inf)
    np.minimum.at(low, which, steps[known])
    np.maximum.at(high, which, steps[known])
    return bool((low[1:] > high[:-1]).all())


def _begins_anew(steps: Array, told: frozenset[int]) -> bool:
    """Whether a number goes back to its beginning and nothing says that an attempt does.

    Without epochs that may be a training begun again or the next epoch of one: nobody can tell.
    """
    lowest = np.minimum.accumulate(steps)
    falls = (row for row in _returns(steps) if row not in told)
    return any(steps[row] <= lowest[row - 1] for row in falls)


def ranked(epochs: Array, steps: Array) -> Places:
    """The places of records, in the order of the log.

    Args:
        epochs: NaN where not stated, which stands before all.
        steps: Likewise, within their epoch.
    """
    epoch, step = np.nan_to_num(epochs, nan=-1.0), np.nan_to_num(steps, nan=-1.0)
    order = np.lexsort((step, epoch))
    further = (np.diff(epoch[order]) != 0) | (np.diff(step[order]) != 0)
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.concatenate(([0], np.cumsum(further)))[: len(order)]
    return Places(numbers, _follows(epoch, step))


def _follows(epoch: Array, step: Array) -> NDArray[np.bool_]:
    within, between = np.diff(step), np.diff(np.floor(epoch))
    forward = within[(between == 0) & (within > 0)]
    usual = float(np.median(forward)) if len(forward) else 0.0
    near = np.where(between == 0, (within >= 0) & (within < 2 * usual), between == 1)
    return np.append([False], near)[: len(step)]


def attempts(places: Places, told: Iterable[int], beside: Iterable[int] = ()) -> list[int]:
    """Rows at which an attempt begins, the first one's 0 included.

    Args:
        places: In the order of the log.
        told: Rows at which one is known to begin: by a marker, by another log, by `run.json`.
        beside: Rows with which another log of the same attempt begins.
    """
    begins = {0, *(row for row in told if 0 < row < len(places))}
    numbers = places.numbers
    anew = begins.union(beside)
    highest, seen = -1, 0
    for row in sorted(anew.union(_returns(numbers))):
        highest, seen = max(highest, int(numbers[seen:row].max(initial=-1))), row
        if row not in anew and (numbers[row : row + BEHIND] < highest).all():
            begins.add(row)
        if row in begins or row in anew:
            highest = -1
    return sorted(begins)


def _returns(places: Numbers | Array) -> list[int]:
    """Rows at which places go back and then rise steadily."""
    rises = np.concatenate(([0], np.cumsum(np.diff(places) > 0)))
    rows = np.flatnonzero(np.diff(places) < 0) + 1
    rows = rows[rows + STEADY <= len(places)]
    steady: list[int] = rows[rises[rows + STEADY - 1] - rises[rows] == STEADY - 1].tolist()
    return steady


def settle(places: Places, begins: Sequence[int]) -> NDArray[np.int8]:
    """What became of each record, as `Standing`.

    Args:
        places: In the order of the log.
        begins: Rows at which attempts begin, in order, from 0.
    """
    standing = np.zeros(len(places), np.int8)
    if len(begins) < 2:  # noqa: PLR2004 - one attempt replaces nothing
        return standing
    covered = np.zeros(int(places.numbers.max()) + 1, bool)
    reach: int | None = None
    for begin, end in reversed(list(zip(begins, [*begins[1:], len(places)], strict=True))):
        part = places.numbers[begin:end]
        if not len(part):
            continue
        reach = int(part.max()) if reach is None else reach
        standing[begin:end] = np.where(
            covered[part], Standing.REPLACED, np.where(part > reach, Standing.AHEAD, 0)
        )
        covered |= _covered(part, places.follows[begin + 1 : end], len(covered))
    return standing


def _covered(part: Numbers, follows: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """Which places an attempt has gone through: its records', and those between two of them."""
    edges = np.zeros(size + 1, np.int64)
    np.add.at(edges, part, 1)
    np.add.at(edges, part + 1, -1)
    np.add.at(edges, part[:-1][follows], 1)
    np.add.at(edges, part[1:][follows], -1)
    return np.cumsum(edges[:-1]) > 0
