"""Who is silent for longer than its own history makes plausible, and whether that is a stall."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trainwatch.events import LogLine, Phase, RunInfo
from trainwatch.health.config import StallConfig
from trainwatch.health.ends import Ends
from trainwatch.health.lateness import with_lateness
from trainwatch.model.moments import Viewpoint, epoch_seconds, moment
from trainwatch.model.ranks import Crew, Member, Voice
from trainwatch.model.snapshot import RankStatus, RankView, TimeBasis
from trainwatch.model.stream import Said, Stream

_ENOUGH_RANKS = 3


@dataclass(frozen=True, slots=True)
class Silence:
    """How long a writer has said nothing.

    Attributes:
        seconds: Since its newest line; None when no time is known.
        limit: Seconds that are plausible in its phase.
        basis: Where the time of the line comes from.
    """

    seconds: float | None
    limit: float
    basis: TimeBasis

    @property
    def too_long(self) -> bool:
        """Whether it is longer than plausible."""
        return self.seconds is not None and self.seconds > self.limit


def silence_limit(stream: Stream, config: StallConfig) -> float:
    """Seconds of silence that a writer's own rhythm in its phase makes plausible."""
    phase = stream.position.phase
    usual = stream.rhythm.usual(stream.lull, config.quantile)
    if usual is not None:
        recurring = stream.rhythm.recurring(stream.lull) or 0.0
        return max(config.floor_seconds, config.factor * usual, _AGAIN * recurring)
    longest = stream.rhythm.longest()
    if phase in (Phase.STARTING, Phase.UNKNOWN) or longest is None:
        return config.floor_starting_seconds
    return max(config.floor_unknown_seconds, _SELDOM * longest)


_AGAIN = 1.5
"""Times a silence that came more than once, such as a checkpoint without a marker."""

_SELDOM = 2.0
"""Times the longest silence of a log that seldom writes, in a phase without a history."""


def silence(
    voice: Voice, view: Viewpoint, config: StallConfig, began: float | None = None
) -> Silence:
    """How long a writer has been silent; `began`: epoch seconds at which the run did, if known."""
    limit = silence_limit(voice.stream, config)
    written, basis = written_at(voice, view)
    if written is None:
        return Silence(None, limit, basis)
    if began is not None and voice.stream.rhythm.longest() is None:
        limit = min(limit, _limit_by_count(voice.stream, written - began, config))
    return Silence(max(0.0, view.now - written), limit, basis)


def _limit_by_count(stream: Stream, seconds: float, config: StallConfig) -> float:
    """Of a log without times that is read at once: so many records were written in so long."""
    if stream.records < _ENOUGH_RECORDS or seconds <= 0:
        return math.inf
    return max(config.floor_unknown_seconds, config.factor * _UNEVEN * seconds / stream.records)


_ENOUGH_RECORDS = 10
_UNEVEN = 5.0
"""Times the mean gap that some gaps are: epochs end, checkpoints are saved."""


def written_at(voice: Voice, view: Viewpoint) -> tuple[float | None, TimeBasis]:
    """Epoch seconds at which a writer last recorded progress, and what they rest on.

    Other lines do not count: a thread that reports memory every minute hides no hang. A file's modification time is that of its newest line. Where several ranks share a log, the
    others' lines are older than that by what the log states.
    """
    line, newest = voice.stream.said or voice.stream.last, voice.newest
    if line is None:
        return None, TimeBasis.MTIME
    if line.live or line.stamp is None or newest is None or newest.stamp is None:
        written, basis = _moment(line, view)
    else:
        written, basis = _moment(newest, view)
        older = epoch_seconds(newest.stamp, 0.0) - epoch_seconds(line.stamp, 0.0)
        written -= max(0.0, older)
    if written <= view.now + _AHEAD or basis is not TimeBasis.LOG:
        return written, basis
    # A line from the future: its zone is not known, so that it does not tell how long ago it was.
    return (line.arrival if line.arrival <= view.now else None), TimeBasis.MTIME


_AHEAD = 60.0
"""Seconds by which a clock of one site may be ahead."""


def _moment(line: LogLine | Said, view: Viewpoint) -> tuple[float, TimeBasis]:
    return moment(line.stamp, line.arrival, view.utc_offset, live=line.live, stated=view.stated)


def positions_differ(members: Sequence[Member], attempt: int) -> bool:
    """Whether the ranks stand at different places, so that the log did not simply end.

    One printed step apart is no difference: ranks that are cut off together may differ by that.
    A rank that has no log of the current attempt, or whose log never says where it is (the debug
    lines are off), takes no part in it.
    """
    current = [member.primary.stream for member in members if member.primary.attempt == attempt]
    places = [stream for stream in current if stream.position.phase is not Phase.UNKNOWN]
    if len({(s.position.epoch, s.position.phase) for s in places}) > 1:
        return True
    steps = [s.position.step for s in places if s.position.step is not None]
    stride = max((s.stride for s in places), default=1)
    return bool(steps) and max(steps) - min(steps) > stride


def rank_views(
    crew: Crew, ends: Ends, info: RunInfo, view: Viewpoint, config: StallConfig
) -> list[RankView]:
    """Every rank with its state; stalled only where silence may be a finding."""
    telling = info.alive is True or view.stated or positions_differ(crew.ranks, crew.attempt)
    began = info.since or info.started
    judge = _Judge(crew, ends, view, config, telling, began)
    ranks = _mark_slow([judge.rank(member) for member in crew.ranks], config)
    return list(with_lateness(ranks))


@dataclass(frozen=True, slots=True)
class _Judge:
    """What all ranks are judged by; `telling`: whether silence may be a finding; `began`: the attempt."""

    crew: Crew
    ends: Ends
    view: Viewpoint
    config: StallConfig
    telling: bool
    began: float | None

    def rank(self, member: Member) -> RankView:
        stream = member.primary.stream
        quiet = silence(member.primary, self.view, self.config, self.began)
        pids = [voice.stream.pid for voice in member.voices if voice.stream.pid is not None]
        loss = stream.extents.get("loss")
        epoch = stream.position.epoch
        return RankView(
            who=member.who,
            state=self._state(member, quiet),
            phase=Phase.FINISHED if self.ends.completed else stream.position.phase,
            attempt=member.primary.attempt,
            epoch=epoch,
            shown_epoch=None if epoch is None else epoch + self.crew.epoch_shift(stream),
            step=stream.position.step,
            total_batches=stream.shape.total_batches if stream.shape else None,
            silent_seconds=quiet.seconds,
            silence_limit=quiet.limit,
            basis=quiet.basis,
            step_seconds=stream.rhythm.usual((Phase.TRAINING, False), 0.5),
            slowest=stream.slowest.evidence if stream.slowest else None,
            slowest_seconds=stream.slowest.seconds if stream.slowest else None,
            loss=loss.last if loss else None,
            records=stream.records,
            last=stream.last,
            pid=pids[0] if pids else None,
        )

    def _state(self, member: Member, quiet: Silence) -> RankStatus:
        if member.primary.past and not (self.ends.completed or self.ends.failed_run):
            return RankStatus.UNKNOWN  # it has yet to say something in this attempt
        if self.ends.completed or member.primary.stream.position.phase is Phase.FINISHED:
            return RankStatus.FINISHED
        behind = member.primary.attempt < self.crew.attempt  # of an attempt that is over
        if behind or self.ends.failed_run or member.who in self.ends.dead:
            return RankStatus.DEAD
        if not quiet.too_long:
            return RankStatus.UNKNOWN if quiet.seconds is None else RankStatus.ACTIVE
        # A log that never says where its rank is has no rhythm: silence there proves nothing.
        placed = member.primary.stream.position.phase is not Phase.UNKNOWN
        return RankStatus.STALLED if self.telling and placed else RankStatus.UNKNOWN


def _mark_slow(views: list[RankView], config: StallConfig) -> list[RankView]:
    """A rank whose steps take much longer than the others' is slow."""
    gaps = sorted(view.step_seconds for view in views if view.step_seconds is not None)
    if len(gaps) < _ENOUGH_RANKS:
        return views
    usual = gaps[len(gaps) // 2]
    return [
        replace(view, state=RankStatus.SLOW)
        if view.state is RankStatus.ACTIVE
        and (view.step_seconds or math.nan) > config.slow_factor * usual
        else view
        for view in views
    ]
