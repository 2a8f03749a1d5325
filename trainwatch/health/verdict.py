"""The verdict of the moment: status, health, and the findings about silence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from trainwatch.events import NOBODY, Finding, RunInfo, Severity
from trainwatch.health.config import Config
from trainwatch.health.ends import Ends, ends_of
from trainwatch.health.failures import failure_findings
from trainwatch.health.losses import value_findings
from trainwatch.health.machines import machine_findings
from trainwatch.health.saves import save_findings
from trainwatch.health.silence import rank_views
from trainwatch.health.words import duration, place
from trainwatch.model.machines import Machines
from trainwatch.model.moments import Viewpoint
from trainwatch.model.ranks import Crew
from trainwatch.model.run import RunState
from trainwatch.model.snapshot import Health, RankStatus, RankView, Status
from trainwatch.saves import Saves


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run stands.

    Attributes:
        status, health: In one word each.
        ranks: Every rank with its state.
        findings: Active and worst first.
        ends: How it ended, if it did.
    """

    status: Status
    health: Health
    ranks: tuple[RankView, ...]
    findings: tuple[Finding, ...]
    ends: Ends


class Surroundings(NamedTuple):
    """What is known of a run besides its logs and its record; None where nobody has looked."""

    machines: Machines | None = None
    saves: Saves | None = None


NOTHING_AROUND = Surroundings()


def judge(
    run: RunState,
    crew: Crew,
    info: RunInfo,
    view: Viewpoint,
    config: Config,
    around: Surroundings = NOTHING_AROUND,
) -> Verdict:
    """Judge a run as of a moment."""
    ends = ends_of(run, crew, info)
    ranks = tuple(rank_views(crew, ends, info, view, config.stall))
    status = _status(run, crew, ends, ranks, info)
    failures = [] if info.stopped else failure_findings(ends)  # its end was asked for
    findings = [*failures, *value_findings(crew, config.health)]
    over = ends.completed or ends.failed
    if around.machines is not None:
        findings += machine_findings(around.machines, over=over)
    if around.saves is not None:
        findings += save_findings(around.saves, over=over)
    if any(rank.state is RankStatus.STALLED for rank in ranks):
        findings = [*_stalls(ranks), *findings]
    # Failures stay in the order in which they were reported: the first is closer to the cause.
    findings.sort(key=lambda finding: (not finding.active, -finding.severity))
    health = _health(findings, bad=status is Status.FAILED and not info.stopped)
    return Verdict(status, health, ranks, tuple(findings), ends)


def _status(
    run: RunState, crew: Crew, ends: Ends, ranks: Sequence[RankView], info: RunInfo
) -> Status:
    if ends.completed:
        return Status.COMPLETED
    if ends.failed:
        return Status.FAILED
    states = {rank.state for rank in ranks}
    if RankStatus.STALLED in states:
        return Status.STALLED
    if not _progressed(crew):
        return _not_begun(run, ranks, info)
    if states & {RankStatus.ACTIVE, RankStatus.SLOW}:
        return Status.RUNNING
    return Status.UNKNOWN


def _progressed(crew: Crew) -> bool:
    """Whether any step or marker of the current attempt was seen."""
    return any(
        voice.attempt == crew.attempt and voice.stream.begun and not voice.past
        for member in crew.all
        for voice in member.voices
    )


def _not_begun(run: RunState, ranks: Sequence[RankView], info: RunInfo) -> Status:
    if (
        info.alive
        or info.between
        or (run.recognised and any(r.state is RankStatus.ACTIVE for r in ranks))
    ):
        return Status.STARTING
    return Status.UNKNOWN


def _stalls(ranks: Sequence[RankView]) -> Iterator[Finding]:
    """One finding where all are silent, else one for each silent rank."""
    stalled = [rank for rank in ranks if rank.state is RankStatus.STALLED]
    if len(stalled) == len(ranks) and len(ranks) > 1:
        quietest = min(rank.silent_seconds or 0.0 for rank in stalled)
        yield Finding(
            "hang",
            Severity.CRITICAL,
            NOBODY,
            f"no rank moved for {duration(quietest)}",
            tuple(rank.last.evidence for rank in stalled[:_QUOTED] if rank.last),
            refute="if any rank writes a line",
        )
    else:
        yield from map(_stall, stalled)


_QUOTED = 8


def _stall(rank: RankView) -> Finding:
    usual = duration(rank.silence_limit or 0.0)
    return Finding(
        "stall",
        Severity.CRITICAL,
        rank.who,
        f"silent for {duration(rank.silent_seconds or 0.0)} {place(rank)} (plausible {usual})",
        (rank.last.evidence,) if rank.last else (),
        step=rank.step,
        epoch=rank.epoch,
        refute="if it writes a line",
    )


def _health(findings: Sequence[Finding], *, bad: bool) -> Health:
    active = [finding.severity for finding in findings if finding.active]
    if bad or Severity.CRITICAL in active:
        return Health.CRITICAL
    return Health.WARNING if Severity.WARNING in active else Health.OK
