"""Parsed records as rows: the columns of `trainwatch export`."""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING, Any

from trainwatch.events import (
    EpochSummary,
    EvalResult,
    Event,
    Finding,
    Parsed,
    RankId,
    Split,
    StepBlock,
    StepShape,
)
from trainwatch.formats.names import is_evaluation, is_test, without_evaluation
from trainwatch.report.columns import Columns, Values
from trainwatch.report.jsonable import Json, evidence, iso_stamp, iso_stamps, number, printed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAMED_METRICS = ("loss", "lr", "grad_norm", "throughput", "step_time")
"""Metrics that every row has, null where the line states none."""

_PLACE = frozenset(
    (
        *("file", "line", "time", "rank", "attempt", "phase", "epoch", "step", "batch"),
        *("batch_unit", "granularity", "total_epochs", "total_steps", "total_batches"),
    )
)
_MOST_OPEN = 10_000
"""Rows of epochs that wait for one of an earlier line, which nobody completes any more."""

_COMMON = frozenset(field.name for field in fields(Event))


def step_tables(parsed: Parsed) -> Iterator[Columns]:
    """One row a printed batch, step or iteration (or epoch, where a file prints only those)."""
    for item in parsed.items:
        if isinstance(item, StepBlock):
            yield _block(item, {name: _free(name) for name in item.shape.metrics})


def eval_tables(parsed: Parsed) -> Iterator[Columns]:
    """One row an evaluation result; names without the prefix that says so."""
    for item in parsed.items:
        if isinstance(item, StepBlock):
            names = [name for name in item.shape.metrics if is_evaluation(name)]
            bare = {name: _free(without_evaluation(name)) for name in names}
            if names:
                split = Split.TEST if all(map(is_test, names)) else Split.VALIDATION
                yield _block(item, bare, split)
        elif isinstance(item, EvalResult):
            yield from Columns.of([_eval_row(item)])


def event_tables(parsed: Parsed) -> Iterator[Columns]:
    """One row a rare event."""
    return Columns.of(event_rows(parsed))


def step_rows(parsed: Parsed) -> Iterator[Json]:
    """The rows of `step_tables`, one by one."""
    return _rows(step_tables(parsed))


def eval_rows(parsed: Parsed) -> Iterator[Json]:
    """The rows of `eval_tables`, one by one."""
    return _rows(eval_tables(parsed))


def event_rows(parsed: Parsed) -> Iterator[Json]:
    """One row a rare event, with the fields of its kind."""
    for item in parsed.items:
        if isinstance(item, Event):
            yield {
                **_where(item),
                "kind": _snake(type(item).__name__),
                **{
                    field.name: _plain(getattr(item, field.name))
                    for field in fields(item)
                    if field.name not in _COMMON
                },
                "text": item.text,
            }


def alert_row(finding: Finding) -> Json:
    """One row a finding; its first proof as file and line."""
    first = finding.evidence[0] if finding.evidence else None
    return {
        "file": first.file if first else None,
        "line": first.line if first else None,
        "rule": finding.rule,
        "severity": finding.severity.name.lower(),
        "rank": finding.who.rank,
        "epoch": printed(finding.epoch),
        "step": finding.step,
        "message": finding.message,
        "active": finding.active,
        "evidence": evidence(finding.evidence),
    }


class EpochRows:
    """Joins the lines of each epoch's summary into one row."""

    def __init__(self) -> None:
        self._rows: deque[Json] = deque()
        self._open: dict[tuple[str, RankId], Json] = {}

    def add(self, parsed: Parsed) -> None:
        """Take what one feed gave."""
        for item in parsed.items:
            if isinstance(item, EpochSummary):
                self._merge(item)

    def due(self, file: str) -> Iterator[Json]:
        """Rows that nothing will complete, now that `file` is read; each is given out once."""
        unfinished = {id(row) for row in self._open.values() if row["file"] == file}
        while self._rows and (id(self._rows[0]) not in unfinished or len(self._rows) > _MOST_OPEN):
            yield self._rows.popleft()

    def rows(self) -> Iterator[Json]:
        """The rows that were not given out, in the order of their first lines."""
        yield from self._rows

    def _merge(self, event: EpochSummary) -> None:
        # A summary begins with its head; what follows completes it, whatever the epoch's number.
        writer = (event.where.file, event.who)
        row = self._open.get(writer)
        if row is None or not event.values:
            row = self._open[writer] = {
                **_where(event),
                "phase": Split.TRAIN.value,
                "epoch": event.epoch,
                "total_epochs": event.total_epochs,
                "loss": None,
                "lr": None,
            }
            self._rows.append(row)
        for name, value in event.values.items():
            row["loss" if name == "loss_mean" else name] = number(value)


def _rows(tables: Iterable[Columns]) -> Iterator[Json]:
    return chain.from_iterable(table.rows() for table in tables)


def _block(block: StepBlock, names: Mapping[str, str], split: Split | None = None) -> Columns:
    shape = block.shape
    columns: dict[str, Any] = {
        "file": shape.file,
        "line": _stated(block.line),
        "time": iso_stamps(block.seconds, shape.zone, shape.digits),
        "rank": _stated(block.rank),
        **_constant(shape, split),
        "epoch": _epochs(block.epoch),
        "step": _stated(block.step),
        "batch": _stated(block.batch),
        **dict.fromkeys(NAMED_METRICS),
        **{bare: _numbers(block.metrics[name]) for name, bare in names.items()},
    }
    varying = {name: value for name, value in columns.items() if isinstance(value, list)}
    same = {name: value for name, value in columns.items() if name not in varying}
    return Columns(len(block), tuple(columns), same, varying)


def _eval_row(event: EvalResult) -> Json:
    return {
        **_where(event),
        "phase": event.split.value,
        "batch_unit": event.batch_unit,
        "granularity": event.granularity.value,
        "total_epochs": event.total_epochs,
        "total_steps": event.total_steps,
        "total_batches": event.total_batches,
        "epoch": printed(event.epoch),
        "step": event.step,
        "batch": event.batch,
        **dict.fromkeys(NAMED_METRICS),
        **{_free(name): number(value) for name, value in event.values.items()},
    }


def _constant(shape: StepShape, split: Split | None) -> Json:
    unit = {} if shape.throughput_unit is None else {"throughput_unit": shape.throughput_unit}
    return {
        "attempt": shape.attempt,
        "phase": (split or shape.split).value,
        "batch_unit": shape.batch_unit,
        "granularity": shape.granularity.value,
        "total_epochs": shape.total_epochs,
        "total_steps": shape.total_steps,
        "total_batches": shape.total_batches,
        **unit,
    }


def _where(event: Event) -> Json:
    return {
        "file": event.where.file,
        "line": event.where.line,
        "time": iso_stamp(event.stamp),
        "rank": event.who.rank,
        "attempt": event.attempt,
    }


def _stated(column: "NDArray[np.signedinteger[Any]]") -> Values | int | None:
    """Whole numbers, -1 for none; one number where all are the same."""
    values: Values = column.tolist()
    if values and values[0] == values[-1] and bool((column == values[0]).all()):
        return values[0] if values[0] >= 0 else None
    return values if min(values, default=0) >= 0 else [v if v >= 0 else None for v in values]


def _epochs(column: "NDArray[np.float64]") -> Values | float | int | str | None:
    values: Values = column.tolist()
    if values and (column == values[0]).all():
        return printed(values[0])
    return [None if math.isnan(value) else printed(value) for value in values]


def _numbers(column: "NDArray[np.float64]") -> Values:
    values: Values = column.tolist()
    # A sum is finite only if all are; where it is not, each is looked at.
    return values if math.isfinite(sum(values)) else list(map(number, values))


def _free(metric: str) -> str:
    """The column of a metric: a table may name one like a column that stands for something else."""
    return f"{metric}_" if metric in _PLACE else metric


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return number(value)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
