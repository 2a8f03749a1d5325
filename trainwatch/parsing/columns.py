"""Gathers step records into numpy columns, one block for each stretch of one shape."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np

from trainwatch.events import StepBlock, StepShape

Span = tuple[bytes, int, int]
"""A line as (data, start, end): cutting it out waits until somebody wants to read it."""


class Spans(Sequence[bytes]):
    """Lines that are cut out of their data only when they are read."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans

    def __len__(self) -> int:
        return len(self._spans)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(index, slice):
            return Spans(self._spans[index])
        data, start, end = self._spans[index]
        return data[start:end].rstrip(b"\r")  # of a line feed with a carriage return before it


@dataclass(slots=True)
class Columns:
    """Rows of one shape while they are gathered; `metrics` has one list a name of the shape."""

    shape: StepShape
    line: list[int] = field(default_factory=list)
    offset: list[int] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    rank: list[int] = field(default_factory=list)
    local: list[int] = field(default_factory=list)
    epoch: list[float] = field(default_factory=list)
    step: list[int] = field(default_factory=list)
    batch: list[int] = field(default_factory=list)
    metrics: tuple[list[float], ...] = ()

    def __post_init__(self) -> None:
        self.metrics = tuple([] for _ in self.shape.metrics)

    def block(self, arrival: float, *, live: bool) -> StepBlock:
        """The rows as arrays."""
        return StepBlock(
            shape=self.shape,
            line=np.array(self.line, dtype=np.int64),
            offset=np.array(self.offset, dtype=np.int64),
            seconds=np.array(self.seconds, dtype=np.float64),
            rank=np.array(self.rank, dtype=np.int32),
            local=np.array(self.local, dtype=np.int32),
            epoch=np.array(self.epoch, dtype=np.float64),
            step=np.array(self.step, dtype=np.int64),
            batch=np.array(self.batch, dtype=np.int64),
            metrics={
                name: np.array(column, dtype=np.float64)
                for name, column in zip(self.shape.metrics, self.metrics, strict=True)
            },
            text=Spans(self.spans),
            arrival=arrival,
            live=live,
        )
