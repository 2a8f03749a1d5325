"""`trainwatch report --print`: the curves of a run drawn with plotext, for a terminal or a pipe."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence

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
_LONGEST = 60
_NO_SCORE = ("lr", "grad_norm", "throughput", "step_time")
_FIRST = ("loss", "val_loss", "lr")


def print_plots(exp_id: str, view: RunView, history: History) -> None:
    """Print the sentence, the figures and a plot a metric to stdout."""
    width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((100, 24)).columns))
    for line in plot_lines(exp_id, view, history, width):
        sys.stdout.write(line + "\n")


def plot_lines(exp_id: str, view: RunView, history: History, width: int) -> Iterator[str]:
    """The same as lines of at most `width` cells."""
    yield from wrapped(
        f"{safe_text(exp_id)}  {view.status.value}  {safe_text(view.sentence)}", width
    )
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
        yield from wrapped(_heading(history, name, int((~finite).sum()), unit), width)
        yield from _plot(at[finite], values[finite], axis[list(history.attempts)], width)
    yield from wrapped(_ending(history, names), width)


def wrapped(text: str, width: int) -> list[str]:
    """Words on lines of at most so many cells; a word that is longer is cut."""
    return textwrap.wrap(text, width, break_on_hyphens=False)


def _ending(history: History, names: Sequence[str]) -> str:
    """What the plots do not show."""
    if not names:
        return "no metric was recognised"
    parts = []
    if len(names) > _MOST:
        parts.append(f"{len(names) - _MOST} more metrics are in metrics.csv.")
    if any(direction(name) is None and name not in _NO_SCORE for name in names[:_MOST]):
        parts.append("No best value where a name does not tell which way is better.")
    if history.attempts:
        parts.append(f"┆ attempt {' and '.join(str(n + 2) for n in range(len(history.attempts)))}")
    return " ".join(parts)


def _order(name: str) -> tuple[int, bool]:
    place = _FIRST.index(name) if name in _FIRST else len(_FIRST)
    return place, direction(name) is None


def _heading(history: History, name: str, bad: int, unit: str) -> str:
    top, last = best(history, name), final(history, name)
    parts = [
        safe_text(name)[:_LONGEST],
        "final " + ("not known" if last is None else f"{last:.6g}"),
    ]
    parts += [] if top is None else [f"best {top:.6g}"]
    parts += [f"{bad} NaN or infinite"] if bad else []
    parts.append(f"by {unit}")
    return "  ".join(parts)


def _plot(at: Column, values: Column, attempts: Column, width: int) -> Iterator[str]:
    """The canvas is plotext's; the frame is drawn here, as in the dashboard."""
    inner = width - _MARGIN
    low, _, high, place = decimated(at, values, inner)
    bottom, top = float(values.min()), float(values.max())
    rows = _canvas(low, high, place, inner)
    labels = {0: top, _HEIGHT // 2: (top + bottom) / 2, _HEIGHT - 1: bottom}
    for y, row in enumerate(rows):
        yield f"{labels[y]:>11.5g} ┤{row}" if y in labels else f"{'':11} │{row}"
    first, last = f"{at[0]:g}", f"{at[-1]:g}"
    if len(attempts) and at[-1] > at[0]:
        yield f"{'':11} └{_marks(attempts, at, inner)}"
        yield f"{'':12} {first}{last:>{max(1, inner - len(first))}}"
    else:
        yield f"{'':11} └{first}{last:>{max(1, inner - len(first))}}"


def _marks(attempts: Column, at: Column, width: int) -> str:
    """A line with a mark where an attempt begins."""
    cells = ["─"] * width
    for place in attempts.tolist():
        share = (place - at[0]) / (at[-1] - at[0])
        if 0 <= share <= 1:
            cells[min(width - 1, int(share * width))] = "┆"
    return "".join(cells)


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
