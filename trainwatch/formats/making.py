"""Short ways to write the named formats down."""

from collections.abc import Collection, Mapping
from typing import Any

from trainwatch.events import Granularity, Split
from trainwatch.formats.dialect import Kind, LineFormat, RecordFormat, Sample, Shape, Value

Given = tuple[str, Mapping[str, Value]]
"""A sample line, and what must be read from it."""


def step(name: str, template: str, *samples: Given, split: Split = Split.TRAIN) -> LineFormat:
    """A line with fixed fields that is one step."""
    return LineFormat(name, Kind.STEP, template, _samples(samples), split)


def evaluation(
    name: str, template: str, *samples: Given, split: Split = Split.VALIDATION
) -> LineFormat:
    """A line with fixed fields that is the result of an evaluation."""
    return LineFormat(name, Kind.EVALUATION, template, _samples(samples), split)


def message(name: str, template: str, *samples: Given) -> LineFormat:
    """A line that is understood and says nothing of the training's progress."""
    return LineFormat(name, Kind.MESSAGE, template, _samples(samples))


def record(
    name: str,
    shape: Shape,
    *samples: Given,
    keys: Collection[str] = (),
    opening: str = "",
    names: Mapping[str, str] | None = None,
    **more: Any,  # noqa: ANN401 - the rest of RecordFormat's attributes
) -> RecordFormat:
    """A structured record with an open set of keys."""
    return RecordFormat(
        name, shape, _samples(samples), frozenset(keys), opening, names or {}, **more
    )


def _samples(samples: Collection[Given]) -> tuple[Sample, ...]:
    return tuple(Sample(text, fields) for text, fields in samples)


PAIRS, JSON, DICT, TABLE, BAR, HEADER = Shape
EPOCH = Granularity.EPOCH
VALIDATION, TEST = Split.VALIDATION, Split.TEST
