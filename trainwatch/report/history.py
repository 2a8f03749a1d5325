"""The steps of a run as a table, each exactly once: what `metrics.csv` and the page show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwatch.model.replays import Standing, attempts, ranked, run_wide, settle

Column = NDArray[np.float64]
Sparse = Any
"""A masked column: masked is what a step does not state, NaN what was printed so."""

Table = dict[str, Any]
"""Columns of equal length by name: `epoch` and `step` with NaN for unknown, metrics masked."""

FIRST = ("step", "epoch", "loss", "val_loss", "lr", "r2", "mae")
"""Columns of `metrics.csv` that come first."""

PLACES = ("epoch", "step")
"""Columns that say where a step stands."""

_STRETCH, _ATTEMPT = "\0stretch", "\0attempt"


@dataclass(frozen=True, slots=True)
class History:
    """Steps in the order of training.

    Attributes:
        columns: One of equal length a name. `step` (as printed, else the batch within the epoch) and
            `epoch` are there where any is printed, NaN where one is not; metrics are masked where a
            step does not state them, so that a NaN is one that was printed.
        attempts: Rows at which a later attempt begins.
        run_wide: Whether `step` counts over the whole run.
        reached: Rows up to where the newest attempt has come; what follows an earlier one made.
    """

    columns: Mapping[str, Sparse]
    attempts: tuple[int, ...] = ()
    run_wide: bool = False
    reached: int | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def blocks(self, size: int = 1 << 14) -> Iterator[list[list[float | None]]]:
        """The rows in blocks of at most so many, as columns; None where nothing is stated."""
        for start in range(0, len(self), size):
            yield [
                np.ma.masked_invalid(column[start : start + size]).tolist()
                if name in PLACES
                else column[start : start + size].tolist()
                for name, column in self.columns.items()
            ]

    @property
    def axis(self) -> tuple[str, Column]:
        """What rows are drawn over: run-wide steps, epochs where no steps are told, or numbers."""
        if self.run_wide:
            return "step", self.columns["step"]
        epoch = self.columns.get("epoch")
        if epoch is not None and "step" not in self.columns and not np.isnan(epoch).any():
            return "epoch", epoch
        return "record", np.arange(len(self), dtype=np.float64)

    @property
    def metrics(self) -> list[str]:
        """Names of the columns that are no place, in their order."""
        return [name for name in self.columns if name not in PLACES]


@dataclass(frozen=True, slots=True)
class Told:
    """What one log tells.

    Attributes:
        stretches: Its rows in their order, parted where the place goes back.
        epoch_base: The number of the first epoch, where the kind of log is known.
        begins: Rows with which an attempt is known to begin; 0 where the whole log is a later one.
        within: Whether its steps are places within an epoch, as printed.
        reckoned: Metrics that it prints of single batches of a validation alone: their means are
            trainwatch's own, over what happened to be printed.
    """

    stretches: Sequence[Table]
    epoch_base: int | None = None
    begins: Sequence[int] = ()
    within: bool = False
    reckoned: frozenset[str] = frozenset()

    @property
    def first_epoch(self) -> float:
        """The lowest number of an epoch; infinite where it tells none."""
        epochs = (stretch["epoch"] for stretch in self.stretches)
        return min((float(np.fmin.reduce(e, initial=np.inf)) for e in epochs), default=np.inf)

    @property
    def metrics(self) -> set[str]:
        """What it states of any step."""
        return {name for stretch in self.stretches for name in stretch} - set(PLACES)


def history_of(own: Sequence[Told], others: Sequence[Told]) -> History:
    """One history of several logs.

    Args:
        own: The logs that speak for the run, the oldest attempt first.
        others: Logs that may add metrics of which these say nothing, and the results of validations
            of which they print only batches; a later one wins.
    """
    stretches = [stretch for told in own for stretch in told.stretches]
    if not stretches:
        return History({})
    table = _joined(stretches)
    begins, logs = _begins(own)
    untold = np.isnan(table["epoch"]).all() and any(told.within for told in own)
    wide = not untold and run_wide(table["epoch"], table["step"], {*begins, *logs})
    table = _resolved(table, begins, logs, wide=wide)
    missing = {name for told in others for name in told.metrics} - table.keys()
    results = {name for told in own for name in told.metrics - told.reckoned}
    reckoned = {name for told in own for name in told.reckoned} - results
    for told in others if missing or reckoned else ():
        shift = _shift(own[0], told)
        if shift is not None:
            wanted = missing | (reckoned - told.reckoned)
            _complete(table, told.stretches, shift, wanted)
    return _history(table, wide=wide)


def blank(rows: int) -> Sparse:
    """A column that states nothing."""
    return np.ma.masked_all(rows)  # type: ignore[no-untyped-call]


def _begins(own: Sequence[Told]) -> tuple[list[int], list[int]]:
    """Rows of all logs together: where an attempt is known to begin, and where each log does."""
    starts = np.cumsum([0, *(sum(len(s["step"]) for s in told.stretches) for told in own)])
    logs = [int(start) for start in starts[:-1]]
    return [start + row for start, told in zip(logs, own, strict=True) for row in told.begins], logs


def _joined(stretches: Sequence[Table]) -> Table:
    """All stretches in one table."""
    names = list(dict.fromkeys(name for stretch in stretches for name in stretch))
    table: Table = {
        name: np.ma.concatenate(  # type: ignore[no-untyped-call]
            [
                stretch[name] if name in stretch else blank(len(stretch["step"]))
                for stretch in stretches
            ]
        )
        for name in names
    }
    for name in PLACES:
        table[name] = np.asarray(table[name])
    sizes = [len(stretch["step"]) for stretch in stretches]
    table[_STRETCH] = np.repeat(np.arange(len(sizes)), sizes)
    return table


def _resolved(table: Table, begins: Sequence[int], logs: Sequence[int], *, wide: bool) -> Table:
    """Every place once, in the order of training; what a later attempt trained again is its.

    Without run-wide steps and without epochs nothing tells a replayed batch from the same batch of
    the next epoch: then all rows stay in their order. So do those of one stretch that state the same
    epoch and no step. Two logs of one attempt complete each other: of one place the newest values stay.
    """
    epoch, step = table["epoch"], table["step"]
    table[_ATTEMPT] = np.zeros(len(step), np.int64)
    if not wide and np.isnan(epoch).all():
        return table
    places = ranked(np.zeros_like(epoch) if wide else epoch, step)
    found = attempts(places, begins, logs)
    table[_ATTEMPT][found[1:]] = 1
    table[_ATTEMPT] = np.cumsum(table[_ATTEMPT])
    rows = np.flatnonzero(settle(places, found) != Standing.REPLACED)
    order = rows[np.lexsort((table[_STRETCH][rows], places.numbers[rows]))]
    place, stretch, stated = places.numbers[order], table[_STRETCH][order], ~np.isnan(step[order])
    first = np.append(True, place[1:] != place[:-1])
    newest = np.maximum.reduceat(stretch, np.flatnonzero(first))[np.cumsum(first) - 1]
    stays = stated | (stretch == newest)
    starts = np.flatnonzero((first | ~stated)[stays])
    return {name: _newest(column[order][stays], starts) for name, column in table.items()}


def _newest(column: Sparse, starts: NDArray[np.int64]) -> Sparse:
    """Of each group of rows the last value that is stated."""
    stated = ~np.ma.getmaskarray(column)
    at = np.maximum.reduceat(np.where(stated, np.arange(len(column)), -1), starts)
    if not isinstance(column, np.ma.MaskedArray):
        return column[at]
    return np.ma.array(column.data[at], mask=at < 0)


def _shift(first: Told, other: Told) -> int | None:
    """What turns the other log's epochs into the first one's; None where nobody can tell."""
    if first.epoch_base is not None and other.epoch_base is not None:
        return first.epoch_base - other.epoch_base
    ours, theirs = first.first_epoch, other.first_epoch
    if np.isinf(ours) or ours == theirs:
        return 0
    # Both begin with the first epoch, one counts from 0 and one from 1.
    return int(ours - theirs) if {ours, theirs} == {0.0, 1.0} else None


def _complete(table: Table, stretches: Sequence[Table], shift: int, missing: set[str]) -> None:
    """Add metrics that only another log has, at the same place or the end of their epoch."""
    places = {place: row for row, place in enumerate(_stated(table, 0))}
    ends = {epoch: row for (epoch, _), row in places.items()}
    for stretch in stretches:
        found = [places.get(place, ends.get(place[0])) for place in _stated(stretch, shift)]
        for name in missing.intersection(stretch):
            for row, value in zip(found, stretch[name], strict=True):
                if row is not None and value is not np.ma.masked:
                    column: Sparse = table.setdefault(name, blank(len(table["step"])))
                    column[row] = value


def _stated(table: Table, shift: int) -> Iterator[tuple[float, float]]:
    epoch = np.nan_to_num(table["epoch"] + shift, nan=-1.0)
    step = np.nan_to_num(table["step"], nan=-1.0)
    yield from zip(epoch.tolist(), step.tolist(), strict=True)


def _history(table: Table, *, wide: bool) -> History:
    """The columns that say anything, in the order of `FIRST`."""
    del table[_STRETCH]
    attempt = table.pop(_ATTEMPT)
    found = {
        name: column
        for name, column in table.items()
        if name not in PLACES or not np.isnan(column).all()
    }
    names = [name for name in FIRST if name in found]
    names += sorted(name for name in found if name not in FIRST)
    begins = np.flatnonzero(np.diff(attempt) > 0) + 1
    of_newest = np.flatnonzero(attempt == attempt.max())
    return History(
        {name: found[name] for name in names},
        tuple(map(int, begins)),
        wide,
        int(of_newest[-1]) + 1,
    )
