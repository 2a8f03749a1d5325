"""Lines to draw: a metric of one rank, or of all ranks as a band, over all attempts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import NOBODY
from trainwatch.formats.names import is_evaluation
from trainwatch.model.ranks import Crew, Voice
from trainwatch.model.snapshot import CurveView, Wish

Array = NDArray[np.float64]

DRAWN = ("loss", "val_loss", "lr")
"""Metrics with a curve in every snapshot, in this order."""


def curve_views(crew: Crew) -> tuple[CurveView, ...]:
    """The lines of every snapshot: each metric of the first rank that prints it."""
    speakers = {name: crew.speakers(name) for name in DRAWN}
    return tuple(
        _curve(name, some[0].metric_voices(name), crew) for name, some in speakers.items() if some
    )


def wished_curves(crew: Crew, wish: Wish) -> tuple[CurveView, ...]:
    """The lines that a view asked for: a metric, and its values on validation data."""
    if wish.metric is None:
        return ()
    names = [wish.metric] if is_evaluation(wish.metric) else [wish.metric, f"val_{wish.metric}"]
    return tuple(curve for name in names if (curve := _wished(crew, name, wish)) is not None)


def _wished(crew: Crew, name: str, wish: Wish) -> CurveView | None:
    speakers = crew.speakers(name)
    if wish.rank is not None:
        speakers = [member for member in speakers if member.who == wish.rank] or speakers[:1]
    curves = [_curve(name, member.metric_voices(name), crew) for member in speakers]
    return over_ranks(curves) if curves else None


def _curve(name: str, voices: Sequence[Voice], crew: Crew) -> CurveView:
    parts: list[tuple[Array, ...]] = []
    attempts: list[int] = []
    epochs: list[tuple[int, float]] = []
    start = 0
    for voice in voices:
        stream = voice.stream
        if start:
            attempts.append(start)
        attempts += [start + mark for mark in stream.marks]
        shift = crew.first_epoch - (stream.epoch_base or 0)
        epochs += [(start + at, epoch + shift) for at, epoch in stream.epoch_marks]
        record, low, high, mean, bad = stream.curves[name].points()
        places = _places(voice, record, shift)
        parts.append((record + start, low, high, mean, bad, *places))
        start += stream.track.count or stream.curves[name].count
    x, low, high, mean, bad, steps, fine, seconds = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return CurveView(
        metric=name,
        who=voices[0].stream.who,
        x=x,
        low=low,
        high=high,
        mean=mean,
        nonfinite=x[bad > 0],
        attempts=tuple(attempts),
        epochs=tuple(epochs),
        bucket=max(voice.stream.curves[name].stride for voice in voices),
        steps=steps,
        fine_epochs=fine,
        seconds=seconds,
    )


def _places(voice: Voice, records: Array, shift: float) -> tuple[Array, Array, Array]:
    """Steps, epochs and seconds of some records; between two that are kept, in proportion."""
    ordinals, steps, epochs, seconds = voice.stream.track.columns()
    if _falls(steps) > len(voice.stream.marks):
        steps = np.full(len(steps), np.nan)  # it counts within the epoch: no place in the run
    return (
        _between(records, ordinals, steps),
        _between(records, ordinals, epochs) + shift,
        _between(records, ordinals, seconds),
    )


def _falls(steps: Array) -> int:
    """How often a number fell back; in one that counts the whole run only a restart does that."""
    known = steps[np.isfinite(steps)]
    return int(np.count_nonzero(np.diff(known) < 0))


def _between(records: Array, ordinals: Array, values: Array) -> Array:
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(records), np.nan)
    return np.interp(records, ordinals[known], values[known])


def over_ranks(curves: Sequence[CurveView]) -> CurveView:
    """Several ranks as one: the band from the lowest to the highest, and the mean of their means."""
    if len(curves) == 1:
        return curves[0]
    longest = max(curves, key=lambda curve: len(curve.x))
    bucket = max(curve.bucket for curve in curves)
    x = np.concatenate([curve.x for curve in curves])
    key = x // bucket
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    joined = {
        name: np.concatenate([getattr(curve, name) for curve in curves])[order]
        for name in ("low", "high", "mean", "steps", "fine_epochs", "seconds")
    }
    finite = np.isfinite(joined["mean"])
    total = np.add.reduceat(np.where(finite, joined["mean"], 0.0), first)
    many = np.add.reduceat(finite.astype(float), first)
    mean = np.full(len(first), np.nan)
    np.divide(total, many, out=mean, where=many > 0)
    return CurveView(
        metric=longest.metric,
        who=NOBODY,
        x=x[order][first],
        low=np.fmin.reduceat(joined["low"], first),
        high=np.fmax.reduceat(joined["high"], first),
        mean=mean,
        nonfinite=np.unique(np.concatenate([curve.nonfinite for curve in curves])),
        attempts=longest.attempts,
        epochs=longest.epochs,
        bucket=bucket,
        steps=joined["steps"][first],
        fine_epochs=joined["fine_epochs"][first],
        seconds=joined["seconds"][first],
    )
