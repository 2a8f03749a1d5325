"""Lines to draw: a metric of one rank, or of all ranks as a band, over all attempts."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import NOBODY, RankId
from trainwatch.formats.names import is_evaluation
from trainwatch.model.course import Course, Courses, reach
from trainwatch.model.ranks import Crew, Voice
from trainwatch.model.snapshot import CurveView, Wish

Array = NDArray[np.float64]

DRAWN = ("loss", "val_loss", "lr")
"""Metrics with a curve in every snapshot, in this order."""


def curve_views(crew: Crew, courses: Courses) -> tuple[CurveView, ...]:
    """The lines of every snapshot: each metric of the first rank that prints it."""
    speakers = {name: crew.speakers(name) for name in DRAWN}
    return tuple(
        _curve(name, some[0].metric_voices(name), crew, courses)
        for name, some in speakers.items()
        if some
    )


def wished_curves(crew: Crew, courses: Courses, wish: Wish) -> tuple[CurveView, ...]:
    """The lines that a view asked for: a metric, and its values on validation data."""
    if wish.metric is None:
        return ()
    names = [wish.metric] if is_evaluation(wish.metric) else [wish.metric, f"val_{wish.metric}"]
    found = (_wished(crew, courses, name, wish) for name in names)
    return tuple(curve for curve in found if curve is not None)


def _wished(crew: Crew, courses: Courses, name: str, wish: Wish) -> CurveView | None:
    speakers = crew.speakers(name)
    if wish.rank is not None:
        speakers = [member for member in speakers if member.who == wish.rank] or speakers[:1]
    curves = [_curve(name, member.metric_voices(name), crew, courses) for member in speakers]
    return over_ranks(curves) if curves else None


def _curve(name: str, voices: Sequence[Voice], crew: Crew, courses: Courses) -> CurveView:
    course = courses.of(voices, name)
    parts = [_part(name, *of, course, crew) for of in zip(voices, course.begins, strict=True)]
    table = np.concatenate(parts, axis=1)
    left = course.left.hold(*table[:2])
    who = voices[0].stream.who
    return replace(
        _line(name, who, table[:, ~left], course),
        attempts=_marks(course, np.array(course.attempts, float)),
        epochs=_epochs(voices, course, crew),
        bucket=max(voice.stream.curves[name].stride for voice in voices),
        left=_line(name, who, table[:, left], course) if left.any() else None,
    )


def _part(name: str, voice: Voice, start: int, course: Course, crew: Crew) -> Array:
    """What one log tells, as rows: where each bucket begins and ends, and what `_line` takes."""
    series = voice.stream.curves[name]
    record, *values = series.points()
    begin, end = reach(series, start, evaluation=is_evaluation(name))
    places = _places(voice, begin - start, course.within(start))
    if not course.wide:
        places[0] = np.nan  # it counts within the epoch: no place in the run
    places[1] += crew.epoch_shift(voice.stream)
    return np.stack((begin, end, record + start, *values, *places))


def _line(name: str, who: RankId, table: Array, course: Course) -> CurveView:
    _, _, record, low, high, mean, bad, steps, fine, seconds = table
    x = course.left.closed(record, within=True)
    return CurveView(
        metric=name,
        who=who,
        x=x,
        low=low,
        high=high,
        mean=mean,
        nonfinite=x[bad > 0],
        steps=steps,
        fine_epochs=fine,
        seconds=seconds,
    )


def _epochs(voices: Sequence[Voice], course: Course, crew: Crew) -> tuple[tuple[int, float], ...]:
    """Where epochs begin; one that a later attempt goes on with has begun before."""
    told = [
        (start + at, epoch + crew.epoch_shift(voice.stream))
        for voice, start in zip(voices, course.begins, strict=True)
        for at, epoch in voice.stream.epoch_marks
    ]
    at = np.array([at for at, _ in told], float)
    marks = _marks(course, at[counts := ~course.left.hold(at, at + 1)])
    epochs = [epoch for (_, epoch), one in zip(told, counts, strict=True) if one]
    # Shares of epochs, as in `epoch_views`.
    if not all(float(epoch).is_integer() for epoch in epochs):
        epochs = [float(math.ceil(epoch)) for epoch in epochs]
    return tuple(
        (mark, epoch)
        for mark, epoch, before in zip(marks, epochs, [None, *epochs], strict=False)
        if epoch != before
    )


def _marks(course: Course, ordinals: Array) -> tuple[int, ...]:
    return tuple(map(int, course.left.closed(ordinals)))


def _places(voice: Voice, records: Array, cuts: Sequence[int]) -> Array:
    """Steps, epochs and seconds of some records; between two of an attempt that are kept, in proportion."""
    ordinals, known = voice.stream.track.columns()
    places = np.full((3, len(records)), np.nan)
    for first, end in pairwise((-math.inf, *cuts, math.inf)):
        ours, kept = (records >= first) & (records < end), (ordinals >= first) & (ordinals < end)
        for place, values in zip(places, known[:3], strict=True):
            place[ours] = _between(records[ours], ordinals[kept], values[kept])
    return places


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
