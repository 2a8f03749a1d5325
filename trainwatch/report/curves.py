"""Curves of a history as few points as a page can draw: minimum, mean and maximum of each stretch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwatch.model.replays import Standing, attempts, ranked, settle
from trainwatch.report.collector import Collector
from trainwatch.report.direction import direction
from trainwatch.report.history import FIRST, History, Sparse

POINTS = 1500
"""Points of a curve at most; each stands for as many records as it must."""

_CHARTS = 24
_RANKS = 64
_PREFIXES = ("val_", "test_")

Column = NDArray[np.float64]


def chart_data(history: History, collected: Collector) -> dict[str, Any]:
    """What the page's script draws: one chart a metric, its validation values in the same one."""
    unit, x = history.axis
    groups: dict[str, list[str]] = {}
    # Where there are too many to draw, losses and scores come first.
    for name in sorted(history.metrics, key=lambda name: name not in FIRST and not direction(name)):
        bare = next((name[len(p) :] for p in _PREFIXES if name.startswith(p)), name)
        groups.setdefault(bare if bare in history.columns else name, []).append(name)
    charts = [
        {"name": group, "curves": [curve for name in names if (curve := _curve(history, name, x))]}
        for group, names in list(groups.items())[:_CHARTS]
    ]
    return {
        "x": unit,
        "range": [float(x[0]), float(x[-1])] if len(history) else [0.0, 1.0],
        "attempts": [float(x[row]) for row in history.attempts],
        "charts": [chart for chart in charts if chart["curves"]],
        "ranks": _ranks(history, collected),
    }


def _curve(history: History, name: str, x: Column) -> dict[str, Any] | None:
    column: Sparse = history.columns[name]
    stated = ~np.ma.getmaskarray(column)
    at, values = np.asarray(x)[stated], column.compressed()
    if len(values) < 2:  # noqa: PLR2004 - one value is no curve
        return None
    finite = np.isfinite(values)
    low, mean, high, place = decimated(at[finite], values[finite], POINTS)
    return {
        "name": name,
        "x": _listed(place),
        "low": _listed(low),
        "mean": _listed(mean),
        "high": _listed(high),
        "bad": _listed(at[~finite][:POINTS]),
    }


def decimated(at: Column, values: Column, points: int) -> tuple[Column, Column, Column, Column]:
    """Low, mean, high and place of at most so many stretches of equal length."""
    if len(values) <= points:
        return values, values, values, at
    starts = np.unique(np.linspace(0, len(values), points, endpoint=False).astype(np.int64))
    counts = np.diff(np.append(starts, len(values)))
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.add.reduceat(values / np.repeat(counts, counts), starts)
    return (
        np.minimum.reduceat(values, starts),
        mean,
        np.maximum.reduceat(values, starts),
        at[starts],
    )


def _ranks(history: History, collected: Collector) -> list[dict[str, Any]]:
    """The other ranks' losses; not where replayed steps have shifted what stands beside what."""
    if not history.run_wide and history.attempts:
        return []
    curves = []
    ranks = sorted(collected.others.items(), key=lambda pair: pair[0].sort_key)
    for who, curve in ranks[:_RANKS]:
        x, _, _, mean, _ = curve.loss.points()
        _, _, _, steps, _ = curve.steps.points()
        known = np.isfinite(mean) & (np.isfinite(steps) | (not history.run_wide))
        place = (steps if history.run_wide else x)[known]
        mean = mean[known]
        if history.attempts:
            order = ranked(np.zeros_like(place), place)
            stays = settle(order, attempts(order, ())) != Standing.REPLACED
            place, mean = place[stays], mean[stays]
        curves.append({"name": f"rank {who.label}", "x": _listed(place), "mean": _listed(mean)})
    return [curve for curve in curves if curve["x"]]


def _listed(values: Column) -> list[float | None]:
    """Numbers with seven digits, which no screen can tell from all of them; None for no number."""
    return [float(f"{v:.7g}") if np.isfinite(v) else None for v in values.tolist()]
