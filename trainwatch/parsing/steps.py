"""The hot lines: stretches of step records, converted a column at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from trainwatch.events import MISSING, Draft, Event, Items, RankId, StepBlock, StepShape
from trainwatch.formats.filenames import FileRole
from trainwatch.parsing.columns import (
    BATCH,
    END,
    EPOCH,
    LINE,
    LOCAL,
    METRICS,
    OFFSET,
    RANK,
    SECONDS,
    STEP,
    Columns,
    Span,
)
from trainwatch.parsing.compiled import CompiledFormat
from trainwatch.parsing.identity import Writers
from trainwatch.parsing.prefix import (
    CLOCK,
    FRACTION,
    PREFIX_GROUPS,
    TORCH_RANK,
    ZONE,
    Clock,
    zone_minutes,
)
from trainwatch.parsing.prefix import LOCAL as LOCAL_RANK
from trainwatch.parsing.scanned import ScannedBlock
from trainwatch.parsing.seen import Rows

NAN = float("nan")
_POSITION = ("rank", "epoch", "step", "batch", "total_epochs", "total_steps", "total_batches")
_TOTALS = ("total_epochs", "total_steps", "total_batches")

Groups = tuple[bytes | None, ...]


@dataclass(frozen=True, slots=True)
class StepLayout:
    """Which group of a step format's match holds what; None where the format has no such field."""

    rank: int | None
    epoch: int | None
    step: int | None
    batch: int | None
    totals: tuple[int | None, ...]
    metrics: tuple[int, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, compiled: CompiledFormat) -> "StepLayout":
        """Derive it from the format's fields."""
        at = {name: PREFIX_GROUPS + index for index, name in enumerate(compiled.names)}
        names = tuple(name for name in compiled.names if name not in _POSITION)
        return cls(
            rank=at.get("rank"),
            epoch=at.get("epoch"),
            step=at.get("step"),
            batch=at.get("batch"),
            totals=tuple(at.get(name) for name in _TOTALS),
            metrics=tuple(at[name] for name in names),
            names=names,
        )


@dataclass(frozen=True, slots=True)
class Stretch:
    """Successive records of one format.

    Attributes:
        compiled: The format.
        rows: The groups of each match.
        numbers: Line number of each, -1 where unknown.
        offset: Of the first byte of the data of `spans`, in the file.
        spans: Where each line stands.
    """

    compiled: CompiledFormat
    rows: Sequence[Groups]
    numbers: Sequence[int]
    offset: int
    spans: Sequence[Span]

    def cut(self, start: int, end: int) -> "Stretch":
        """Some of its records."""
        if end - start == len(self.rows):
            return self
        part = slice(start, end)
        return Stretch(
            self.compiled,
            self.rows[part],
            self.numbers[part],
            self.offset,
            self.spans[part],
        )


class Gatherer:
    """Blocks and events of one piece of a file, in order; a block ends where its shape changes.

    Args:
        file: The name that the records carry.
        role: What the file's path says.
        clock: Shared with the reader of the file.
        epoch_of: The epoch that the last header of a writer stated, or NaN.
    """

    def __init__(
        self, file: str, role: FileRole, clock: Clock, epoch_of: Callable[[RankId], float]
    ) -> None:
        self._file = file
        self._role = role
        self._clock = clock
        self._epoch_of = epoch_of
        self._layouts: dict[str, StepLayout] = {}
        self._whole = True
        self._items: list[Columns | StepBlock | Event | Draft] = []

    def rename(self, file: str) -> None:
        """The next records stand in another part of a rotated log."""
        self._file = file

    def add_event(self, event: Event | Draft) -> None:
        """Add a rare event behind the steps gathered so far."""
        self._items.append(event)

    def interrupt(self) -> None:
        """A line of another kind stands here: records before and behind it are not one block."""
        self._whole = False

    def add(self, items: Iterable[StepBlock | Event]) -> None:
        """Add what others have made."""
        self._items += items

    def add_steps(self, stretch: Stretch, writers: Writers) -> Iterator[Rows]:
        """Add successive records of one format; where they are now."""
        layout = self._layout(stretch.compiled)
        for shape, part in self._uniform(stretch, layout):
            rank = layout.rank
            known = [
                writers.resolve(
                    None if rank is None else row[rank], row[TORCH_RANK], row[LOCAL_RANK]
                )
                for row in part.rows
            ]
            yield self._fill(self._columns(shape), part, layout, known)

    def finish(self, arrival: float, *, live: bool) -> Items:
        """Everything gathered, in file order; begins anew."""
        items = [
            item.block(arrival, live=live) if isinstance(item, Columns) else item
            for item in self._items
        ]
        self._items = []
        return Items(items)

    def add_block(self, block: ScannedBlock) -> None:
        """Add what the native scanner read."""
        if not block.states_epochs:
            block.state_epochs(self._epoch_of)
        self._items.append(block)

    def _fill(
        self, columns: Columns, part: Stretch, layout: StepLayout, writers: Sequence[RankId]
    ) -> Rows:
        count = len(part.rows)
        by_group = tuple(zip(*part.rows, strict=True))
        columns.stands_in(part.spans[0][0], part.offset)
        at = columns.add(count)
        integers, who, floats = columns.integers, columns.who, columns.floats
        integers[LINE, at] = part.numbers
        integers[OFFSET, at] = [part.offset + start for _, start, _ in part.spans]
        integers[END, at] = [part.offset + end for _, _, end in part.spans]
        integers[STEP, at] = _integers(by_group, layout.step, count)
        integers[BATCH, at] = _integers(by_group, layout.batch, count)
        who[RANK, at] = [MISSING if one.rank is None else one.rank for one in writers]
        who[LOCAL, at] = [MISSING if one.local is None else one.local for one in writers]
        floats[SECONDS, at] = self._seconds(by_group)
        floats[EPOCH, at] = (
            [self._epoch_of(who) for who in writers]
            if layout.epoch is None
            else list(map(float, by_group[layout.epoch]))
        )
        for metric, index in enumerate(layout.metrics):
            floats[METRICS + metric, at] = list(map(float, by_group[index]))
        return Rows(columns, at.start, at.stop)

    def _seconds(self, by_group: Sequence[Groups]) -> list[float]:
        clocks, fractions = by_group[CLOCK], by_group[FRACTION]
        whole = {clock: self._clock.seconds(clock) for clock in set(clocks)}
        if fractions[0] is None:
            return [whole[clock] for clock in clocks]
        scale = 10.0 ** -len(fractions[0])
        return [
            whole[clock] + int(part or 0) * scale
            for clock, part in zip(clocks, fractions, strict=True)
        ]

    def _columns(self, shape: StepShape) -> Columns:
        last = self._items[-1] if self._items else None
        whole, self._whole = self._whole, True
        if whole and isinstance(last, Columns) and last.shape == shape:
            return last
        columns = Columns(shape)
        self._items.append(columns)
        return columns

    def _uniform(self, stretch: Stretch, layout: StepLayout) -> Iterator[tuple[StepShape, Stretch]]:
        """The stretch in parts of one shape; nearly always the whole of it."""
        totals = [index for index in layout.totals if index is not None]
        if all(len({row[index] for row in stretch.rows}) == 1 for index in (*totals, ZONE)) and (
            len({_digits(row[FRACTION]) for row in stretch.rows}) == 1
        ):
            yield self._shape(stretch.compiled, layout, stretch.rows[0]), stretch
            return

        def key(row: Groups) -> tuple[object, ...]:
            return (*(row[index] for index in totals), row[ZONE], _digits(row[FRACTION]))

        start = 0
        for _, group in groupby(stretch.rows, key):
            end = start + sum(1 for _ in group)
            shape = self._shape(stretch.compiled, layout, stretch.rows[start])
            yield shape, stretch.cut(start, end)
            start = end

    def _shape(self, compiled: CompiledFormat, layout: StepLayout, row: Groups) -> StepShape:
        totals = tuple(
            _optional_int(None if index is None else row[index]) for index in layout.totals
        )
        return self.shape(compiled, totals, row[ZONE], _digits(row[FRACTION]))

    def shape(
        self,
        compiled: CompiledFormat,
        totals: tuple[int | None, ...],
        zone: bytes | None,
        digits: int,
    ) -> StepShape:
        """The shape of records of a format with these totals, zone, and width of fractions."""
        layout = self._layout(compiled)
        epochs, steps, batches = totals
        return StepShape(
            file=self._file,
            format=compiled.format.name,
            dialect=compiled.dialect.name,
            split=compiled.format.split,
            granularity=compiled.format.granularity or compiled.dialect.granularity,
            batch_unit=compiled.dialect.batch_unit if layout.batch is not None else None,
            attempt=self._role.attempt,
            zone=zone_minutes(zone),
            digits=digits,
            epoch_base=compiled.dialect.epoch_base,
            metrics=layout.names,
            total_epochs=epochs,
            total_steps=steps,
            total_batches=batches,
        )

    def _layout(self, compiled: CompiledFormat) -> StepLayout:
        name = compiled.format.name
        layout = self._layouts.get(name)
        if layout is None:
            layout = self._layouts[name] = StepLayout.of(compiled)
        return layout


def _digits(fraction: bytes | None) -> int:
    """The width of a fraction; fractions of one width share a block."""
    return 0 if fraction is None else len(fraction)


def _optional_int(text: bytes | None) -> int | None:
    return None if text is None else int(text)


def _integers(by_group: Sequence[Groups], index: int | None, count: int) -> list[int]:
    return [MISSING] * count if index is None else [int(text or 0) for text in by_group[index]]
