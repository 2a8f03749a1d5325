"""The list of metrics, and what is said above their chart."""

import math
from collections.abc import Sequence

import numpy as np

from trainwatch.model.snapshot import CurveView, MetricView, RunView
from trainwatch.tui.draw.chart import Axis, Layer, Lens, places
from trainwatch.tui.draw.line import EMPTY, Line, Part, Tone, join, line
from trainwatch.tui.draw.table import Column
from trainwatch.tui.draw.verdict import title
from trainwatch.tui.draw.words import count, number, whom

Row = tuple[str, MetricView]
_FIRST = ("loss", "val_loss", "lr", "accuracy", "val_accuracy", "grad_norm", "throughput")


def found(view: RunView, wanted: str) -> list[Row]:
    """The metrics whose names hold all of some words, the usual ones first."""
    words = wanted.lower().split()
    rows = [
        (name, metric)
        for name, metric in view.metrics.items()
        if all(word in name.lower() for word in words)
    ]
    return sorted(rows, key=lambda row: (_place(row[0]), row[0]))


def _place(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def columns(chosen: str) -> list[Column[Row]]:
    """Name, newest value and extremes."""

    def name(row: Row) -> Part:
        here = row[0] == chosen
        return (("▸ " if here else "  ") + row[0], Tone.STRONG if here else Tone.PLAIN)

    return [
        Column("  metric", 16, name, right=False),
        Column("last", 8, lambda row: _value(row[1].last)),
        Column("min", 8, lambda row: (number(row[1].min), Tone.DIM), need=38),
        Column("max", 8, lambda row: (number(row[1].max), Tone.DIM), need=48),
        Column("NaN", 4, _bad, need=54),
    ]


def _value(value: float | None) -> Part:
    bad = value is not None and not math.isfinite(value)
    return (number(value), Tone.BAD if bad else Tone.PLAIN)


def _bad(row: Row) -> Part:
    return (count(row[1].nonfinite), Tone.BAD) if row[1].nonfinite else ""


def list_heading(many: int, all_of_them: int, wanted: str) -> Line:
    """How many there are, and what they were filtered by."""
    shown = f"{many} of {all_of_them}, / {wanted}" if wanted else str(all_of_them)
    return line(("metrics", Tone.HEAD), (f" · {shown}", Tone.DIM))


def layers(view: RunView, name: str) -> list[Layer]:
    """The curve of a metric, its validation values, and those of the run beside this one.

    Below them what a later attempt has trained again.
    """
    curves = _curves(view, name)
    began = _began(curves)
    made = [Layer(curve, _tone(curve, name), curve.metric, began) for curve in curves]
    made.sort(key=lambda layer: layer.tone is not Tone.CURVE)
    if view.beside is not None:
        others = _curves(view.beside, name)
        began, other = _began(others), title(view.beside)
        made += [Layer(curve, *_beside(curve, name, other), began) for curve in others]
    return [*made, *(again for layer in made if (again := _again(layer, name)) is not None)]


def _began(curves: Sequence[CurveView]) -> float:
    """Seconds of the first value of one run."""
    known = [curve.seconds[np.isfinite(curve.seconds)] for curve in curves]
    return min((float(seconds.min()) for seconds in known if len(seconds)), default=0.0)


def _again(layer: Layer, name: str) -> Layer | None:
    left = layer.curve.left
    if left is None or layer.curve.metric != name:
        return None
    return Layer(left, Tone.REST, "trained again later", layer.began)


def _beside(curve: CurveView, name: str, other: str) -> tuple[Tone, str]:
    if curve.metric == name:
        return Tone.GOOD, f"the other run, {other}"
    return Tone.NOTE, f"its {curve.metric}"


def _curves(view: RunView, name: str) -> Sequence[CurveView]:
    wished = [curve for curve in view.wished if curve.metric in (name, f"val_{name}")]
    return wished or [curve for curve in view.curves if curve.metric == name]


def _tone(curve: CurveView, name: str) -> Tone:
    return Tone.CURVE if curve.metric == name else Tone.WARN


def heading(view: RunView, name: str, lens: Lens, shown: Sequence[Layer]) -> Line:
    """What is drawn and how."""
    main = next((layer.curve for layer in shown if layer.curve.metric == name), None)
    who = EMPTY
    if main is not None:
        who = line((whom(main.who) or f"over {count(len(view.ranks))} ranks", Tone.DIM))
    parts = [
        line((name, Tone.HEAD)),
        who,
        line(("log", Tone.NOTE)) if lens.log else EMPTY,
        line((f"smoothed {lens.smoothing:g}", Tone.NOTE)) if lens.smoothing else EMPTY,
        EMPTY if lens.whole else line((f"zoom {1 / (lens.end - lens.start):.3g}x", Tone.NOTE)),
        _first_bad(main, lens) if main is not None else EMPTY,
        *(_legend(layer) for layer in shown if layer.tone is not Tone.CURVE),
        line((f"a point is {main.bucket} records", Tone.DIM))
        if main is not None and main.bucket > 1
        else EMPTY,
    ]
    return join([part for part in parts if part])


def _legend(layer: Layer) -> Line:
    return line(("● ", layer.tone), (layer.name, Tone.DIM))


def _first_bad(curve: CurveView, lens: Lens) -> Line:
    if not len(curve.nonfinite):
        return EMPTY
    at = min(int(curve.x.searchsorted(curve.nonfinite[0])), len(curve.x) - 1)
    axis = lens.axis if lens.axis is not Axis.TIME else Axis.STEP
    where = np.floor(places(curve, axis)[at])  # epoch 15.7 is in epoch 15
    return line((f"N first NaN at {axis.value} {count(float(where))}", Tone.BAD))
