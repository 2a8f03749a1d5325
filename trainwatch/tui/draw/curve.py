"""A metric's curve in cells: decimated to the columns there are, then drawn by plotext.

Only the canvas is plotext's; the frame is drawn here, because it carries what must not be lost:
records that are NaN or infinite, where an attempt began, and what did not fit.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwatch.model.snapshot import CurveView

Floats = NDArray[np.float64]

DOTS = 2
"""Braille columns in a cell."""

_DOT_ROWS = 4

_OUTLIER = 20.0
_USUAL = 0.95
_SCALE_STEPS = tuple(10 ** (step / 24) for step in range(24))


@dataclass(frozen=True, slots=True, eq=False)
class Decimated:
    """A curve on so many columns of dots.

    Attributes:
        columns: How many.
        at: The columns that have values, ascending.
        low, high: Of the finite values in each of them.
        bottom, top: Limits to draw within.
        peak: The largest value, where it was left outside of the limits.
        nonfinite: Columns with NaN or infinite values.
        attempts: Columns at which an attempt begins, but the first.
        epochs: Columns at which an epoch begins, with its number.
        last: Ordinal of the last record.
    """

    columns: int
    at: NDArray[np.int64]
    low: Floats
    high: Floats
    bottom: float
    top: float
    peak: float | None
    nonfinite: NDArray[np.int64]
    attempts: tuple[int, ...]
    epochs: tuple[tuple[int, float], ...]
    last: float

    @property
    def picture(self) -> tuple[object, ...]:
        """What the canvas depends on; equal for two that look the same."""
        arrays = (self.at, self.low, self.high, self.nonfinite)
        bits = tuple(array.tobytes() for array in arrays)
        return (self.columns, self.bottom, self.top, self.attempts, *bits)


def decimate(curve: CurveView, columns: int) -> Decimated | None:
    """The smallest and the largest value of each column; None when there is nothing to place."""
    if not len(curve.x):
        return None
    start, end = float(curve.x[0]), float(curve.x[-1])
    scale = steady_scale(end - start + 1, columns)

    def column(ordinals: Floats) -> NDArray[np.int64]:
        return np.clip((ordinals - start) * scale, 0, columns - 1).astype(np.int64)

    at, low, high = extremes(column(curve.x), curve.low, curve.high)
    bottom, top, peak = limits(low, high)
    return Decimated(
        columns=columns,
        at=at,
        low=low,
        high=high,
        bottom=bottom,
        top=top,
        peak=peak,
        nonfinite=np.unique(column(curve.nonfinite)),
        attempts=tuple(int(c) for c in column(np.array(curve.attempts, float)) if c > 0),
        epochs=_placed(curve.epochs, column),
        last=end,
    )


def steady_scale(records: float, columns: int) -> float:
    """Columns of dots a record, such that it stays the same while a run grows by some per cent.

    Otherwise every new record would shift the whole curve: a full repaint for one more dot. The
    right end stays blank for what is to come.
    """
    if records <= columns:
        return _not_above(columns / records)
    return 1 / _not_below(records / columns)


def _not_above(value: float) -> float:
    """The largest of 24 steps a decade that is not larger."""
    power = 10.0 ** math.floor(math.log10(value))
    return power * max(step for step in _SCALE_STEPS if step <= value / power)


def _not_below(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return power * min(step for step in (*_SCALE_STEPS, 10.0) if step >= value / power)


def _placed(
    epochs: Sequence[tuple[int, float]], column: Callable[[Floats], NDArray[np.int64]]
) -> tuple[tuple[int, float], ...]:
    places = column(np.array([ordinal for ordinal, _ in epochs], float))
    return tuple((int(c), number) for c, (_, number) in zip(places, epochs, strict=True))


def extremes(
    columns: NDArray[np.int64], low: Floats, high: Floats
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """The columns that have finite values, with the smallest and the largest of each.

    Args:
        columns: Ascending.
        low: The smallest value of each bucket.
        high: The largest.
    """
    finite = np.isfinite(low) & np.isfinite(high)
    columns, low, high = columns[finite], low[finite], high[finite]
    if not len(columns):
        return columns, low, high
    first = np.flatnonzero(np.diff(columns, prepend=-1))
    return columns[first], np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)


def limits(low: Floats, high: Floats) -> tuple[float, float, float | None]:
    """Bottom, top, and the peak where an explosion would flatten all the rest."""
    if not len(low):
        return 0.0, 1.0, None
    bottom, top = float(low.min()), float(high.max())
    usual = float(np.sort(high)[int(len(high) * _USUAL)])  # np.quantile imports numpy.ma: 10 ms
    height = usual - bottom
    if height > 0 and top - bottom > _OUTLIER * height:
        return bottom, usual + height / 4, top
    if bottom == top:
        margin = abs(top) * 0.1 or 1.0
        return bottom - margin, top + margin, None
    return bottom, top, None


def path(of: Decimated, dots: int) -> tuple[list[float], list[float], list[int]]:
    """The points of one pen stroke, and before which of them the pen is lifted.

    A column whose band is within one of so many rows of dots is one point. Each column is gone through alternately upwards and downwards, so that the strokes between
    columns run along the edges of the band.
    """
    high, low = np.minimum(of.high, of.top), np.minimum(of.low, of.top)
    odd = np.arange(len(of.at)) % 2 == 1
    x = np.repeat(of.at, 2).astype(float)
    y = np.empty(2 * len(of.at))
    y[0::2], y[1::2] = np.where(odd, high, low), np.where(odd, low, high)
    kept = np.ones(len(x), bool)
    kept[1::2] = high - low > (of.top - of.bottom) / dots / 2
    first = np.cumsum(kept)[0::2] - 1
    lifted = first[1:][np.isin(of.at[1:], _after(of))]
    return x[kept].tolist(), y[kept].tolist(), lifted.tolist()


def _after(of: Decimated) -> NDArray[np.int64]:
    """The first columns after a break: a new attempt, or values that were not finite."""
    breaks = np.union1d(np.array(of.attempts, np.int64), of.nonfinite)
    following = np.searchsorted(of.at, breaks)
    return of.at[following[following < len(of.at)]]


def canvas(of: Decimated, height: int) -> list[str]:
    """The braille rows; takes plotext's only figure, so from one thread at a time."""
    import plotext  # noqa: PLC0415  (0.06 s or more, and the first frame does without)

    width = of.columns // DOTS
    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    figure.plot_size(width, height)
    figure.axes(False)
    for axis, (first, last) in enumerate(((0, of.columns - 1), (of.bottom, of.top))):
        figure.ruler(axis).ticks([])
        figure.ruler(axis).lim(first, last)
    x, y, lifted = path(of, height * _DOT_ROWS)
    signal = figure.signal(x, y, marker="braille").lines(True)
    for index in lifted:
        signal.line(index, False)
    rows = str(figure.draw(signal).build().string(colorless=True)).split("\n")[:height]
    return [row.ljust(width)[:width] for row in rows]
