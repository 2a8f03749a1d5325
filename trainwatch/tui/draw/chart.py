"""Several curves over one axis, seen through a lens: which axis, which part of it, how smooth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from trainwatch.model.snapshot import CurveView
from trainwatch.tui.draw.curve import DOTS, Decimated, extremes, limits, steady_scale
from trainwatch.tui.draw.line import Line, Part, Tone, line
from trainwatch.tui.draw.plot import Canvas, merged
from trainwatch.tui.draw.words import brief, count, exact, number

Floats = NDArray[np.float64]
_MARGIN = 10
_BLANK = " ⠀"
_FEWEST_ROWS, _FEWEST_CELLS = 3, 12


class Axis(StrEnum):
    """What stands along the bottom."""

    STEP = "step"
    EPOCH = "epoch"
    TIME = "time"


SMOOTHING = (0.0, 0.8, 0.95, 0.99)
"""Shares of the past in each smoothed value; 0 is none."""


@dataclass(frozen=True, slots=True)
class Lens:
    """How curves are looked at.

    Attributes:
        axis: Along the bottom.
        smoothing: One of `SMOOTHING`.
        log: Whether the values stand on a logarithmic scale.
        start, end: The part of the axis that is seen, as shares of the whole.
    """

    axis: Axis = Axis.STEP
    smoothing: float = 0.0
    log: bool = False
    start: float = 0.0
    end: float = 1.0

    def zoomed(self, factor: float) -> "Lens":
        """Closer for a factor below 1, about the middle; the newest end stays where it is seen."""
        width = min(max((self.end - self.start) * factor, 1 / 512), 1.0)
        if self.end >= 1.0:
            return replace(self, start=1.0 - width, end=1.0)
        middle = (self.start + self.end) / 2
        start = min(max(middle - width / 2, 0.0), 1.0 - width)
        return replace(self, start=start, end=start + width)

    def panned(self, by: float) -> "Lens":
        """Along the axis by a share of what is seen."""
        width = self.end - self.start
        start = min(max(self.start + by * width, 0.0), 1.0 - width)
        return replace(self, start=start, end=start + width)

    @property
    def whole(self) -> bool:
        """Whether all of the axis is seen."""
        return self.start <= 0.0 and self.end >= 1.0


@dataclass(frozen=True, slots=True)
class Layer:
    """One curve in one tone; later layers cover earlier ones, and `Tone.REST` none.

    Attributes:
        name: In the legend.
        began: Seconds of the first value of its run, from which an axis of time counts.
    """

    curve: CurveView
    tone: Tone
    name: str = ""
    began: float = 0.0


def places(curve: CurveView, axis: Axis, began: float = 0.0) -> Floats:
    """Where the buckets of a curve stand on an axis; NaN where that is not known."""
    if axis is Axis.EPOCH and len(curve.fine_epochs):
        return _spread(curve)
    if axis is Axis.TIME and len(curve.seconds):
        return curve.seconds - began
    if axis is Axis.STEP:
        stated = len(curve.steps) and bool(np.isfinite(curve.steps).any())
        return curve.steps if stated else curve.x
    return np.full(len(curve.x), np.nan)


def _spread(curve: CurveView) -> Floats:
    """Epochs with the share that is done: as stated, else measured by where the next one begins.

    Without either all of an epoch would stand at one place. The newest epoch is taken to be as long
    as the one before.
    """
    fine = curve.fine_epochs
    begun = {number: start for start, number in reversed(curve.epochs)}  # the first time counts
    numbers = sorted(begun)
    starts = np.array([begun[number] for number in numbers], float)
    lengths = np.diff(starts)
    stated = bool((fine[np.isfinite(fine)] % 1).any())
    if stated or not len(lengths) or not (lengths > 0).all():
        return fine
    last = max(lengths[-1], float(curve.x[-1]) - starts[-1])
    even = np.interp(curve.x, [*starts, starts[-1] + last], [*numbers, numbers[-1] + 1])
    return np.where(np.isfinite(fine), even, np.nan)


def known(curve: CurveView, axis: Axis) -> bool:
    """Whether the log says enough to draw a curve over an axis."""
    return bool(np.isfinite(places(curve, axis)).any())


def smoothed(values: Floats, share: float) -> Floats:
    """An exponential mean that begins at the first value; NaN where there was none."""
    done = np.full(len(values), np.nan)
    mean = math.nan
    for at, value in enumerate(values.tolist()):
        if math.isfinite(value):
            mean = value if math.isnan(mean) else share * mean + (1 - share) * value
            done[at] = mean
    return done


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A part of a curve as it is drawn: where, between which values, in which tone."""

    x: Floats
    low: Floats
    high: Floats
    tone: Tone


def _stretches(layers: Sequence[Layer], lens: Lens) -> list[_Stretch]:
    made = []
    for layer in layers:
        curve, x = layer.curve, places(layer.curve, lens.axis, layer.began)
        smooth = lens.smoothing > 0 and layer.tone is not Tone.REST and _many(curve)
        raw = _Stretch(x, curve.low, curve.high, Tone.REST if smooth else layer.tone)
        made.append(_together(raw, curve) or raw)
        if smooth:
            mean = smoothed(curve.mean, lens.smoothing)
            made.append(_Stretch(x, mean, mean, layer.tone))
    made.sort(key=lambda one: _DEPTHS.get(one.tone, len(_DEPTHS)))
    return [_logarithmic(one) for one in made] if lens.log else made


def _together(of: _Stretch, curve: CurveView) -> _Stretch | None:
    """The mean of each place, where places are far apart, as those of validations are.

    A band over so few places would be drawn as a line that jumps from one of its edges to the other.
    """
    gaps = np.sort(np.diff(np.unique(curve.x)))
    if not len(gaps) or gaps[len(gaps) // 2] <= _APART * curve.bucket:
        return None
    known = np.isfinite(of.x) & np.isfinite(curve.mean)
    places, which = np.unique(of.x[known], return_inverse=True)
    middle = np.bincount(which, weights=curve.mean[known]) / np.maximum(np.bincount(which), 1)
    return replace(of, x=places, low=middle, high=middle)


_APART = 4
"""Records between two places, from which on they are far apart."""

_DEPTHS = {Tone.REST: 0, Tone.GOOD: 1, Tone.NOTE: 1}
"""What is drawn first, and covered: raw values, then another run's."""

_FEWEST_TO_SMOOTH = 24


def _many(curve: CurveView) -> bool:
    """Whether a mean over the past is of use: of one value an epoch it would be far behind."""
    return int(np.isfinite(curve.mean).sum()) >= _FEWEST_TO_SMOOTH


def _logarithmic(of: _Stretch) -> _Stretch:
    low, high = (np.where(values > 0, values, np.nan) for values in (of.low, of.high))
    return replace(of, low=np.log10(low), high=np.log10(high))


def draw(
    layers: Sequence[Layer], lens: Lens, width: int, height: int, canvas: Canvas
) -> list[Line]:
    """The chart in so many cells; nothing where that is too small for a picture."""
    inner, rows = width - _MARGIN, height - 2
    stretches = _stretches(layers, lens)
    found = _span(stretches, lens, inner)
    if rows < _FEWEST_ROWS or inner < _FEWEST_CELLS or found is None:
        return []
    columns = inner * DOTS
    placed = [_placed(one, found, columns) for one in stretches]
    bottom, top, peak = limits(
        np.concatenate([low for _, low, _ in placed]), np.concatenate([high for *_, high in placed])
    )
    pictures = [
        (canvas(_decimated(one, columns, (bottom, top)), rows), stretch.tone)
        for one, stretch in zip(placed, stretches, strict=True)
        if len(one[0])
    ]
    labels = _labels(bottom, top, rows, log=lens.log)
    body = [
        line(
            (f"{labels.get(y, ''):>8} ", Tone.DIM),
            ("┤" if y in labels else "│", Tone.RULE),
            *_overlaid([(picture[y], tone) for picture, tone in pictures], inner),
        )
        for y in range(rows)
    ]
    if peak is not None:
        shown = number(10**peak if lens.log else peak)
        body[0] = line(body[0], (f" ▲ up to {shown}", Tone.BAD))
    return [
        *body,
        _marks(layers, lens, found, inner),
        _ticks(found, inner, lens.axis, _unit(layers, lens.axis)),
    ]


def _span(stretches: Sequence[_Stretch], lens: Lens, inner: int) -> tuple[float, float] | None:
    """From where to where, in units of the axis; its end moves in steps while a run grows."""
    all_x = np.concatenate([one.x[np.isfinite(one.x)] for one in stretches] or [np.empty(0)])
    if not len(all_x):
        return None
    start, end = float(all_x.min()), float(all_x.max())
    if lens.whole:
        size = max(end - start, 1e-9)
        return start, start + inner * DOTS / steady_scale(size, inner * DOTS)
    size = end - start
    return start + lens.start * size, start + lens.end * size + 1e-9


def _columns(x: Floats, span: tuple[float, float], columns: int) -> NDArray[np.int64]:
    with np.errstate(invalid="ignore"):
        scaled = (x - span[0]) / (span[1] - span[0]) * columns
        scaled[~((scaled >= 0) & (scaled < columns + 1e-6))] = -1
    return np.minimum(scaled, columns - 1).astype(np.int64)


def _placed(
    of: _Stretch, span: tuple[float, float], columns: int
) -> tuple[NDArray[np.int64], Floats, Floats]:
    at = _columns(of.x.copy(), span, columns)
    order = np.argsort(at, kind="stable")  # after a restart steps come again
    order = order[at[order] >= 0]
    return extremes(at[order], of.low[order], of.high[order])


def _decimated(
    placed: tuple[NDArray[np.int64], Floats, Floats], columns: int, between: tuple[float, float]
) -> Decimated:
    at, low, high = placed
    return Decimated(
        columns=columns,
        at=at,
        low=np.maximum(low, between[0]),
        high=np.maximum(high, between[0]),
        bottom=between[0],
        top=between[1],
        peak=None,
        nonfinite=np.empty(0, np.int64),
        attempts=(),
        epochs=(),
        last=0.0,
    )


def _labels(bottom: float, top: float, rows: int, *, log: bool) -> dict[int, str]:
    steps = max(1, (rows - 1) // 4)
    at = sorted({round(i * (rows - 1) / steps) for i in range(steps + 1)})
    values = {y: top - y * (top - bottom) / max(rows - 1, 1) for y in at}
    return {y: number(10**value if log else value) for y, value in values.items()}


def _overlaid(rows: Sequence[tuple[str, Tone]], inner: int) -> list[Part]:
    cells: list[tuple[str, Tone]] = [(" ", Tone.REST)] * inner
    for row, tone in rows:
        for x, dots in enumerate(row[:inner]):
            if dots not in _BLANK:
                cells[x] = (dots, tone)
    return merged(list(cells))


def _marks(layers: Sequence[Layer], lens: Lens, span: tuple[float, float], inner: int) -> Line:
    """The axis, with what must not be lost: NaN, and where an attempt began."""
    marks: dict[int, tuple[str, Tone]] = {}
    curve = layers[0].curve
    x = places(curve, lens.axis, layers[0].began)
    for ordinals, mark in (
        (np.array(curve.attempts, float), ("┆", Tone.WARN)),
        (curve.nonfinite, ("N", Tone.BAD)),
    ):
        at = np.searchsorted(curve.x, ordinals[ordinals > 0 if mark[0] == "┆" else slice(None)])
        for column in _columns(x[np.minimum(at, len(x) - 1)].copy(), span, inner * DOTS):
            if column >= 0:
                marks[int(column) // DOTS] = mark
    parts: list[Part] = [marks.get(cell, ("─", Tone.RULE)) for cell in range(inner)]
    return line(" " * (_MARGIN - 1), ("└", Tone.RULE), *merged(parts))


def _unit(layers: Sequence[Layer], axis: Axis) -> str:
    """What the axis counts: where no log counts steps over the run, the records."""
    counted = any(np.isfinite(layer.curve.steps).any() for layer in layers)
    return axis.value if axis is not Axis.STEP or counted else "record"


def _ticks(span: tuple[float, float], inner: int, axis: Axis, unit: str) -> Line:
    many = max(inner // 24, 1)
    text = ""
    for tick in range(many + 1):
        value = span[0] + (span[1] - span[0]) * tick / many
        label = _tick(value, axis, span[1] - span[0])
        at = min(round(tick * inner / many), inner - len(label))
        if at > len(text) or not text:
            text = text.ljust(at) + label
    return line((f"{unit:>9} ", Tone.DIM), (text[:inner], Tone.DIM))


def _tick(value: float, axis: Axis, size: float) -> str:
    if axis is Axis.TIME:
        return brief(value) if value > 0 else "0"
    if axis is Axis.EPOCH:
        return exact(round(value, 2 if size < 10 else 0))  # noqa: PLR2004
    return count(value)
