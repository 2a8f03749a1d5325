"""Figures for people from the streams of all members: metrics and epochs."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trainwatch.model.course import Courses, extent
from trainwatch.model.epochs import EpochStats
from trainwatch.model.ranks import Crew, Voice
from trainwatch.model.snapshot import EpochView, MetricView
from trainwatch.model.stats import Extent

SHOWN_EPOCHS = 500
"""Newest epochs of a view."""


def metric_views(crew: Crew, courses: Courses) -> Mapping[str, MetricView]:
    """Every metric over the whole run; a step counts once a rank."""
    names = {name for member in crew.all for v in member.voices for name in v.stream.extents}
    return {name: _metric(crew, courses, name) for name in sorted(names)}


def _metric(crew: Crew, courses: Courses, name: str) -> MetricView:
    total = Extent()
    for member in crew.speakers(name):
        voices = member.metric_voices(name)
        course = courses.of(voices, name)
        # The newest attempt first, so that the last value is the first rank's newest.
        for voice, start in reversed(list(zip(voices, course.begins, strict=True))):
            total.merge(extent(voice.stream, name, start, course))
    return MetricView(
        total.last, total.mean, total.minimum, total.maximum, total.count, total.nonfinite
    )


@dataclass(slots=True)
class _Row:
    """One epoch, merged from all that speak of it."""

    loss: Extent = field(default_factory=Extent)
    val_loss: Extent = field(default_factory=Extent)
    lr: float | None = None
    stated: dict[str, float] = field(default_factory=dict)
    seconds: float | None = None
    complete: bool = False


def epoch_views(crew: Crew) -> tuple[EpochView, ...]:
    """The epochs of all attempts, oldest first; logs that count from 0 and from 1 are joined.

    An epoch is shown with the number that the log with the totals prints.
    """
    rows: dict[tuple[int, float], _Row] = {}
    for metric in ("loss", "val_loss"):
        for member in crew.speakers(metric):
            for voice in member.metric_voices(metric):
                _merge_values(rows, voice, metric)
    for member in crew.all:
        for voice in member.voices:
            _merge_stated(rows, voice)
    rows = _whole(rows)
    first = crew.first_epoch
    newest = sorted(rows)[-SHOWN_EPOCHS:]
    return tuple(_epoch(key[0], key[1] + first, rows[key]) for key in newest)


def _whole(rows: dict[tuple[int, float], _Row]) -> dict[tuple[int, float], _Row]:
    """The same by whole epochs, where a log prints shares of them, such as 0.66.

    Epoch 1 is then what lies between 0 and 1, as Hugging Face counts; it is complete when its end was
    printed, or a share of a later one in the same attempt.
    """
    if all(float(epoch).is_integer() for _, epoch in rows):
        return rows
    whole: dict[tuple[int, float], _Row] = {}
    for (attempt, share), row in sorted(rows.items()):
        into = whole.setdefault((attempt, float(max(math.ceil(share), 1))), _Row())
        into.loss.merge(row.loss)
        into.val_loss.merge(row.val_loss)
        into.lr = row.lr if row.lr is not None else into.lr
        into.stated.update(row.stated)
        into.complete |= share.is_integer() and share > 0  # a share of 0.004 is printed as 0.0
    for (attempt, epoch), row in whole.items():
        row.complete |= (attempt, epoch + 1) in whole
    return whole


def _epochs(voice: Voice) -> Iterable[tuple[tuple[int, float], EpochStats]]:
    """((attempt, epoch from 0), figures) of one stream."""
    base = voice.stream.epoch_base or 0
    for (attempt, epoch), stats in voice.stream.epochs.items().items():
        yield (voice.first_attempt + attempt, epoch - base), stats


def _merge_values(rows: dict[tuple[int, float], _Row], voice: Voice, metric: str) -> None:
    for key, stats in _epochs(voice):
        values: Extent = getattr(stats, metric)
        if values.count:
            row = rows.setdefault(key, _Row())
            getattr(row, metric).merge(values)
            row.complete |= stats.complete
            took = stats.last - stats.first
            if row.seconds is None and not math.isnan(took) and took > 0:
                row.seconds = took


def _merge_stated(rows: dict[tuple[int, float], _Row], voice: Voice) -> None:
    for key, stats in _epochs(voice):
        row = rows.get(key)
        if row is None and not stats.stated:
            continue
        row = rows.setdefault(key, _Row()) if row is None else row
        if stats.stated:
            row.stated.update(stats.stated)
            row.complete = True
        row.lr = stats.lr if row.lr is None else row.lr


def _epoch(attempt: int, epoch: float, row: _Row) -> EpochView:
    stated = row.stated
    return EpochView(
        epoch=epoch,
        attempt=attempt,
        records=row.loss.count,
        loss_mean=stated.get("loss_mean", row.loss.mean),
        loss_min=stated.get("loss_min", row.loss.minimum),
        loss_max=stated.get("loss_max", row.loss.maximum),
        stated="loss_mean" in stated,
        val_loss=row.val_loss.mean,
        lr=stated.get("lr", row.lr),
        seconds=stated.get("seconds", row.seconds),
        nonfinite=row.loss.nonfinite,
        complete=row.complete,
    )
