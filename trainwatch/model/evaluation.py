"""An evaluation's result as the one-row block that curves and watches take."""

import math

import numpy as np

from trainwatch.events import MISSING, EvalResult, StepBlock, StepShape


def as_block(event: EvalResult) -> StepBlock:
    """The result as a block of one record; the place and text of it are the event's."""
    stamp = event.stamp
    shape = StepShape(
        file=event.where.file,
        format=event.dialect,
        dialect=event.dialect,
        split=event.split,
        granularity=event.granularity,
        attempt=event.attempt,
        zone=stamp.zone if stamp else None,
        digits=stamp.digits if stamp else 0,
        epoch_base=event.epoch_base,
        metrics=tuple(event.values),
    )
    return StepBlock(
        shape=shape,
        line=_integers(event.where.line),
        offset=_integers(event.where.offset),
        seconds=np.array([stamp.seconds if stamp else math.nan]),
        rank=np.array([_or_missing(event.who.rank)], dtype=np.int32),
        local=np.array([_or_missing(event.who.local)], dtype=np.int32),
        epoch=np.array([math.nan if event.epoch is None else event.epoch]),
        step=_integers(event.step),
        batch=_integers(event.batch),
        metrics={name: np.array([value]) for name, value in event.values.items()},
        text=(event.text.encode(),),
        arrival=event.arrival,
        live=event.live,
    )


def _integers(value: int | None) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.array([_or_missing(value)], dtype=np.int64)


def _or_missing(value: int | None) -> int:
    return MISSING if value is None else value
