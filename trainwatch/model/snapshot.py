"""What a view sees: one frozen picture of a run at one moment.

Every number a view shows comes from here. None means that it is not known, and a view shows it so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from trainwatch.events import NOBODY, Evidence, Finding, LineTally, LogLine, Phase, RankId, RunInfo
from trainwatch.model.system import SystemView, no_values
from trainwatch.saves import Saves

if TYPE_CHECKING:  # a view's first frame does without numpy
    import numpy as np
    from numpy.typing import NDArray


class Status(StrEnum):
    """How a run stands."""

    STARTING = "starting"
    RUNNING = "running"
    STALLED = "stalled"
    COMPLETED = "completed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Health(StrEnum):
    """The worst active finding."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"


class RankStatus(StrEnum):
    """How one rank stands."""

    ACTIVE = "active"
    SLOW = "slow"
    STALLED = "stalled"
    FINISHED = "finished"
    DEAD = "dead"
    UNKNOWN = "unknown"


class TimeBasis(StrEnum):
    """Where a time comes from; a view says it when it is only the file's modification time."""

    LOG = "log"
    ARRIVAL = "arrival"
    MTIME = "mtime"


@dataclass(frozen=True, slots=True)
class RankView:
    """One rank.

    Attributes:
        who: The rank.
        state: Its condition.
        phase: From its newest marker or record.
        attempt: Counted from 0.
        epoch: As printed by its log.
        shown_epoch: The same counted as the rest of the view counts epochs.
        step: Step or batch as printed by its newest record.
        total_batches: Batches of an epoch where the log states them.
        silent_seconds: Since its newest line; None when no time is known.
        silence_limit: Seconds of silence that its own history in this phase makes plausible.
        basis: Where the time of its newest line comes from.
        step_seconds: Median seconds between its newest records.
        behind: Steps that it is behind the foremost rank; None where they cannot be compared.
        late_seconds: How much later than the first rank it was at the newest training record that all of
            them have, where their logs state times; only where a view asked for timelines.
        timeline: Its changes of phase, each with its moment (epoch seconds, NaN unknown), and last
            the moment of its newest record; only where a view asked for it.
        slowest: Where it took the longest between two records of one training phase.
        slowest_seconds: How long.
        loss: Its newest training loss.
        records: Step records of its primary source.
        last: Its newest line.
        pid, host: Where stated.
    """

    who: RankId
    state: RankStatus = RankStatus.UNKNOWN
    phase: Phase = Phase.UNKNOWN
    attempt: int = 0
    epoch: float | None = None
    shown_epoch: float | None = None
    step: int | None = None
    total_batches: int | None = None
    silent_seconds: float | None = None
    silence_limit: float | None = None
    basis: TimeBasis = TimeBasis.MTIME
    step_seconds: float | None = None
    behind: int | None = None
    late_seconds: float | None = None
    timeline: tuple[tuple[float, Phase], ...] = ()
    slowest: Evidence | None = None
    slowest_seconds: float | None = None
    loss: float | None = None
    records: int = 0
    last: LogLine | None = None
    pid: int | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class EpochView:
    """One epoch of one attempt.

    Attributes:
        epoch: As the log that states their total number prints it, else as the ranks' logs do.
        attempt: Counted from 0.
        records: Step records it was computed from, over all ranks.
        loss_mean, loss_min, loss_max: Of finite training losses; as the log's own summary states
            them where there is one.
        stated: Whether the log's own summary gave them.
        val_loss: Mean of the finite validation losses.
        lr: Newest learning rate.
        seconds: How long it took, as stated or from the log's times; None when neither is known.
        nonfinite: Training losses that were NaN or infinite.
        complete: Whether its end was seen.
    """

    epoch: float
    attempt: int = 0
    records: int = 0
    loss_mean: float | None = None
    loss_min: float | None = None
    loss_max: float | None = None
    stated: bool = False
    val_loss: float | None = None
    lr: float | None = None
    seconds: float | None = None
    nonfinite: int = 0
    complete: bool = False


@dataclass(frozen=True, slots=True)
class MetricView:
    """One metric over the whole run, each step counted once; `last` is the newest value printed."""

    last: float | None
    mean: float | None
    min: float | None
    max: float | None
    count: int
    nonfinite: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class CurveView:
    """One metric of one rank as a line to draw; arrays of one length, oldest first.

    Attributes:
        metric: Its canonical name.
        who: Whose values they are.
        x: Ordinal number of the training record (the first of its bucket), from 0 over all attempts,
            each step counted once: what a later attempt trained again is in `left`; of a validation
            value that of the training record before which it stands.
        steps, fine_epochs, seconds: The same places as run-wide steps as printed, as epochs with
            the share that is done, and as seconds of the log's own clock; NaN where not known.
        low, high, mean: Of the finite values of each bucket; NaN where it has none.
        nonfinite: Ordinals of the buckets that hold NaN or infinite values.
        attempts: Ordinals at which a new attempt begins.
        epochs: Ordinals at which an epoch begins, with its number as `EpochView.epoch`.
        bucket: Records a bucket stands for.
        left: What earlier attempts made after the checkpoint from which a later one went on, and that
            is no part of the curve; its `x` run beside what replaced it. None where there is none.
    """

    metric: str
    who: RankId
    x: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    mean: NDArray[np.float64]
    nonfinite: NDArray[np.float64]
    attempts: tuple[int, ...] = ()
    epochs: tuple[tuple[int, float], ...] = ()
    bucket: int = 1
    steps: NDArray[np.float64] = field(default_factory=no_values)
    fine_epochs: NDArray[np.float64] = field(default_factory=no_values)
    seconds: NDArray[np.float64] = field(default_factory=no_values)
    left: CurveView | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a view wants to see beyond what every snapshot holds, since it costs time.

    Attributes:
        metric: Whose curves `RunView.wished` holds, with those of its validation values.
        rank: Of this rank; None: over all ranks, as the band between the lowest and the highest.
        timelines: Whether `RankView.timeline` is filled.
    """

    metric: str | None = None
    rank: RankId | None = None
    timelines: bool = False


NO_WISH = Wish()


@dataclass(frozen=True, slots=True)
class AlertView:
    """A finding with its history.

    Attributes:
        finding: As it was seen last; `finding.active` is False once it is over.
        since: Epoch seconds at which it was seen first, here or by the time that its proof states.
        stated: Whether `since` is what the log states.
        earlier: Whether it was there when watching began, so that `since` is only a bound.
        until: When it was seen to be over; None while it holds, and where that was before.
    """

    finding: Finding
    since: float
    stated: bool = False
    earlier: bool = False
    until: float | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """The same for the same finding in successive snapshots."""
        one = self.finding
        return (one.rule, one.who, one.epoch, one.step)


@dataclass(frozen=True, slots=True, eq=False)
class RunView:
    """The whole run at the moment `now` (epoch seconds).

    Attributes:
        info: What is known besides the logs.
        status, health: The verdict of the moment.
        sentence: The same in one sentence: is it fine, how far, when done; what is wrong.
        progress: Share of the whole run, 0 to 1.
        epoch_progress: Share of the current epoch.
        eta_seconds: Until the end of training; None while it does not move.
        eta_low, eta_high: Between which the newest stretches of the run put it; None where they are
            too few.
        steps_per_second: Steps that the first rank makes; `step_unit` says of what (`samples` where
            the log counts those).
        eta_basis: `measured` from the progress seen, `stated` by the log, None.
        elapsed_seconds: Since the first record or the start of the run.
        epoch, total_epochs, step, total_steps: As printed.
        metrics: Training values by canonical name; validation values prefixed `val_`.
        ranks: In order of rank.
        epochs: Oldest first, the newest few hundred.
        curves: Lines to draw, the training loss first.
        wished: Further ones, for which a view asked by a `Wish`.
        alerts: Newest and worst first.
        history: Every finding that this reader has seen, the newest first, also those that are over.
        tally: Lines and bytes read.
        dialects: Names of the recognised dialects, most records first.
        recent: Newest lines of all files.
        loaded: Share of the existing bytes that has been folded; below 1 the view is provisional.
        files: Number of log files read.
        beside: Another run to compare with.
        system: GPUs and hosts; None where nothing sampled them.
        checkpoints: What can be gone on from, and the room for the next one; None where nobody has
            looked yet.
    """

    now: float
    info: RunInfo
    status: Status = Status.UNKNOWN
    health: Health = Health.OK
    sentence: str = ""
    progress: float | None = None
    epoch_progress: float | None = None
    eta_seconds: float | None = None
    eta_low: float | None = None
    eta_high: float | None = None
    eta_basis: str | None = None
    steps_per_second: float | None = None
    step_unit: str = "steps"
    elapsed_seconds: float | None = None
    started: float | None = None
    attempt: int = 0
    epoch: float | None = None
    total_epochs: int | None = None
    step: int | None = None
    total_steps: int | None = None
    metrics: Mapping[str, MetricView] = field(default_factory=dict)
    ranks: tuple[RankView, ...] = ()
    epochs: tuple[EpochView, ...] = ()
    curves: tuple[CurveView, ...] = ()
    wished: tuple[CurveView, ...] = ()
    alerts: tuple[Finding, ...] = ()
    history: tuple[AlertView, ...] = ()
    tally: LineTally = field(default_factory=LineTally)
    dialects: tuple[str, ...] = ()
    recent: tuple[LogLine, ...] = ()
    loaded: float = 1.0
    files: int = 0
    problems: tuple[str, ...] = ()
    leader: RankId = NOBODY
    beside: RunView | None = None
    system: SystemView | None = None
    checkpoints: Saves | None = None
