"""What one writer says in one log: position, epochs, curves, rhythm, remarkable values."""

import math
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import (
    MISSING,
    NOBODY,
    Draft,
    EpochMarker,
    EpochSummary,
    EvalResult,
    Event,
    Evidence,
    Fault,
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
from trainwatch.model.epochs import KEPT, EpochTable
from trainwatch.model.evaluation import as_block
from trainwatch.model.parts import (
    Part,
    Rows,
    columns_of,
    evidence_of,
    is_constant,
    joined,
    places_of,
    taken,
)
from trainwatch.model.position import Position, after_event, after_marker, after_steps, phase_of
from trainwatch.model.rhythm import Lull, Rhythm
from trainwatch.model.series import Series, Track
from trainwatch.model.stats import Extent
from trainwatch.model.watch import Limits, ValueWatch

JITTER = 8
"""Records of a new epoch behind which a line of the epoch before may still come, where several
ranks share a log without saying which is which; later it is a restart."""

WATCHED = ("loss", "val_loss", "lr", "grad_norm")

Times = NDArray[np.float64]


class Said(NamedTuple):
    """When something was written, as `LogLine` has it."""

    stamp: Stamp | None
    arrival: float
    live: bool


class Slowest(NamedTuple):
    """The step before which a writer took the longest in training."""

    seconds: float
    evidence: Evidence


_ENOUGH = 16
"""Newest records from which the distance of their numbers is told, where it can be."""

PHASES_KEPT = 512
"""Newest changes of phase of one writer that are kept."""


class Stream:
    """The fold of one writer's records in one log, through rotations and restarts.

    Attributes:
        who, role: The writer and the log.
        position: Where it is now.
        last: Its newest line of any kind.
        said: When it last recorded progress: a step or a marker.
        pid: Of the process, where it says so.
        records: Step records.
        stride: Difference of the newest two step numbers of one epoch: how often it prints.
        order: Place of its newest record or marker in the order of its log, -1 before any.
        failed: Whether a failure that ended it was reported.
        shape: Of the newest block, for totals and units.
        dialects: Records by dialect.
        extents, curves: By metric; validation values are prefixed `val_`.
        track: Where its training records belong, over all attempts.
        watches: Of the current attempt.
        marks: Ordinals of training records at which an attempt (marks) or an epoch (epoch_marks)
            begins, the newest few.
        phases: The newest changes of phase, each with its seconds in the stream's own clock.
        slowest: The longest gap between two records of one training phase.
        first_stamp: The first time that its log states.
        first, latest: Seconds of its first and newest record in this attempt, in its own clock.
    """

    def __init__(self, who: RankId, role: FileRole, limits: Limits) -> None:
        self._limits = limits
        self.who = who
        self.role = role
        self.position = Position()
        self.last: LogLine | None = None
        self.said: Said | None = None
        self.pid: int | None = None
        self.records = 0
        self.order = -1
        self.failed = False
        self.stride = 1
        self.shape: StepShape | None = None
        self.total_epochs: int | None = None
        self.epoch_base: int | None = None
        self.dialects: Counter[str] = Counter()
        self.extents: dict[str, Extent] = {}
        self.curves: dict[str, Series] = {}
        self.track = Track()
        self.watches: dict[str, ValueWatch] = {}
        self.rhythm = Rhythm()
        self.epochs = EpochTable()
        self.marks: deque[int] = deque(maxlen=KEPT)
        self.epoch_marks: deque[tuple[int, float]] = deque(maxlen=KEPT)
        self.phases: deque[tuple[float, Phase]] = deque(maxlen=PHASES_KEPT)
        self.slowest: Slowest | None = None
        self.first_stamp: Stamp | None = None
        self.first = math.nan
        self.latest = math.nan
        self._parts: list[Part] = []
        self._gaps: list[tuple[Part, float, bool]] = []
        self._sign: Draft | Part | None = None  # the newest, which `said` is to be
        self._untimed = False  # whether its newest record states no time
        self._trained = 0
        self._in_attempt = 0
        self._in_epoch = 0
        self._started: int | None = None
        self._own_clock = False

    @property
    def granularity(self) -> Granularity:
        """What its records stand for."""
        return self.shape.granularity if self.shape else Granularity.STEP

    @property
    def own_clock(self) -> bool:
        """Whether its times are those that its log states, and not those of their arrival."""
        return self._own_clock

    @property
    def telling(self) -> bool:
        """Whether it says anything of a rank: by a record, by a failure, by the name of its log."""
        named = self.who.rank is not None and self.who.rank == self.role.rank
        return self.order >= 0 or named or (self.failed and self.who != NOBODY)

    @property
    def begun(self) -> bool:
        """Whether the current attempt has a step or a marker."""
        return self._in_attempt > 0

    @property
    def lull(self) -> Lull:
        """The silence in which it is now."""
        return (self.position.phase, not self.position.stepped)

    def restart(self) -> None:
        """A new attempt begins in this log; without records in the current one it is the same."""
        if not self._in_attempt:
            return
        self.settle()  # what waits belongs to the attempt before
        self.position = self.position.restarted()
        self.watches = {}
        self.rhythm.pause()
        self.marks.append(self.track.count)
        self.first = self.latest = math.nan
        self._in_attempt = self._in_epoch = 0
        self._started = None

    def settle(self) -> None:
        """Fold what waits; to be called before the stream is looked at."""
        self.rhythm.settle()
        if self._sign is not None:
            self.said, self._sign = _said(self._sign), None
        if not self._parts:
            return
        parts, self._parts = self._parts, []
        trained = [part for part in parts if part.each]
        count = self._trained - self.track.count
        self.track.add(count, lambda places: places_of(trained, places))
        self._note_slowest()
        for key, column in columns_of(parts):
            self.extents.setdefault(key, Extent()).add(column.values)
            self.curves.setdefault(key, Series()).add(column.values, column.ordinals)
            if key in WATCHED:
                self.watches.setdefault(key, ValueWatch(self._limits)).add(column)
                column.fold_epochs(key)

    def apply_event(self, event: Event) -> None:
        """Fold a rare event of this writer."""
        if isinstance(event, RankStarted):
            self.restart()
            self.pid = event.pid
        elif isinstance(event, EpochMarker):
            self._marker(event)
        elif isinstance(event, EpochSummary):
            self._summary(event)
        elif isinstance(event, EvalResult):
            self._evaluation(event)
        elif isinstance(event, Fault):
            self.failed = self.failed or event.fatal
        self.first_stamp = self.first_stamp or event.stamp
        stated = math.nan if event.stamp is None else event.stamp.seconds
        if not isinstance(event, Fault):
            self.said, self._sign = Said(event.stamp, event.arrival, event.live), None
        lull = self.lull
        self.position = after_event(self.position, event)
        self._note_phase(self._beat_once(lull, stated, event.arrival, live=event.live))

    def apply_draft(self, draft: Draft) -> None:
        """Fold an event that is a marker or only a sign of life."""
        position, lull = self.position, self.lull
        if draft.epoch is not None:
            self._marker(draft)
            lull = self.lull
            position = after_marker(self.position, draft.epoch, draft.split, start=draft.start)
        if self.first_stamp is None:
            self.first_stamp = draft.stamp
        self._sign = draft
        self.position = position
        self._note_phase(self._beat_once(lull, draft.seconds, draft.arrival, live=draft.live))

    def apply_steps(self, block: StepBlock, rows: Rows) -> None:
        """Fold the records of this writer in a block; `rows` are their places, in order."""
        if not self._own_clock:  # from its first own time on another clock counts
            timed = int(np.isfinite(taken(block.seconds, rows)).argmax())
            if timed:
                self.apply_steps(block, rows[:timed])
                rows = rows[timed:]
        shape = self.shape = block.shape
        self.total_epochs = shape.total_epochs or self.total_epochs
        self.epoch_base = shape.epoch_base
        self.dialects[shape.dialect] += len(rows)
        if self.first_stamp is None:
            seconds = taken(block.seconds, rows)
            known = seconds[np.isfinite(seconds)]
            if len(known):
                self.first_stamp = Stamp(float(known[0]), shape.zone, shape.digits)
        if block.one_epoch is not None:
            self._epoch_part(block, rows, block.one_epoch)
            return
        for part in _by_epoch(block, rows):
            self._epoch_part(block, part, float(block.epoch[part[0]]))

    def _epoch_part(self, block: StepBlock, rows: Rows, epoch: float) -> None:
        late = self._late(epoch)
        if late:
            self._count(block, rows[:late], epoch, self.lull, self.lull)
            rows = rows[late:]
        if len(rows):
            begins = self._enter(epoch)
            if block.shape.split is Split.TRAIN:  # a validation has steps of its own
                trained = not begins and self.position.phase is Phase.TRAINING
                self._stride(block, rows, self.position.step if trained else None)
            lull = self.lull
            self.position = after_steps(self.position, block, int(rows[-1]))
            self._count(block, rows, epoch, lull, (phase_of(block.shape.split), False))

    def _count(
        self, block: StepBlock, rows: Rows, epoch: float, before: Lull, inside: Lull
    ) -> None:
        """Count records of one epoch; `before` and `inside`: which silences lie there."""
        since = self.latest if before == inside and not self._untimed else math.nan
        stated = taken(block.seconds, rows)
        times = self._beat(before, stated, inside, block.arrival, live=block.live)
        self._note_phase(float(times[0]))
        stats = None
        if not math.isnan(epoch):
            stats = self.epochs.at(self.position.attempt, epoch)
            stats.note(times, block, rows)
        count, trains = len(rows), block.shape.split is Split.TRAIN
        self._untimed = not math.isfinite(times[-1])
        part = Part(block, rows, times, self._trained, int(trains), stats)
        self._parts.append(part)
        self._sign = part
        if inside == _TRAINING:
            self._gaps.append((part, since, times is stated))
        self._trained += count if trains else 0
        self.records += count
        self._in_attempt += count
        self._in_epoch += count

    def _stride(self, block: StepBlock, rows: Rows, before: int | None) -> None:
        if len(rows) > 1:  # nearly always the newest two decide
            _, old, _ = block.position(int(rows[-2]))
            _, new, _ = block.position(int(rows[-1]))
            if 0 <= old < new:
                self.stride = new - old
                return
        for part in (rows[-_ENOUGH:], rows):
            steps = np.where(
                taken(block.step, part) >= 0, taken(block.step, part), taken(block.batch, part)
            )
            if len(part) == len(rows):
                steps = np.concatenate(([MISSING if before is None else before], steps))
            strides = np.diff(steps)[steps[:-1] >= 0]
            forward = strides[strides > 0]
            if len(forward):
                self.stride = int(forward[-1])
                return

    def _late(self, epoch: float) -> int:
        """How many records of an epoch are taken for late ones of the epoch before."""
        current = self.position.epoch
        # Of numbers beyond 2**53 the one before is the same one.
        before = current is not None and epoch < current and epoch == current - 1
        return max(0, JITTER - self._in_epoch) if before else 0

    def _enter(self, epoch: float) -> bool:
        """Note that records of an epoch come; whether they are the first of it."""
        current = self.position.epoch
        if math.isnan(epoch) or epoch == current:
            return False
        if current is not None and epoch < current:
            self.restart()
        else:
            self.epochs.complete_before(self.position.attempt, epoch)
        self._in_epoch = 0
        self.epoch_marks.append((self._trained, epoch))
        return True

    def _note_phase(self, seconds: float) -> None:
        if not self.phases or self.phases[-1][1] is not self.position.phase:
            self.phases.append((seconds, self.position.phase))

    def _note_slowest(self) -> None:
        """Remember the longest gap inside a phase, where no clock was set back or changed."""
        waiting, self._gaps = self._gaps, []
        if not waiting or self._none_longer(waiting):
            return
        times = joined([part.times for part, _, _ in waiting])
        starts = np.cumsum([0, *(len(part.rows) for part, _, _ in waiting[:-1])])
        gaps = np.empty(len(times))
        gaps[1:] = times[1:] - times[:-1]
        gaps[starts] = times[starts] - [since for _, since, _ in waiting]
        longest = float(gaps.max())
        if not longest < math.inf:  # also for NaN
            gaps[~np.isfinite(gaps)] = 0.0
            longest = float(gaps.max())
        if longest > (self.slowest.seconds if self.slowest else 0.0):
            at = int(gaps.argmax())
            place = int(np.searchsorted(starts, at, side="right")) - 1
            part = waiting[place][0]
            row = int(part.rows[at - int(starts[place])])
            self.slowest = Slowest(longest, evidence_of(part.block, row))

    def _none_longer(self, waiting: Sequence[tuple[Part, float, bool]]) -> bool:
        """Whether that is known without a look at each gap: by the longest of this rhythm."""
        longest, slowest = self.rhythm.longest(_TRAINING), self.slowest
        if slowest is None or longest is None or longest > slowest.seconds:
            return False
        return all(
            stated and not part.times.item(0) - since > slowest.seconds
            for part, since, stated in waiting
        )

    def _marker(self, event: EpochMarker | Draft) -> None:
        if event.epoch is None:
            return
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

    def _evaluation(self, event: EvalResult) -> None:
        if event.dialect:
            self.dialects[event.dialect] += 1
        self.total_epochs = event.total_epochs or self.total_epochs
        stats = None
        if event.values and event.epoch is not None and not math.isnan(event.epoch):
            stats = self.epochs.at(self.position.attempt, float(event.epoch))
        self._parts.append(
            Part(as_block(event), range(1), np.full(1, math.nan), self._trained, 0, stats)
        )

    def _beat(
        self, lull: Lull, stated: Times, inside: Lull, arrival: float, *, live: bool
    ) -> Times:
        """Feed the rhythm; the times of the records in the stream's clock, NaN where unknown.

        That is the clock of the watched arrivals until the log states a time of its own: the two
        are never mixed, since they may be hours apart.
        """
        if self._own_clock and math.isfinite(stated[0]) and math.isfinite(stated[-1]):
            self.rhythm.add(lull, stated, inside)
            self._span(float(stated[0]), float(stated[-1]))
            return stated
        known = np.isfinite(stated)
        arrived = 0
        if not self._own_clock:
            arrived = int(known.argmax()) if known.any() else len(stated)
        if arrived and live:
            self.rhythm.add_arrival(lull, arrival)
            self._span(arrival, arrival)
        if arrived < len(stated):
            self._trust_own_clock()
            self.rhythm.add(lull, stated[arrived:], inside)
            if known.any():
                self._span(float(stated[known][0]), float(stated[known][-1]))
        return np.where(np.arange(len(stated)) < arrived, arrival if live else math.nan, stated)

    def _beat_once(self, lull: Lull, stated: float, arrival: float, *, live: bool) -> float:
        """The same for one record."""
        if not self._own_clock and not math.isfinite(stated):
            if live:
                self.rhythm.add_arrival(lull, arrival)
                self._span(arrival, arrival)
            return arrival if live else math.nan
        self._trust_own_clock()
        self.rhythm.add_one(lull, stated)
        if math.isfinite(stated):
            self._untimed = False
            self._span(stated, stated)
        return stated

    def _trust_own_clock(self) -> None:
        """From the first time that the log states it is the log's clock that counts."""
        if not self._own_clock:
            self._own_clock = True
            self.rhythm.pause()
            self.phases.clear()
            self.first = self.latest = math.nan

    def _span(self, first: float, last: float) -> None:
        """Widen the span of the attempt."""
        self.first = first if math.isnan(self.first) else self.first
        self.latest = last


def _said(sign: Draft | Part) -> Said:
    if isinstance(sign, Draft):
        return Said(sign.stamp, sign.arrival, sign.live)
    block, row = sign.block, int(sign.rows[-1])
    seconds = float(block.seconds[row])
    stamp = None if math.isnan(seconds) else Stamp(seconds, block.shape.zone, block.shape.digits)
    return Said(stamp, block.arrival, block.live)


_TRAINING: Lull = (Phase.TRAINING, False)


def _by_epoch(block: StepBlock, rows: Rows) -> Iterator[Rows]:
    """The rows in stretches of one epoch."""
    epochs = taken(block.epoch, rows)
    if is_constant(epochs) or (epochs == epochs[0]).all() or np.isnan(epochs).all():
        yield rows
        return
    same = (epochs[1:] == epochs[:-1]) | (np.isnan(epochs[1:]) & np.isnan(epochs[:-1]))
    edges = [0, *(np.flatnonzero(~same) + 1).tolist(), len(rows)]
    yield from (rows[start:end] for start, end in pairwise(edges))
