"""All steps of a run, each exactly once over all attempts: what `metrics.csv` and the page show.

Only one writer a log can be the source of a step, so only the lowest rank's records (and those of
logs that name no rank) are kept whole, as columns; every other rank leaves a curve of fixed size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import Parsed, RankId, Split, StepBlock
from trainwatch.formats.filenames import FileKind, FileRole, describe
from trainwatch.formats.names import fold
from trainwatch.model.attempts import number_attempts
from trainwatch.model.run import by_writer
from trainwatch.model.series import Series
from trainwatch.model.stream import metric_key

Column = NDArray[np.float64]
Sparse = Any
"""A masked column: masked is what a step does not state, NaN what was printed so."""

Table = dict[str, Any]
"""Columns of equal length by name: `epoch` and `step` with NaN for unknown, metrics masked."""

FIRST = ("step", "epoch", "loss", "val_loss", "lr", "r2", "mae")
"""Columns of `metrics.csv` that come first."""

PLACES = ("epoch", "step")
"""Columns that say where a step stands."""

_SYNONYMS = {"r²": "r2"}
_OTHER_CURVE = 512
_MOST_CURVES = 256


@dataclass(frozen=True, slots=True)
class History:
    """Steps in the order of training.

    Attributes:
        columns: One of equal length a name. `step` (as printed, else the batch within the epoch) and
            `epoch` are there where any is printed, NaN where one is not; metrics are masked where a
            step does not state them, so that a NaN is one that was printed.
        attempts: Rows at which another attempt, or another stretch of a resumed one, begins.
        run_wide: Whether `step` counts over the whole run.
    """

    columns: Mapping[str, Sparse]
    attempts: tuple[int, ...] = ()
    run_wide: bool = False

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


class Collector:
    """Listens to everything that parsing finds.

    Args:
        wants: Whether a rank is selected.
    """

    def __init__(self, wants: Callable[[int | None], bool] = lambda _rank: True) -> None:
        self._wants = wants
        self._writers: dict[tuple[str, RankId], _Writer] = {}
        self._best: dict[int, tuple[int, int]] = {}
        self.others: dict[RankId, RankCurve] = {}

    def take(self, parsed: Parsed) -> None:
        """Take what one feed gave."""
        base = describe(parsed.file.name).base
        for item in parsed.items:
            if isinstance(item, StepBlock):
                for who, rows in by_writer(item):
                    if self._wants(who.rank):
                        self._add(base, who, item, rows)

    def history(self) -> History:
        """The run's steps so far."""
        entries = sorted(
            (_Entry(describe(base), who, writer) for (base, who), writer in self._writers.items()),
            key=lambda entry: (not entry.writer.trains, entry.sort),
        )
        if not entries:
            return History({})
        sort, first = entries[0].sort, entries[0].writer
        attempts = number_attempts(entry.role for entry in entries)
        own = [entry for entry in entries if entry.sort == sort]
        own.sort(key=lambda entry: (attempts[entry.role.base], entry.role.base))
        stretches = [part for entry in own for part in entry.writer.stretches()]
        run_wide = _run_wide(stretches)
        table = _resolved(_joined(stretches), run_wide=run_wide)
        # Of two that tell the same, the newer attempt and then the better log comes last, and stays.
        others = [entry for entry in entries if entry.sort != sort]
        others.sort(key=lambda entry: entry.sort, reverse=True)
        others.sort(key=lambda entry: attempts[entry.role.base])
        missing = {name for entry in others for name in entry.writer.metrics} - table.keys()
        for entry in others if missing else ():
            shift = _shift(table, first, entry.writer)
            if shift is not None:
                _complete(table, entry.writer.stretches(), shift, missing)
        return _history(table, run_wide=run_wide)

    def _add(self, base: str, who: RankId, block: StepBlock, rows: NDArray[np.int64]) -> None:
        group, number = who.sort_key
        best = self._best.setdefault(group, (group, number))
        if who.sort_key > best:
            self._curve(who, block, rows)
            return
        if who.sort_key < best:  # rare: a log of a lower rank comes later
            self._best[group] = who.sort_key
            for key in [key for key in self._writers if key[1].sort_key == best]:
                del self._writers[key]
        self._writers.setdefault((base, who), _Writer()).add(block, rows)

    def _curve(self, who: RankId, block: StepBlock, rows: NDArray[np.int64]) -> None:
        if block.shape.split is not Split.TRAIN or "loss" not in block.metrics:
            return
        if who not in self.others and len(self.others) >= _MOST_CURVES:
            return
        kind = describe(block.shape.file).kind
        curve = self.others.setdefault(who, RankCurve(kind))
        if kind > curve.kind:
            return
        if kind < curve.kind:
            curve = self.others[who] = RankCurve(kind)
        curve.add(_step(block, rows), block.metrics["loss"][rows])


class RankCurve:
    """The training loss of one further rank, in fixed size; of its best sort of log."""

    def __init__(self, kind: FileKind) -> None:
        self.kind = kind
        self.steps = Series(_OTHER_CURVE)
        self.loss = Series(_OTHER_CURVE)

    def add(self, steps: Column, loss: Column) -> None:
        """Take successive records."""
        self.steps.add(steps)
        self.loss.add(loss)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A writer in a log; logs of one `sort` continue each other."""

    role: FileRole
    who: RankId
    writer: _Writer

    @property
    def sort(self) -> tuple[FileKind, tuple[int, int]]:
        return self.role.kind, self.who.sort_key


@dataclass(slots=True)
class _Stretch:
    """Successive rows whose place never goes back."""

    epoch: list[Column] = field(default_factory=list)
    step: list[Column] = field(default_factory=list)
    metrics: dict[str, list[tuple[int, Column]]] = field(default_factory=dict)
    rows: int = 0

    def table(self) -> Table:
        table: Table = {"epoch": np.concatenate(self.epoch), "step": np.concatenate(self.step)}
        for name, parts in self.metrics.items():
            column = table[name] = _blank(self.rows)
            for start, values in parts:
                column[start : start + len(values)] = values
        return table


class _Writer:
    """The records of one writer in one log."""

    def __init__(self) -> None:
        self._stretches: list[_Stretch] = []
        self._place: tuple[float, float] = (-np.inf, -np.inf)
        self._evaluated: dict[str, tuple[int, float]] = {}
        self.trains = False
        self.epoch_base: int | None = None
        self.first_epoch = np.inf

    def add(self, block: StepBlock, rows: NDArray[np.int64]) -> None:
        epoch = np.array(block.epoch[rows], dtype=np.float64)
        step = _step(block, rows)
        self.epoch_base = block.shape.epoch_base
        self.first_epoch = float(np.fmin.reduce(epoch, initial=self.first_epoch))
        metrics: dict[str, Column] = {}
        for name, column in block.metrics.items():
            key = _canonical(metric_key(name, block.shape.split))
            metrics.setdefault(key if key not in metrics else name, column[rows])
        if block.shape.split is Split.TRAIN:
            self.trains = True
            self._train(epoch, step, metrics)
        else:
            self._evaluate(epoch, step, metrics)

    @property
    def metrics(self) -> set[str]:
        """What it states of any step."""
        return {name for stretch in self._stretches for name in stretch.metrics}

    def stretches(self) -> list[Table]:
        """Its rows, parted where the place goes back."""
        return [stretch.table() for stretch in self._stretches if stretch.rows]

    def _train(self, epoch: Column, step: Column, metrics: Mapping[str, Column]) -> None:
        self._evaluated = {}
        cuts = np.flatnonzero(_goes_back(self._place, epoch, step))
        starts = [0, *(int(cut) for cut in cuts if cut)]
        if not self._stretches or (len(cuts) and cuts[0] == 0):
            self._stretches.append(_Stretch())
        for start, end in zip(starts, [*starts[1:], len(step)], strict=True):
            if start:
                self._stretches.append(_Stretch())
            stretch = self._stretches[-1]
            stretch.epoch.append(epoch[start:end])
            stretch.step.append(step[start:end])
            for name, column in metrics.items():
                stretch.metrics.setdefault(name, []).append((stretch.rows, column[start:end]))
            stretch.rows += end - start
        self._place = (float(epoch[-1]), float(step[-1]))

    def _evaluate(self, epoch: Column, step: Column, metrics: Mapping[str, Column]) -> None:
        """An evaluation belongs to the step before it: its result, or the mean of its batches."""
        if not self._stretches or not self._stretches[-1].rows:
            self._train(epoch, step, metrics)
            return
        stretch = self._stretches[-1]
        for name, column in metrics.items():
            finite = column[np.isfinite(column)]
            count, total = self._evaluated.get(name, (0, 0.0))
            self._evaluated[name] = count, total = count + len(finite), total + float(finite.sum())
            value = total / count if count else float(column[-1])
            stretch.metrics.setdefault(name, []).append((stretch.rows - 1, np.array([value])))


def _blank(rows: int) -> Sparse:
    return np.ma.masked_all(rows)  # type: ignore[no-untyped-call]


def _step(block: StepBlock, rows: NDArray[np.int64]) -> Column:
    """The step as printed, else the batch within its epoch; NaN where neither is stated."""
    step = np.where(block.step[rows] >= 0, block.step[rows], block.batch[rows]).astype(np.float64)
    step[step < 0] = np.nan
    return step


def _canonical(name: str) -> str:
    folded = _SYNONYMS.get(fold(name), fold(name))
    return folded if folded in FIRST and name not in PLACES else name


def _goes_back(place: tuple[float, float], epoch: Column, step: Column) -> NDArray[np.bool_]:
    """Where a row stands before the one above it, or at the same place."""
    epochs = np.concatenate(([place[0]], epoch))
    steps = np.concatenate(([place[1]], step))
    earlier = epochs[1:] < epochs[:-1]
    same = ~(epochs[1:] > epochs[:-1])  # where one is not known, the steps decide
    found: NDArray[np.bool_] = earlier | (same & (steps[1:] <= steps[:-1]))
    return found


def _run_wide(stretches: list[Table]) -> bool:
    """Whether steps count over the whole run and not within each epoch."""
    epoch = np.concatenate([stretch["epoch"] for stretch in stretches])
    step = np.concatenate([stretch["step"] for stretch in stretches])
    known = ~np.isnan(epoch)
    if np.isnan(step).any() or not len(step):
        return False
    if not known.any():
        return True
    epochs, which = np.unique(epoch[known], return_inverse=True)
    low, high = np.full(len(epochs), np.inf), np.full(len(epochs), -np.inf)
    np.minimum.at(low, which, step[known])
    np.maximum.at(high, which, step[known])
    return bool((low[1:] > high[:-1]).all())


def _places(table: Table, *, run_wide: bool) -> tuple[Column, Column]:
    """What rows are compared by: epoch and step, or the step alone where it says all."""
    epoch = np.nan_to_num(table["epoch"], nan=-1.0)
    return np.zeros_like(epoch) if run_wide else epoch, np.nan_to_num(table["step"], nan=-1.0)


def _joined(stretches: list[Table]) -> Table:
    """All stretches in one table."""
    names = list(dict.fromkeys(name for stretch in stretches for name in stretch))
    table: Table = {
        name: np.ma.concatenate(  # type: ignore[no-untyped-call]
            [
                stretch[name] if name in stretch else _blank(len(stretch["step"]))
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


def _resolved(table: Table, *, run_wide: bool) -> Table:
    """Every place once, in the order of training; of what was replayed the newest value stays.

    Without run-wide steps and without epochs nothing tells a replayed batch from the same batch of
    the next epoch: then all rows stay in their order. So do those of one stretch that state the same
    epoch and no step.
    """
    epoch, step = _places(table, run_wide=run_wide)
    if not run_wide and not (epoch >= 0).any():
        return table
    order = np.lexsort((table[_STRETCH], step, epoch))
    epoch, step, stretch = epoch[order], step[order], table[_STRETCH][order]
    first = np.append(True, (epoch[1:] != epoch[:-1]) | (step[1:] != step[:-1]))
    newest = np.maximum.reduceat(stretch, np.flatnonzero(first))[np.cumsum(first) - 1]
    stays = (step >= 0) | (stretch == newest)
    starts = np.flatnonzero((first | (step < 0))[stays])
    return {name: _newest(column[order][stays], starts) for name, column in table.items()}


def _newest(column: Sparse, starts: NDArray[np.int64]) -> Sparse:
    """Of each group of rows the last value that is stated."""
    stated = ~np.ma.getmaskarray(column)
    at = np.maximum.reduceat(np.where(stated, np.arange(len(column)), -1), starts)
    if not isinstance(column, np.ma.MaskedArray):
        return column[at]
    return np.ma.array(column.data[at], mask=at < 0)


_STRETCH = "\0stretch"


def _shift(table: Table, first: _Writer, other: _Writer) -> int | None:
    """What turns the other log's epochs into the first one's; None where nobody can tell."""
    if first.epoch_base is not None and other.epoch_base is not None:
        return first.epoch_base - other.epoch_base
    if np.isnan(table["epoch"]).all() or first.first_epoch == other.first_epoch:
        return 0
    # Both begin with the first epoch, one counts from 0 and one from 1.
    begins = {first.first_epoch, other.first_epoch} == {0.0, 1.0}
    return int(first.first_epoch - other.first_epoch) if begins else None


def _complete(table: Table, stretches: list[Table], shift: int, missing: set[str]) -> None:
    """Add metrics that only another log has, at the same place or the end of their epoch."""
    places = {place: row for row, place in enumerate(_stated(table, 0))}
    ends = {epoch: row for (epoch, _), row in places.items()}
    for stretch in stretches:
        found = [places.get(place, ends.get(place[0])) for place in _stated(stretch, shift)]
        for name in missing.intersection(stretch):
            column: Sparse = table.setdefault(name, _blank(len(table["step"])))
            for row, value in zip(found, stretch[name], strict=True):
                if row is not None and value is not np.ma.masked:
                    column[row] = value


def _stated(table: Table, shift: int) -> Iterator[tuple[float, float]]:
    epoch = np.nan_to_num(table["epoch"] + shift, nan=-1.0)
    step = np.nan_to_num(table["step"], nan=-1.0)
    yield from zip(epoch.tolist(), step.tolist(), strict=True)


def _history(table: Table, *, run_wide: bool) -> History:
    """The columns that say anything, in the order of `FIRST`."""
    stretch = table.pop(_STRETCH)
    found = {
        name: column
        for name, column in table.items()
        if name not in PLACES or not np.isnan(column).all()
    }
    names = [name for name in FIRST if name in found]
    names += sorted(name for name in found if name not in FIRST)
    moved = np.flatnonzero(np.diff(stretch)) + 1
    return History({name: found[name] for name in names}, tuple(map(int, moved)), run_wide)
