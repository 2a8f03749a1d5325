"""The table of epochs, newest first."""

import math
from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

from trainwatch.model.snapshot import EpochView, RunView, Status
from trainwatch.tui.draw.line import Line, Part, Tone, line
from trainwatch.tui.draw.table import Column
from trainwatch.tui.draw.words import brief, epoch, number, plural, rate

_OVER = frozenset({Status.COMPLETED, Status.FAILED})


class Row(NamedTuple):
    """An epoch, and the word that stands behind it."""

    epoch: EpochView
    best: bool
    newest: bool


def rows(view: RunView) -> list[Row]:
    """Newest first."""
    best = best_of(view.epochs)
    last = view.epochs[-1] if view.epochs and view.status not in _OVER else None
    return [Row(one, one is best, one is last) for one in reversed(view.epochs)]


def best_of(epochs: Sequence[EpochView]) -> EpochView | None:
    """The lowest validation loss, or training loss where nothing was validated; needs two."""
    done = [one for one in epochs if one.complete]
    if len(done) < 2:  # noqa: PLR2004
        return None
    validated = [(one.val_loss, one) for one in done if _finite(one.val_loss)]
    trained = [(one.loss_mean, one) for one in done if _finite(one.loss_mean)]
    return min(validated or trained, key=itemgetter(0), default=(0.0, None))[1]


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def restarted(view: RunView) -> bool:
    """Whether an epoch may stand there twice, so that its attempt has to be told."""
    return any(one.attempt for one in view.epochs)


def columns(view: RunView) -> list[Column[Row]]:
    """The columns that this run has something for."""
    attempt: Column[Row] = Column("att", 3, lambda row: (str(row.epoch.attempt), Tone.DIM))
    return [
        Column("epoch", 5, lambda row: epoch(row.epoch.epoch)),
        *([attempt] if restarted(view) else []),
        Column("mean", 7, lambda row: _loss(row.epoch.loss_mean, row)),
        Column("min", 7, lambda row: number(row.epoch.loss_min), need=52),
        Column("max", 7, lambda row: number(row.epoch.loss_max), need=52),
        Column("val", 7, lambda row: _loss(row.epoch.val_loss, row)),
        Column("lr", 8, lambda row: rate(row.epoch.lr), need=69),
        Column("time", 6, lambda row: brief(row.epoch.seconds)),
        Column("", 0, _note, right=False),
    ]


def _loss(value: float | None, row: Row) -> Part:
    return (number(value), Tone.GOOD) if row.best else number(value)


def _note(row: Row) -> Part:
    if row.epoch.nonfinite:
        return (f"{row.epoch.nonfinite} NaN", Tone.BAD)
    if row.best:
        return ("best", Tone.GOOD)
    if row.epoch.complete:
        return ""
    return ("now" if row.newest else "cut", Tone.DIM)


def heading(view: RunView) -> Line:
    """What stands above the table."""
    done = sum(one.complete for one in view.epochs)
    return line(("epochs", Tone.HEAD), (f" · {plural(done, 'epoch')} done", Tone.DIM))


def empty(view: RunView) -> Line:
    """What it waits for."""
    del view
    return line((" waiting for the first epoch to begin", Tone.DIM))
