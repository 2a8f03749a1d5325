"""The table of epochs, newest first."""

from collections.abc import Sequence
from operator import itemgetter

from trainwatch.model.snapshot import EpochView, RunView
from trainwatch.tui.line import Line, Part, Tone, line
from trainwatch.tui.table import Column
from trainwatch.tui.words import brief, epoch, exact, number, plural

Row = tuple[EpochView, bool]
"""An epoch, and whether it is the best so far."""


def rows(view: RunView) -> list[Row]:
    """Newest first."""
    best = best_of(view.epochs)
    return [(one, one is best) for one in reversed(view.epochs)]


def best_of(epochs: Sequence[EpochView]) -> EpochView | None:
    """The lowest validation loss, or training loss where nothing was validated; needs two."""
    done = [one for one in epochs if one.complete]
    if len(done) < 2:  # noqa: PLR2004
        return None
    validated = [(one.val_loss, one) for one in done if one.val_loss is not None]
    trained = [(one.loss_mean, one) for one in done if one.loss_mean is not None]
    return min(validated or trained, key=itemgetter(0), default=(0.0, None))[1]


def columns(view: RunView) -> list[Column[Row]]:
    """The columns that this run has something for."""
    attempt: Column[Row] = Column("att", 3, lambda row: str(row[0].attempt), need=60)
    return [
        Column("epoch", 5, lambda row: epoch(row[0].epoch)),
        *([attempt] if any(one.attempt for one in view.epochs) else []),
        Column("mean", 7, lambda row: _loss(row[0].loss_mean, row)),
        Column("min", 7, lambda row: number(row[0].loss_min), need=52),
        Column("max", 7, lambda row: number(row[0].loss_max), need=52),
        Column("val", 7, lambda row: _loss(row[0].val_loss, row)),
        Column("lr", 8, lambda row: exact(row[0].lr), need=64),
        Column("time", 6, lambda row: brief(row[0].seconds)),
        Column("", 0, _note, right=False),
    ]


def _loss(value: float | None, row: Row) -> Part:
    return (number(value), Tone.GOOD) if row[1] else number(value)


def _note(row: Row) -> Line:
    one, best = row
    if one.nonfinite:
        return line((f"{one.nonfinite} NaN", Tone.BAD))
    if best:
        return line(("best", Tone.GOOD))
    return line(("" if one.complete else "now", Tone.DIM))


def heading(view: RunView) -> Line:
    """What stands above the table."""
    done = sum(one.complete for one in view.epochs)
    return line(("epochs", Tone.HEAD), (f" · {plural(done, 'epoch')} done", Tone.DIM))


def empty(view: RunView) -> Line:
    """What it waits for."""
    del view
    return line((" waiting for the first epoch to begin", Tone.DIM))
