"""Records of one writer that were counted and wait to be folded into its curves, all at once.

To fold some thousand values costs little more than to fold one, and an epoch or a marker ends a stretch of
records; so what one feed gave is gathered here, and folded when all of it was seen.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import Evidence, Split, StepBlock
from trainwatch.formats.names import is_evaluation, is_test, without_evaluation
from trainwatch.model.epochs import EpochStats
from trainwatch.model.series import Whereabouts
from trainwatch.model.sums import summed
from trainwatch.model.watch import Spot

_FEW = 4
"""Records of a part up to which they are looked at one by one."""

Array = NDArray[np.float64]
Places = NDArray[np.int64]
Rows = range | Places
"""Places of some records in a block, in order; a range where they follow each other."""


class Part(NamedTuple):
    """Successive records of one epoch.

    Attributes:
        block, rows: The records.
        times: Their seconds in the stream's clock; NaN where unknown.
        first: The training record that the first of them is, or before which they all stand.
        each: By how many training records the next one is further on: 1, or 0 for other data.
        stats: Of their epoch; None where that is not known.
    """

    block: StepBlock
    rows: Rows
    times: Array
    first: int
    each: int
    stats: EpochStats | None


class Column:
    """The values of one metric in successive parts.

    Args:
        parts: Each part and its values.
    """

    def __init__(self, parts: Sequence[tuple[Part, Array]]) -> None:
        self._parts = [part for part, _ in parts]
        self._columns = [values for _, values in parts]
        self.values = joined(self._columns)
        lengths = [len(column) for column in self._columns]
        self._starts = np.cumsum([0, *lengths[:-1]], dtype=np.int64)

    def ordinals(self, places: Places) -> Array:
        """Ordinals of the training records that some values belong to."""
        if len(self._parts) == 1:
            part = self._parts[0]
            return np.asarray(part.first + part.each * places, dtype=np.float64)
        at = np.searchsorted(self._starts, places, side="right") - 1
        firsts = np.array([part.first for part in self._parts])
        each = np.array([part.each for part in self._parts])
        return np.asarray(firsts[at] + each[at] * (places - self._starts[at]), dtype=np.float64)

    def spot(self, place: int, usual: float | None) -> Spot:
        """A value as proof."""
        at = int(np.searchsorted(self._starts, place, side="right")) - 1
        part = self._parts[at]
        row = int(part.rows[place - int(self._starts[at])])
        block = part.block
        step, epoch = int(block.step[row]), float(block.epoch[row])
        step = step if step >= 0 else int(block.batch[row])
        return Spot(
            value=float(self.values[place]),
            usual=usual,
            epoch=None if np.isnan(epoch) else epoch,
            step=step if step >= 0 else None,
            evidence=evidence_of(block, row),
        )

    def fold_epochs(self, key: str) -> None:
        """Fold the values into the figures of their epochs, which have only some metrics."""
        if key == "lr":
            for part, values in zip(self._parts, self._columns, strict=True):
                if part.stats is not None:
                    part.stats.lr = float(values[-1])
        elif key in {"loss", "val_loss"}:
            self._fold_extents(key)

    def _fold_extents(self, name: str) -> None:
        extents = [
            None if part.stats is None else getattr(part.stats, name) for part in self._parts
        ]
        if len(extents) == 1:
            if extents[0] is not None:
                extents[0].add(self.values)
            return
        low = np.minimum.reduceat(self.values, self._starts)
        high = np.maximum.reduceat(self.values, self._starts)
        lows, highs = low.tolist(), high.tolist()
        totals: Sequence[float] = ()
        if np.isfinite(low).all() and np.isfinite(high).all():
            totals = summed(self.values, self._starts, np.zeros(len(lows))).tolist()
        for at, (extent, column) in enumerate(zip(extents, self._columns, strict=True)):
            if extent is None:
                continue
            if totals and not extent.count:
                extent.begin(len(column), totals[at], lows[at], highs[at], float(column[-1]))
            else:
                extent.add(column)


def columns_of(parts: Sequence[Part]) -> Iterator[tuple[str, Column]]:
    """The metrics of some parts, each with its name over the whole run."""
    by_key: dict[str, list[tuple[Part, Array]]] = {}
    for part in parts:
        block = part.block
        for name, key in keys_of(block.shape.metrics, block.shape.split).items():
            by_key.setdefault(key, []).append((part, taken(block.metrics[name], part.rows)))
    for key, some in by_key.items():
        yield key, Column(some)


@lru_cache(maxsize=1024)
def keys_of(names: tuple[str, ...], split: Split) -> Mapping[str, str]:
    """Metrics by their names over a whole run; two of one meaning keep the printed names apart."""
    keys: dict[str, str] = {}
    for name in names:
        key = metric_key(name, split)
        keys[name] = name if key in keys.values() else key
    return keys


def metric_key(name: str, split: Split) -> str:
    """A metric's name over a whole run: values of other data are prefixed, once, by one word."""
    if is_evaluation(name):
        split = Split.TEST if is_test(name) else Split.VALIDATION
    elif split is Split.TRAIN:
        return name
    return f"{'val' if split is Split.VALIDATION else 'test'}_{without_evaluation(name)}"


def places_of(parts: Sequence[Part], places: Places) -> Array:
    """`Whereabouts` of some training records, counted from the first of these parts, as rows."""
    starts = np.cumsum([0, *(len(part.rows) for part in parts)])
    bounds = np.searchsorted(places, starts).tolist()
    if len(places) <= _FEW * len(parts):
        owners = np.searchsorted(starts, places, side="right") - 1
        rows = (places - starts[owners]).tolist()
        both = zip(owners.tolist(), rows, strict=True)
        return np.array([_whereabouts_of(parts[part], row) for part, row in both]).T
    picked = []
    for part, first, low, high in zip(parts, starts, bounds, bounds[1:], strict=False):
        if low < high:
            picked.append(np.stack(_whereabouts(part, places[low:high] - first)))
    return np.concatenate(picked, axis=1) if picked else np.empty((len(Whereabouts._fields), 0))


def _whereabouts_of(part: Part, row: int) -> tuple[float, ...]:
    """Of one record, as `Whereabouts`."""
    block, at = part.block, int(part.rows[row])
    epoch, step, batch = block.position(at)
    steps = math.nan if step < 0 else float(step)
    total, within = block.shape.total_batches, steps
    if step < 0 <= batch:
        within = float(batch)
    if total and batch >= 0 and epoch % 1 == 0:
        epoch += min(batch / total, 1.0)
    return steps, epoch, float(part.times[row]), within, float(block.offset[at])


def _whereabouts(part: Part, rows: Places) -> Whereabouts:
    block, shape = part.block, part.block.shape
    at = rows + part.rows[0] if isinstance(part.rows, range) else part.rows[rows]
    steps, epochs, batches = block.step[at].astype(np.float64), block.epoch[at], block.batch[at]
    steps[steps < 0] = np.nan
    if shape.total_batches:
        stated = (batches >= 0) & (epochs % 1 == 0)
        epochs[stated] += np.minimum(batches[stated] / shape.total_batches, 1.0)
    within = np.where(np.isnan(steps) & (batches >= 0), batches, steps)
    return Whereabouts(steps, epochs, part.times[rows], within, block.offset[at].astype(np.float64))


def evidence_of(block: StepBlock, row: int) -> Evidence:
    """A record as proof."""
    line = int(block.line[row])
    text = block.text[row].decode(errors="replace")[:500]
    return Evidence(block.shape.file, line if line > 0 else None, int(block.offset[row]), text)


def taken(column: NDArray[Any], rows: Rows) -> NDArray[Any]:
    """Some rows of a column; a view where they follow each other."""
    if isinstance(rows, range):
        return column[rows.start : rows.stop]
    return column[rows]


def is_constant(column: NDArray[Any]) -> bool:
    """Whether every value is known to be the same without a look at them."""
    return column.strides == (0,) or len(column) == 1


def joined(columns: Sequence[Array]) -> Array:
    """Some columns, one behind the other."""
    return columns[0] if len(columns) == 1 else np.concatenate(columns)
