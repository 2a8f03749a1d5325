"""The way of one writer through all its logs and attempts: what counts, and where it stands.

The records of its logs are numbered one after another, the oldest attempt first. Which of them a
later attempt replaced is decided from the places that each log's `Track` keeps, so that it costs
nothing while the logs are read and the state stays bounded: exact up to as many records as a track
holds, afterwards to every second, fourth, … record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import RankId, RunInfo
from trainwatch.formats.names import is_evaluation
from trainwatch.model.ranks import Voice
from trainwatch.model.replays import Places, Standing, attempts, ranked, run_wide, settle
from trainwatch.model.run import RunState
from trainwatch.model.series import Series, Whereabouts
from trainwatch.model.stats import Extent
from trainwatch.model.stream import Stream

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Records that do not count: half-open spans of ordinals, in order, none touching another."""

    first: Array
    end: Array

    def __len__(self) -> int:
        return len(self.first)

    def hold(self, begin: Array, end: Array) -> NDArray[np.bool_]:
        """Whether any record from `begin` to before `end` lies in a span."""
        return np.searchsorted(self.first, end) > np.searchsorted(self.end, begin, "right")

    def closed(self, ordinals: Array, *, within: bool = False) -> Array:
        """The ordinals with the spans taken out.

        Args:
            ordinals: What to move.
            within: Whether what lies in a span runs on from its beginning, beside what replaced it,
                and does not fall together there.
        """
        if not len(self):
            return ordinals
        length = self.end - self.first
        before = np.searchsorted(self.first, ordinals, "right") - 1
        gone = np.concatenate(([0.0], np.cumsum(length)))
        inside = np.minimum(ordinals - self.first[before], length[before])
        inside = np.where((before < 0) | (within & (inside < length[before])), 0.0, inside)
        moved: Array = ordinals - gone[np.maximum(before, 0)] - inside
        return moved


NOTHING = Spans(np.empty(0), np.empty(0))


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One writer's training records over all attempts.

    Attributes:
        begins: Ordinal with which each of its logs begins.
        attempts: Ordinals at which a further attempt begins.
        replaced: What a later attempt trained again.
        left: The same, and what lies ahead of where the newest attempt has come.
        wide: Whether steps count over the whole run.
    """

    begins: tuple[int, ...]
    attempts: tuple[int, ...]
    replaced: Spans
    left: Spans
    wide: bool

    def within(self, start: int) -> list[int]:
        """Where attempts begin, by the ordinals of the log that begins with `start`."""
        return [at - start for at in self.attempts if at > start]


def reach(series: Series, start: int, *, evaluation: bool) -> tuple[Array, Array]:
    """The half-open span of training records that each bucket of a series stands for.

    A value on validation data belongs to the record after which it was measured.

    Args:
        series: Of a metric of one log.
        start: Ordinal with which that log begins.
        evaluation: Whether the metric is one of validation data.
    """
    first = series.points()[0] + start
    if evaluation:
        first = np.maximum(first - 1, start)
    if series.stride == 1:
        return first, first + 1
    return first, np.append(first[1:], np.inf)


def extent(stream: Stream, metric: str, start: int, course: Course) -> Extent:
    """The figures of a metric in one log, but for what a later attempt replaced.

    Exact while the metric's curve has a bucket a value; then what shares a bucket with a replaced
    value is left out with it.
    """
    whole = stream.extents[metric]
    series = stream.curves[metric]
    span = reach(series, start, evaluation=is_evaluation(metric))
    gone = course.replaced.hold(*span)
    return series.extent(~gone, whole.last) if gone.any() else whole


class Courses:
    """The courses of a run's members, each found anew only when its records have changed.

    Attributes:
        info: What is known of the run's attempts besides its logs.
    """

    def __init__(self) -> None:
        self.info = RunInfo(path="")
        self._known: dict[tuple[int, ...], tuple[object, Course]] = {}

    def of(self, voices: Sequence[Voice], metric: str) -> Course:
        """The course of a member by the logs that print a metric, the oldest attempt first."""
        counts = [v.stream.track.count or v.stream.curves[metric].count for v in voices]
        marks = [len(v.stream.marks) for v in voices]
        begins = [self.info.begins(v.stream.role.base) for v in voices]
        state = (counts, marks, begins)
        who = tuple(id(v.stream) for v in voices)  # streams live as long as their engine
        before, course = self._known.get(who, (None, None))
        if course is None or before != state:
            course = _course(voices, counts, begins)
            self._known[who] = state, course
        return course


def _course(
    voices: Sequence[Voice], counts: Sequence[int], known: Sequence[Sequence[int]]
) -> Course:
    begins = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    tracks = [voice.stream.track.columns() for voice in voices]
    if len(voices) == 1 and _straight(voices[0], tracks[0][1], known[0]):
        return Course((0,), (), NOTHING, NOTHING, _rises(tracks[0][1].steps))
    ordinals = np.concatenate(
        [track[0] + begin for track, begin in zip(tracks, begins[:-1], strict=True)]
    )
    places = Whereabouts(*map(np.concatenate, zip(*(track[1] for track in tracks), strict=True)))
    told = {int(begin) for begin in begins[1:-1] if begin}
    for voice, begin, track, offsets in zip(voices, begins[:-1], tracks, known, strict=True):
        told.update(int(begin) + mark for mark in voice.stream.marks)
        told.update(int(begin + at) for at in _by_offset(*track, offsets))
    epochs = places.epochs - _shifts(voices)
    rows = np.searchsorted(ordinals, sorted(told)).tolist()
    wide = run_wide(epochs, places.steps, rows)
    numbers = _numbered(epochs, places, wide=wide)
    found = attempts(numbers, rows) if numbers is not None else [0, *rows]
    told.update(int(ordinals[row]) for row in found if row not in rows)
    standing = np.zeros(len(ordinals)) if numbers is None else settle(numbers, found)
    total = float(begins[-1])
    return Course(
        tuple(map(int, begins[:-1])),
        tuple(sorted(told - {0})),
        _spans(ordinals, standing == Standing.REPLACED, total),
        _spans(ordinals, standing != Standing.COUNTS, total),
        wide,
    )


def attempt_begins(run: RunState, base: str, who: RankId, info: RunInfo) -> Sequence[int]:
    """Ordinals of the training records with which an attempt begins in one log, where exactly known."""
    file = run.files.get(base)
    stream = file.streams.get(who) if file else None
    if stream is None:
        return ()
    told = set(stream.marks)
    if stream.track.stride == 1:
        told.update(map(int, _by_offset(*stream.track.columns(), info.begins(base))))
    return sorted(told)


def _straight(voice: Voice, places: Whereabouts, offsets: Sequence[int]) -> bool:
    """Whether one attempt of one log is all: nearly always, and of very many ranks."""
    if voice.stream.marks or len(offsets) > 1:
        return False
    epochs, within = (np.diff(np.nan_to_num(c)) for c in (places.epochs, places.within))
    return not ((epochs < 0) | ((epochs == 0) & (within < 0))).any()


def _rises(steps: Array) -> bool:
    return bool((np.diff(steps[np.isfinite(steps)]) >= 0).all())


def _shifts(voices: Sequence[Voice]) -> NDArray[np.int64]:
    """Of each kept record the number of the first epoch, as its log counts."""
    return np.repeat(
        [voice.stream.epoch_base or 0 for voice in voices],
        [len(voice.stream.track.columns()[0]) for voice in voices],
    )


def _numbered(epochs: Array, places: Whereabouts, *, wide: bool) -> Places | None:
    """Places as numbers; None where nothing tells a replayed step from that of the next epoch."""
    if wide:
        return ranked(np.zeros_like(epochs), places.steps)
    return None if np.isnan(epochs).all() else ranked(epochs, places.within)


def _by_offset(ordinals: Array, places: Whereabouts, offsets: Sequence[int]) -> list[float]:
    """Ordinals of the first records that are said to be of a later attempt, by where they stand."""
    falls = np.flatnonzero(np.diff(places.offsets) < 0) + 1
    newest = int(falls[-1]) if len(falls) else 0  # the parts of a rotated log count from 0 each
    rows = newest + np.searchsorted(places.offsets[newest:], np.array(offsets[1:], float))
    return [float(ordinals[row]) for row in rows if row < len(ordinals)]


def _spans(ordinals: Array, gone: NDArray[np.bool_], total: float) -> Spans:
    edges = np.diff(np.concatenate(([0], gone.astype(np.int8), [0])))
    bounds = np.append(ordinals, total)
    return Spans(bounds[edges == 1], bounds[edges == -1])
