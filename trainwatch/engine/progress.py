"""How far a run is and when it is done, from what its logs state."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwatch.engine.pace import eta_stretches, spread
from trainwatch.events import Granularity, Phase, RunInfo
from trainwatch.formats.filenames import FileKind
from trainwatch.model.epochs import EpochStats
from trainwatch.model.moments import Viewpoint
from trainwatch.model.ranks import Crew, Voice
from trainwatch.model.stream import Stream

RECENT_EPOCHS = 5
"""Newest epochs from which the speed is measured."""

_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Progress:
    """As the fields of the same name in `RunView`."""

    progress: float | None = None
    epoch_progress: float | None = None
    eta_seconds: float | None = None
    eta_low: float | None = None
    eta_high: float | None = None
    eta_basis: str | None = None
    steps_per_second: float | None = None
    step_unit: str = "steps"
    elapsed_seconds: float | None = None
    epoch: float | None = None
    total_epochs: int | None = None
    step: int | None = None
    total_steps: int | None = None


def progress_of(crew: Crew, info: RunInfo, view: Viewpoint) -> Progress:
    """The progress of the current attempt, by the stream that knows most about it."""
    stream = _guide(crew)
    if stream is None:
        return Progress(elapsed_seconds=_elapsed(crew, info, view))
    share = _share(stream)
    stretches = eta_stretches(stream, share) if share is not None else np.empty(0)
    eta, basis = _eta(stream, share, stretches)
    low, high = spread(stretches) if basis == "measured" else (None, None)
    rate, unit = _rate(crew)
    return Progress(
        progress=share,
        epoch_progress=_epoch_share(stream),
        eta_seconds=eta,
        eta_low=low,
        eta_high=high,
        eta_basis=basis,
        steps_per_second=rate,
        step_unit=unit,
        elapsed_seconds=_elapsed(crew, info, view),
        epoch=stream.position.epoch,
        total_epochs=stream.total_epochs,
        step=stream.position.step,
        total_steps=stream.shape.total_steps if stream.shape else None,
    )


def _guide(crew: Crew) -> Stream | None:
    """A stream that states totals, else the first rank's."""
    voices = list(_current(crew))
    # What a checkpoint knew is behind what any log tells.
    voices = [voice for voice in voices if voice.kind is not FileKind.STATE] or voices
    guides = [voice.stream for voice in voices if _knows_total(voice.stream)]
    if guides:
        return min(guides, key=lambda stream: (stream.role.kind, stream.role.base))
    first = crew.ranks[0].primary.stream if crew.ranks else None
    if first is None or first.begun:
        return first
    # A rank of which only a failure tells: where the run was, a log that names no rank knows.
    return next((voice.stream for voice in voices if voice.stream.begun), first)


def _current(crew: Crew) -> Iterator[Voice]:
    for member in crew.all:
        yield from (voice for voice in member.voices if voice.attempt == crew.attempt)


def _knows_total(stream: Stream) -> bool:
    steps = stream.shape is not None and stream.shape.total_steps is not None
    return steps or (stream.total_epochs is not None and stream.epoch_base is not None)


def _share(stream: Stream) -> float | None:
    """Share of the whole training that is done, from stated totals only."""
    shape, position = stream.shape, stream.position
    if shape and shape.total_steps and position.step is not None:
        return _within(position.step / shape.total_steps)
    if not stream.total_epochs or stream.epoch_base is None or position.epoch is None:
        return None
    done = position.epoch - stream.epoch_base + (_epoch_share(stream) or 0.0)
    return _within(done / stream.total_epochs)


def _within(share: float) -> float:
    """A share, whatever a log prints: from 0 to 1."""
    return max(0.0, min(1.0, share))


def _stats(stream: Stream, epoch: float | None) -> EpochStats | None:
    if epoch is None:
        return None
    return stream.epochs.items().get((stream.position.attempt, epoch))


def _epoch_share(stream: Stream) -> float | None:
    """Share of the current epoch: stated, or measured by the length of the epoch before."""
    position = stream.position
    stats = _stats(stream, position.epoch)
    if stats is None or position.epoch is None:
        return None
    if stats.complete:
        return 1.0
    total = stream.shape.total_batches if stream.shape else None
    if total and position.batch is not None:
        return _within(position.batch / total)
    before = _stats(stream, position.epoch - 1)
    if before is None or not before.loss.count or stream.granularity is Granularity.EPOCH:
        return None
    return min(1.0, stats.loss.count / before.loss.count)


_BURST = 20.0
"""Times the usual gap between records, from which they come in bursts."""


def _rate(crew: Crew) -> tuple[float | None, str]:
    """Steps a second of the first rank, and what a step counts."""
    stream = crew.ranks[0].primary.stream if crew.ranks else None
    if stream is None or stream.granularity is Granularity.EPOCH or stream.shape is None:
        return None, "steps"
    gap = stream.rhythm.usual((Phase.TRAINING, False), 0.5)
    longer = stream.rhythm.usual((Phase.TRAINING, False), 0.9)
    if gap and longer and longer > _BURST * gap:
        gap = None  # several ranks print the same steps, and no mark tells them apart
    samples = stream.shape.batch_unit == "samples" and stream.shape.total_steps is None
    unit = "samples" if samples else "steps"
    return (stream.stride / gap if gap else None), unit


def _eta(
    stream: Stream, share: float | None, stretches: NDArray[np.float64]
) -> tuple[float | None, str | None]:
    """Seconds left and where that comes from."""
    if share is None:
        return None, None
    measured = _by_clock(stream, share)
    if measured is None and len(stretches):
        measured = float(np.sort(stretches)[len(stretches) // 2])
    measured = _by_epochs(stream, share) if measured is None else measured
    if measured is not None:
        return measured, "measured"
    hours = _newest_stated(stream, "eta_hours")
    if hours is None or not math.isfinite(hours):  # a script may divide by no progress
        return None, None
    return hours * _HOUR, "stated"


def _by_clock(stream: Stream, share: float) -> float | None:
    """From the time that the newest epochs took, by the stream's own clock."""
    attempt = stream.position.attempt
    epochs = [(e, s) for (a, e), s in stream.epochs.items().items() if a == attempt]
    if not epochs or not stream.total_epochs or stream.epoch_base is None:
        return None
    epoch, stats = epochs[-RECENT_EPOCHS:][0]
    total = stream.shape.total_batches if stream.shape else None
    begun = (stats.first_batch or 0) / total if total else 0.0
    start = (epoch - stream.epoch_base + begun) / stream.total_epochs
    seconds = stream.latest - stats.first
    if not seconds > 0 or not share > start:
        return None
    return (1.0 - share) * seconds / (share - start)


def _by_epochs(stream: Stream, share: float) -> float | None:
    """From the seconds that the log says its newest epochs took."""
    took = [s.stated["seconds"] for s in stream.epochs.items().values() if "seconds" in s.stated]
    took = [seconds for seconds in took if math.isfinite(seconds)]
    if not took or stream.total_epochs is None:
        return None
    recent = took[-RECENT_EPOCHS:]
    return (1.0 - share) * stream.total_epochs * sum(recent) / len(recent)


def _newest_stated(stream: Stream, name: str) -> float | None:
    stated = [s.stated[name] for s in stream.epochs.items().values() if name in s.stated]
    return stated[-1] if stated else None


def _elapsed(crew: Crew, info: RunInfo, view: Viewpoint) -> float | None:
    """Since the start of a run of ours, else between the stated times of the current attempt."""
    if info.started is not None:
        return max(0.0, (info.ended or view.now) - info.started)
    spans = [(voice.kind, voice.stream.latest - voice.stream.first) for voice in _current(crew)]
    logs = [span for kind, span in spans if span > 0 and kind < FileKind.TABLE]
    tables = [span for _, span in spans if span > 0]  # often rounded to whole seconds
    return max(logs or tables, default=None)
