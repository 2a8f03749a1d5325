"""Collects the steps of a run while its logs are read.

Only one writer a log can be the source of a step, so only the lowest rank's records (and those of
logs that name no rank) are kept whole, as columns; every other rank leaves a curve of fixed size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import EvalResult, Parsed, RankId, Split, StepBlock
from trainwatch.formats.filenames import FileKind, FileRole, describe
from trainwatch.formats.names import fold
from trainwatch.model.attempts import number_attempts
from trainwatch.model.evaluation import as_block
from trainwatch.model.parts import metric_key
from trainwatch.model.run import by_writer
from trainwatch.model.series import Series
from trainwatch.report.history import (
    FIRST,
    PLACES,
    Column,
    History,
    Table,
    Told,
    blank,
    history_of,
)

Begins = Callable[[str, RankId], Sequence[int]]

_SYNONYMS = {"r²": "r2"}
_OTHER_CURVE = 512
_MOST_CURVES = 256


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
            if isinstance(item, EvalResult):
                self._add_result(base, item)
            elif isinstance(item, StepBlock):
                for who, rows in by_writer(item):
                    if self._wants(who.rank):
                        self._add(base, who, item, rows)

    def history(self, begins: Begins = lambda _base, _who: ()) -> History:
        """The run's steps so far.

        Args:
            begins: Ordinals of a writer's training records with which an attempt is known to begin.
        """
        entries = sorted(
            (_Entry(describe(base), who, writer) for (base, who), writer in self._writers.items()),
            key=lambda entry: (not entry.writer.trains, entry.sort),
        )
        if not entries:
            return History({})
        sort = entries[0].sort
        attempts = number_attempts(entry.role for entry in entries)
        # Of two that tell the same, the newer attempt and then the better log comes last, and stays.
        entries.sort(key=lambda entry: (entry.sort, entry.role.base), reverse=True)
        entries.sort(key=lambda entry: attempts[entry.role.base])
        own: list[Told] = []
        newest = None
        for entry in (entry for entry in entries if entry.sort == sort):
            attempt = attempts[entry.role.base]
            told = entry.writer.told(begins(entry.role.base, entry.who))
            later = newest is not None and attempt != newest
            own.append(replace(told, begins=(0, *told.begins)) if later else told)
            newest = attempt
        return history_of(own, [e.writer.told() for e in entries if e.sort != sort])

    def _add_result(self, base: str, event: EvalResult) -> None:
        if self._wants(event.who.rank) and self._is_kept(event.who):
            writer = self._writers.setdefault((base, event.who), _Writer())
            writer.add(as_block(event), np.zeros(1, dtype=np.int64), result=True)

    def _add(self, base: str, who: RankId, block: StepBlock, rows: NDArray[np.int64]) -> None:
        if self._is_kept(who):
            self._writers.setdefault((base, who), _Writer()).add(block, rows)
        else:
            self._curve(who, block, rows)

    def _is_kept(self, who: RankId) -> bool:
        """Whether it is the lowest rank of its sort so far."""
        group, number = who.sort_key
        best = self._best.setdefault(group, (group, number))
        if who.sort_key < best:  # rare: a log of a lower rank comes later
            self._best[group] = who.sort_key
            for key in [key for key in self._writers if key[1].sort_key == best]:
                del self._writers[key]
        return who.sort_key <= best

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
            column = table[name] = blank(self.rows)
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
        self._within = False
        self._untrained = 0
        self._means: set[str] = set()
        self._results: set[str] = set()

    def add(self, block: StepBlock, rows: NDArray[np.int64], *, result: bool = False) -> None:
        """Take records; `result`: the figures of a whole evaluation, and not of a batch of it."""
        epoch = np.array(block.epoch[rows], dtype=np.float64)
        step = _step(block, rows)
        self.epoch_base = block.shape.epoch_base
        metrics: dict[str, Column] = {}
        for name, column in block.metrics.items():
            key = _canonical(metric_key(name, block.shape.split))
            metrics.setdefault(key if key not in metrics else name, column[rows])
        if block.shape.split is Split.TRAIN:
            self.trains = True
            self._within |= bool(((block.step[rows] < 0) & (block.batch[rows] >= 0)).any())
            self._train(epoch, step, metrics)
        else:
            self._evaluate(epoch, step, metrics, result=result)

    def told(self, begins: Sequence[int] = ()) -> Told:
        """What it told so far; an attempt begins with these of its training records."""
        tables = [stretch.table() for stretch in self._stretches if stretch.rows]
        rows = [at + self._untrained for at in begins]
        reckoned = frozenset(self._means - self._results)
        return Told(tables, self.epoch_base, rows, self._within, reckoned)

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

    def _evaluate(
        self, epoch: Column, step: Column, metrics: Mapping[str, Column], *, result: bool
    ) -> None:
        """An evaluation belongs to the step before it: its result, or the mean of its batches."""
        if not self._stretches or (not self.trains and _follows(self._place, epoch, step)):
            self._train(epoch, step, metrics)
            self._untrained += len(step)
            return
        stretch = self._stretches[-1]
        (self._results if result else self._means).update(metrics)
        for name, column in metrics.items():
            value = float(column[-1])
            if not result:
                finite = column[np.isfinite(column)]
                count, total = self._evaluated.get(name, (0, 0.0))
                count, total = count + len(finite), total + float(finite.sum())
                self._evaluated[name] = count, total
                value = total / count if count else value
            stretch.metrics.setdefault(name, []).append((stretch.rows - 1, np.array([value])))


def _step(block: StepBlock, rows: NDArray[np.int64]) -> Column:
    """The step as printed, else the batch within its epoch; NaN where neither is stated."""
    step = np.where(block.step[rows] >= 0, block.step[rows], block.batch[rows]).astype(np.float64)
    step[step < 0] = np.nan
    return step


def _canonical(name: str) -> str:
    folded = _SYNONYMS.get(fold(name), fold(name))
    return folded if folded in FIRST and name not in PLACES else name


def _follows(place: tuple[float, float], epoch: Column, step: Column) -> bool:
    """Whether an evaluation states another place than the one before it."""
    here = (float(epoch[0]), float(step[0]))
    return not all(ours == theirs or ours != ours for ours, theirs in zip(here, place, strict=True))  # noqa: PLR0124 - not stated


def _goes_back(place: tuple[float, float], epoch: Column, step: Column) -> NDArray[np.bool_]:
    """Where a row stands before the one above it, or at the same place."""
    epochs = np.concatenate(([place[0]], epoch))
    steps = np.concatenate(([place[1]], step))
    earlier = epochs[1:] < epochs[:-1]
    same = ~(epochs[1:] > epochs[:-1])  # where one is not known, the steps decide
    found: NDArray[np.bool_] = earlier | (same & (steps[1:] <= steps[:-1]))
    return found
