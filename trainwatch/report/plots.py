"""`trainwatch report --print`: the curves of a run drawn with plotext, for a terminal or a pipe."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import numpy as np

from trainwatch.model.snapshot import RunView
from trainwatch.report.curves import Column, decimated
from trainwatch.report.direction import direction
from trainwatch.report.history import History
from trainwatch.report.results import best, final
from trainwatch.report.safe import safe_text

_HEIGHT = 16
_WIDEST, _NARROWEST = 120, 40
_MARGIN = 14
_MOST = 6
_FIRST = ("loss", "val_loss", "lr")


def print_plots(exp_id: str, view: RunView, history: History) -> None:
    """Print the sentence, the figures and a plot a metric to stdout."""
    width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((100, 24)).columns))
    for line in plot_lines(exp_id, view, history, width):
        sys.stdout.write(line + "\n")


def plot_lines(exp_id: str, view: RunView, history: History, width: int) -> Iterator[str]:
    """The same as lines of at most `width` cells."""
    yield f"{safe_text(exp_id)}  {view.status.value}  {safe_text(view.sentence)}"
    names = sorted(history.metrics, key=_order)
    unit, axis = history.axis
    for name in names[:_MOST]:
        column = history.columns[name]
        values = column.compressed()
        at = axis[~np.ma.getmaskarray(column)]
        finite = np.isfinite(values)
        if finite.sum() < 2:  # noqa: PLR2004 - one value is no curve
            continue
        yield ""
        yield _heading(history, name, int((~finite).sum()), unit)
        yield from _plot(at[finite], values[finite], width)
    if not names:
        yield "no metric was recognised"


def _order(name: str) -> tuple[int, bool]:
    place = _FIRST.index(name) if name in _FIRST else len(_FIRST)
    return place, direction(name) is None


def _heading(history: History, name: str, bad: int, unit: str) -> str:
    top, last = best(history, name), final(history, name)
    parts = [safe_text(name), f"final {last:.6g}"]
    parts += [] if top is None else [f"best {top:.6g}"]
    parts += [f"{bad} NaN or infinite"] if bad else []
    parts.append(f"by {unit}")
    return "  ".join(parts)


def _plot(at: Column, values: Column, width: int) -> Iterator[str]:
    """The canvas is plotext's; the frame is drawn here, as in the dashboard."""
    inner = width - _MARGIN
    low, _, high, place = decimated(at, values, inner)
    bottom, top = float(values.min()), float(values.max())
    rows = _canvas(low, high, place, inner)
    labels = {0: top, _HEIGHT // 2: (top + bottom) / 2, _HEIGHT - 1: bottom}
    for y, row in enumerate(rows):
        yield f"{labels[y]:>11.5g} ┤{row}" if y in labels else f"{'':11} │{row}"
    first, last = f"{at[0]:g}", f"{at[-1]:g}"
    yield f"{'':11} └{first}{last:>{max(1, inner - len(first))}}"


def _canvas(low: Column, high: Column, place: Column, width: int) -> list[str]:
    import plotext  # noqa: PLC0415 - only where something is drawn

    scale = max(abs(float(low.min())), abs(float(high.max()))) or 1.0  # numbers of any size
    bottom, top = float(low.min()) / scale, float(high.max()) / scale
    if bottom == top:
        bottom, top = bottom - 1, top + 1
    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    figure.plot_size(width, _HEIGHT)
    figure.axes(False)
    for axis, limits in enumerate(((place[0], place[-1]), (bottom, top))):
        figure.ruler(axis).ticks([])
        figure.ruler(axis).lim(float(limits[0]), float(limits[1]))
    x = np.repeat(place, 2).tolist()
    y = (np.column_stack((low, high)).ravel() / scale).tolist()
    signal = figure.signal(x, y, marker="braille").lines(True)
    text = str(figure.draw(signal).build().string(colorless=True))
    return [row.ljust(width)[:width] for row in text.split("\n")[:_HEIGHT]]
