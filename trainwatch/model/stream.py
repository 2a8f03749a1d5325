"""What one writer says in one log: position, epochs, curves, rhythm, remarkable values."""

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import (
    EpochMarker,
    EpochSummary,
    Event,
    Granularity,
    LogLine,
    Phase,
    RankId,
    RankStarted,
    Split,
    Stamp,
    StepBlock,
    StepShape,
)
from trainwatch.formats.filenames import FileRole
from trainwatch.formats.names import is_evaluation
from trainwatch.model.epochs import EpochTable
from trainwatch.model.position import Position, after_event, after_steps, phase_of
from trainwatch.model.rhythm import Rhythm
from trainwatch.model.series import Series
from trainwatch.model.stats import Extent
from trainwatch.model.watch import Limits, ValueWatch

JITTER = 8
"""Records of a new epoch behind which a line of the epoch before may still come, where several
ranks share a log without saying which is which; later it is a restart."""

WATCHED = ("loss", "val_loss", "lr")

Rows = NDArray[np.int64]
Times = NDArray[np.float64]


class Stream:
    """The fold of one writer's records in one log, through rotations and restarts.

    Attributes:
        who, role: The writer and the log.
        position: Where it is now.
        last: Its newest line of any kind.
        pid: Of the process, where it says so.
        records: Step records.
        stride: Difference of the newest two step numbers of one epoch: how often it prints.
        order: Place of its newest record or marker in the order of its log, -1 before any.
        shape: Of the newest block, for totals and units.
        dialects: Records by dialect.
        extents, curves: By metric; validation values are prefixed `val_`.
        watches: Of the current attempt.
        marks: Ordinals of `loss` at which an attempt (marks) or an epoch (epoch_marks) begins.
        first_stamp: The first time that its log states.
        first, latest: Seconds of its first and newest record in this attempt, in its own clock.
    """

    def __init__(self, who: RankId, role: FileRole, limits: Limits) -> None:
        self._limits = limits
        self.who = who
        self.role = role
        self.position = Position()
        self.last: LogLine | None = None
        self.pid: int | None = None
        self.records = 0
        self.order = -1
        self.stride = 1
        self.shape: StepShape | None = None
        self.total_epochs: int | None = None
        self.epoch_base: int | None = None
        self.dialects: Counter[str] = Counter()
        self.extents: dict[str, Extent] = {}
        self.curves: dict[str, Series] = {}
        self.watches: dict[str, ValueWatch] = {}
        self.rhythm = Rhythm()
        self.epochs = EpochTable()
        self.marks: list[int] = []
        self.epoch_marks: list[tuple[int, float]] = []
        self.first_stamp: Stamp | None = None
        self.first = math.nan
        self.latest = math.nan
        self._in_attempt = 0
        self._in_epoch = 0
        self._started: int | None = None

    @property
    def granularity(self) -> Granularity:
        """What its records stand for."""
        return self.shape.granularity if self.shape else Granularity.STEP

    @property
    def begun(self) -> bool:
        """Whether the current attempt has a step or a marker."""
        return self._in_attempt > 0

    def restart(self) -> None:
        """A new attempt begins in this log; without records in the current one it is the same."""
        if not self._in_attempt:
            return
        self.position = self.position.restarted()
        self.watches = {}
        self.rhythm.pause()
        self.marks.append(self._drawn())
        self.first = self.latest = math.nan
        self._in_attempt = self._in_epoch = 0
        self._started = None

    def apply_event(self, event: Event) -> None:
        """Fold a rare event of this writer."""
        if isinstance(event, RankStarted):
            self.restart()
            self.pid = event.pid
        elif isinstance(event, EpochMarker):
            self._marker(event)
        elif isinstance(event, EpochSummary):
            self._summary(event)
        self.first_stamp = self.first_stamp or event.stamp
        stated = math.nan if event.stamp is None else event.stamp.seconds
        phase = self.position.phase
        self.position = after_event(self.position, event)
        self._beat(phase, np.array([stated]), phase, event.arrival, live=event.live)

    def apply_steps(self, block: StepBlock, rows: Rows) -> None:
        """Fold the records of this writer in a block; `rows` are their places, in order."""
        self.shape = block.shape
        self.total_epochs = block.shape.total_epochs or self.total_epochs
        self.epoch_base = block.shape.epoch_base
        self.dialects[block.shape.dialect] += len(rows)
        seconds = float(block.seconds[rows[0]])
        if self.first_stamp is None and not math.isnan(seconds):
            self.first_stamp = Stamp(seconds, block.shape.zone, block.shape.digits)
        for part in _by_epoch(block, rows):
            self._epoch_part(block, part)

    def _epoch_part(self, block: StepBlock, rows: Rows) -> None:
        epoch = float(block.epoch[rows[0]])
        late = self._enter(epoch)
        self._stride(block, rows)
        phase = self.position.phase
        if not late:
            self.position = after_steps(self.position, block, int(rows[-1]))
        self._fold_metrics(block, rows, epoch)
        times = self._beat(
            phase,
            block.seconds[rows],
            phase_of(block.shape.split),
            block.arrival,
            live=block.live,
        )
        if not math.isnan(epoch):
            step = max(int(block.step[rows[0]]), int(block.batch[rows[0]]))
            self.epochs.at(self.position.attempt, epoch).note(times, step)
        self.records += len(rows)
        self._in_attempt += len(rows)
        self._in_epoch += len(rows)

    def _stride(self, block: StepBlock, rows: Rows) -> None:
        steps = block.step[rows] if block.step[rows[-1]] >= 0 else block.batch[rows]
        before = self.position.step if len(steps) == 1 else int(steps[-2])
        if before is not None and steps[-1] > before:
            self.stride = int(steps[-1]) - before

    def _enter(self, epoch: float) -> bool:
        """Note that records of an epoch come; whether they are late ones of the epoch before."""
        current = self.position.epoch
        if math.isnan(epoch) or epoch == current:
            return False
        if current is not None and epoch < current:
            if epoch == current - 1 and self._in_epoch < JITTER:
                return True
            self.restart()
        else:
            self.epochs.complete_before(self.position.attempt, epoch)
        self._in_epoch = 0
        self.epoch_marks.append((self._drawn(), epoch))
        return False

    def _fold_metrics(self, block: StepBlock, rows: Rows, epoch: float) -> None:
        for name, column in block.metrics.items():
            values = column[rows]
            key = metric_key(name, block.shape.split)
            self.extents.setdefault(key, Extent()).add(values)
            self.curves.setdefault(key, Series()).add(values)
            if key in WATCHED:
                self.watches.setdefault(key, ValueWatch(self._limits)).add(block, rows, values)
            if not math.isnan(epoch):
                self._fold_epoch(key, values, epoch)

    def _fold_epoch(self, key: str, values: Times, epoch: float) -> None:
        stats = self.epochs.at(self.position.attempt, epoch)
        if key == "loss":
            stats.loss.add(values)
        elif key == "val_loss":
            stats.val_loss.add(values)
        elif key == "lr":
            stats.lr = float(values[-1])

    def _marker(self, event: EpochMarker) -> None:
        self.epoch_base = event.epoch_base
        training = event.split is Split.TRAIN
        if event.start and training:
            if self._started is not None and event.epoch <= self._started:
                self.restart()
            self._started = event.epoch
            self._enter(float(event.epoch))
            self._in_attempt += 1
        if not event.start and not training:
            self.epochs.at(self.position.attempt, float(event.epoch)).complete = True

    def _summary(self, event: EpochSummary) -> None:
        self.epoch_base = event.epoch_base
        self.total_epochs = event.total_epochs or self.total_epochs
        stats = self.epochs.at(self.position.attempt, float(event.epoch))
        stats.stated.update(event.values)
        stats.complete = True

    def _beat(
        self, phase: Phase, stated: Times, inside: Phase, arrival: float, *, live: bool
    ) -> Times:
        """Feed the rhythm; the times of the records in the stream's clock, NaN where unknown."""
        times = stated
        if np.isnan(stated).all() and live:
            self.rhythm.add_arrival(phase, arrival)
            times = np.full(len(stated), arrival)
        else:
            self.rhythm.add(phase, stated, inside)
        if not math.isnan(times[-1]):
            self.first = float(times[0]) if math.isnan(self.first) else self.first
            self.latest = float(times[-1])
        return times

    def _drawn(self) -> int:
        return self.curves["loss"].count if "loss" in self.curves else 0


def metric_key(name: str, split: Split) -> str:
    """A metric's name over a whole run: validation values are prefixed, once."""
    if split is Split.TRAIN or is_evaluation(name):
        return name
    return f"{'val' if split is Split.VALIDATION else 'test'}_{name}"


def _by_epoch(block: StepBlock, rows: Rows) -> Iterator[Rows]:
    """The rows in stretches of one epoch."""
    epochs = block.epoch[rows]
    same = (epochs[1:] == epochs[:-1]) | (np.isnan(epochs[1:]) & np.isnan(epochs[:-1]))
    yield from np.split(rows, np.flatnonzero(~same) + 1)
