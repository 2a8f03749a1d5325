"""The strip of numbers under the head: loss, pace, progress and the end, in one or two lines."""

import math
from collections.abc import Sequence
from datetime import tzinfo

from trainwatch.model.snapshot import MetricView, RunView, Status
from trainwatch.tui.draw.line import EMPTY, Line, Tone, cells, join, line
from trainwatch.tui.draw.trend import Trend, trend
from trainwatch.tui.draw.verdict import due
from trainwatch.tui.draw.words import duration, epoch, number, percent, rate

_GAP = line("   ")
_SHORTEST_BAR, _LONGEST_BAR = 6, 30

_ARROWS = {
    Trend.FALLING: ("▼", Tone.GOOD),
    Trend.RISING: ("▲", Tone.WARN),
    Trend.FLAT: ("▬", Tone.DIM),
}


def vitals(view: RunView, width: int, zone: tzinfo | None) -> list[Line]:
    """One line where the width allows it, else two."""
    figures = [part for part in _figures(view) if part]
    end = due(view, zone)
    bare = cells(_progress(view, end, 0)) + 2  # a bar has a blank before it
    free = width - 2 - cells(join(figures, _GAP)) - cells(_GAP) - bare
    if free >= 2 * _SHORTEST_BAR:
        return [_inset(join([*figures, _progress(view, end, free // 2)], _GAP))]
    bars = _progress(view, end, (width - 2 - bare) // 2)
    return [_inset(_fitting(figures, width - 2)), _inset(bars)]


def _inset(of: Line) -> Line:
    return (*line(" "), *of)


def _fitting(figures: Sequence[Line], room: int) -> Line:
    """As many as there is room for; the first are the ones that matter."""
    many = len(figures)
    while many > 1 and cells(join(figures[:many], _GAP)) > room:
        many -= 1
    return join(figures[:many], _GAP)


def _figures(view: RunView) -> list[Line]:
    return [
        _loss(view),
        _metric(view, "val_loss", "val"),
        _set(view, "lr"),
        _metric(view, "throughput"),
        _pace(view),
        _metric(view, "grad_norm", "grad"),
        _metric(view, "accuracy"),
    ]


def _value(view: RunView, name: str) -> float | None:
    found: MetricView | None = view.metrics.get(name)
    return found.last if found else None


def _loss(view: RunView) -> Line:
    value = _value(view, "loss")
    if value is None:
        return line(("loss ", Tone.DIM), ("-", Tone.DIM))
    if not math.isfinite(value):
        return line(("loss ", Tone.DIM), (number(value), Tone.BAD))
    curve = next((curve for curve in view.curves if curve.metric == "loss"), None)
    arrow = _ARROWS.get(trend(curve)) if curve is not None else None
    shown = line(("loss ", Tone.DIM), (number(value), Tone.STRONG))
    return line(shown, " ", arrow) if arrow else shown


def _metric(view: RunView, name: str, short: str | None = None) -> Line:
    value = _value(view, name)
    if value is None:
        return EMPTY
    tone = Tone.PLAIN if math.isfinite(value) else Tone.BAD
    return line((f"{short or name} ", Tone.DIM), (number(value), tone))


def _set(view: RunView, name: str) -> Line:
    value = _value(view, name)
    return line((f"{name} ", Tone.DIM), rate(value)) if value is not None else EMPTY


def _pace(view: RunView) -> Line:
    """Steps a second where the log's steps tell; else the median seconds between records."""
    rate = view.steps_per_second
    if rate is not None and "throughput" not in view.metrics:
        return line((number(rate), Tone.PLAIN), (f" {view.step_unit}/s", Tone.DIM))
    every = sorted(rank.step_seconds for rank in view.ranks if rank.step_seconds is not None)
    if not every or view.status in {Status.COMPLETED, Status.FAILED}:
        return EMPTY
    return line(("a record every ", Tone.DIM), duration(every[len(every) // 2]))


def _progress(view: RunView, end: Line, cells_of_bar: int) -> Line:
    total = f"/{view.total_epochs}" if view.total_epochs is not None else ""
    name = f"epoch {epoch(view.epoch)}{total} " if view.epoch is not None else "epoch "
    tone = Tone.GOOD if view.status is Status.COMPLETED else Tone.BAR
    run = _share("run ", view.progress, cells_of_bar, tone)
    return join([_share(name, view.epoch_progress, cells_of_bar, tone), run, end], _GAP)


def _share(name: str, share: float | None, cells_of_bar: int, tone: Tone) -> Line:
    shown = bar(share, cells_of_bar, tone)
    return line((name, Tone.DIM), percent(share), " " if shown else "", shown)


def bar(share: float | None, width: int, tone: Tone = Tone.BAR) -> Line:
    """A share of 1 as a heavy line on a thin one; half cells count."""
    if share is None or width < _SHORTEST_BAR:
        return EMPTY
    width = min(width, _LONGEST_BAR)
    halves = math.floor(min(max(share, 0.0), 1.0) * width * 2)
    done = "━" * (halves // 2) + ("╸" if halves % 2 else "")
    return line((done, tone), ("─" * (width - len(done)), Tone.REST))
