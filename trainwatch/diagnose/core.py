"""`diagnose`: from the state of a run and what was gathered of it to a Diagnosis."""

from collections.abc import Sequence
from dataclasses import replace

from trainwatch.diagnose.asleep import asleep
from trainwatch.diagnose.busy import busy
from trainwatch.diagnose.case import Case
from trainwatch.diagnose.diagnosis import (
    Confidence,
    DiagnosedPhase,
    Diagnosis,
    Other,
    Role,
    Verdict,
)
from trainwatch.diagnose.explicit import explicit
from trainwatch.diagnose.gather import Gathering
from trainwatch.diagnose.jobs import Job, split_jobs
from trainwatch.diagnose.lead import Detector, Lead
from trainwatch.diagnose.notes import counted_apart, others, reservations
from trainwatch.diagnose.outside import outside, unexplained
from trainwatch.diagnose.quiet import table_of
from trainwatch.diagnose.ranking import choose, combine
from trainwatch.diagnose.recorded import NAME as RECORDED
from trainwatch.diagnose.recorded import recorded
from trainwatch.diagnose.roles import roles
from trainwatch.diagnose.shares import shares
from trainwatch.diagnose.sharpen import sharpen
from trainwatch.diagnose.sick import sick
from trainwatch.diagnose.signature import Standing
from trainwatch.diagnose.stalls import stalls
from trainwatch.diagnose.standstill import standstill
from trainwatch.diagnose.stragglers import stragglers
from trainwatch.diagnose.stuck import NAME as STUCK
from trainwatch.diagnose.stuck import stuck
from trainwatch.diagnose.uneventful import uneventful
from trainwatch.diagnose.waits import waits
from trainwatch.diagnose.words import plural, ranks_words, sentence
from trainwatch.events import RunInfo
from trainwatch.health.config import Config
from trainwatch.model.moments import Viewpoint
from trainwatch.model.run import RunState
from trainwatch.model.snapshot import Status

DETECTORS: tuple[Detector, ...] = (
    explicit,
    waits,
    outside,
    stalls,
    recorded,
    stuck,
    busy,
    asleep,
    standstill,
    sick,
    stragglers,
    shares,
)
"""Every detector; the order decides nothing."""

_SEVERITY = (
    Verdict.FAILED,
    Verdict.HANG,
    Verdict.INTERRUPTED,
    Verdict.STRAGGLER,
    Verdict.UNDECIDED,
    Verdict.HEALTHY,
    Verdict.FINISHED,
)


_SEEN_SILENT = 15.0
"""Seconds of silence before a look from which what it saw was no ordinary step."""

_NEAR = 900.0
"""Seconds from the last line of a run within which the kernel's word may explain its silence."""


def diagnose(
    run: RunState,
    info: RunInfo,
    view: Viewpoint,
    config: Config | None = None,
    gathering: Gathering | None = None,
) -> Diagnosis:
    """Say what is wrong with a run, who, where, why, and what next.

    Args:
        run: Its state, folded to the end of its logs.
        info: What is known besides the logs.
        view: The moment from which it is judged.
        config: Thresholds.
        gathering: What was gathered while the logs were read.
    """
    gathered = gathering or Gathering()
    jobs = split_jobs(run, gathered)
    given = (info, view, config or Config())
    if len(jobs) == 1:
        return _one(Case.of(run, *given, gathered))
    single = [(job, _one(Case.of(job.run, *given, job.gathering))) for job in jobs]
    return _worst(single)


def _one(case: Case) -> Diagnosis:
    leads = combine(sharpen(lead for detector in DETECTORS for lead in detector(case)))
    lead = _head(case, leads)
    if lead is None:
        return uneventful(case, others(case, None, leads))
    return Diagnosis(
        verdict=lead.verdict,
        category=lead.category,
        phase=lead.phase,
        summary=sentence(lead.summary),
        confidence=lead.confidence,
        ranks=tuple(roles(case, lead)),
        evidence=lead.proofs,
        refute=lead.refute,
        advice=lead.advice,
        missing=tuple(dict.fromkeys((*lead.missing, *reservations(case)))),
        others=others(case, lead, leads),
        note=counted_apart(case),
        silence=table_of(case),
    )


def _head(case: Case, leads: Sequence[Lead]) -> Lead | None:
    """The lead that explains the run, if it needs an explanation."""
    if case.health.ends.completed:  # what came before was survived, what comes after is the end
        return choose([lead for lead in leads if lead.sick or _at_the_end(lead)])
    head = choose([lead for lead in leads if not _bystander(case, lead)])
    if head is not None and head.standing is Standing.OUTER:
        return _before(case, head, leads) or head
    if case.failed and (head is None or head.standing is Standing.ECHO):
        return _held_back(case) or head or unexplained(case)
    return head or next((lead for lead in leads if lead.verdict is Verdict.STRAGGLER), None)


def _at_the_end(lead: Lead) -> bool:
    """Whether the processes were seen to hang after the training had said that it is over."""
    return lead.name == STUCK and lead.phase is DiagnosedPhase.TEARDOWN


def _before(case: Case, end: Lead, leads: Sequence[Lead]) -> Lead | None:
    """What was wrong before somebody put an end to it: that it hung, as was seen, or lost its values."""
    live = case.live
    seen = live is not None and live.source and (live.silent or 0.0) >= _SEEN_SILENT
    for lead in leads:
        lost = (
            lead.sick and lead.verdict is Verdict.FAILED and lead.confidence is Confidence.CERTAIN
        )
        told = lead.name in (STUCK, RECORDED) and lead.standing is Standing.TIMEOUT
        hung = seen and told and lead.verdict is not Verdict.UNDECIDED
        if lost or hung:
            summary = f"{lead.summary}; later {end.summary}"
            return replace(lead, summary=summary, verdict=Verdict.HANG if hung else lead.verdict)
    return None


def _held_back(case: Case) -> Lead | None:
    """The failure of a run that died with lines in its buffers: they stand behind the traceback."""
    late = [clue for clue in case.past if case.currency.buffered(clue)]
    if not late:
        return None
    again = replace(case)
    again.__dict__["clues"] = [*case.clues, *late]
    again.__dict__["past"] = ()
    lead = choose([*explicit(again), *waits(again)])
    return lead and replace(lead, confidence=Confidence.LIKELY)


def _bystander(case: Case, lead: Lead) -> bool:
    """Whether a line of the kernel or the scheduler meets a run that shows no sign of it."""
    if lead.phase is DiagnosedPhase.INIT and case.trained and not case.failed:
        return True  # it came through its start, as its steps show
    log = case.gathering.logs.get(lead.when.base)
    foreign = log is not None and not log.progress and not lead.charges
    if not foreign or lead.standing is not Standing.ROOT or not case.trained:
        return False
    if case.health.status in (Status.RUNNING, Status.STARTING):
        return True
    silent = [view.silent_seconds for view in case.health.ranks if view.silent_seconds is not None]
    if case.failed or lead.when.seconds is None or not silent:
        return False
    return abs(case.view.now - min(silent) - lead.when.seconds) > _NEAR


def _worst(single: Sequence[tuple[Job, Diagnosis]]) -> Diagnosis:
    """Of several jobs the one that is worst off, of equals the newest, and a word on the others."""
    ordered = sorted(single, key=lambda one: (_SEVERITY.index(one[1].verdict), -one[0].last))
    job, worst = ordered[0]
    notes = tuple(
        Other(
            one.category, f"{_again(worst, one)}, {other.name}: {one.verdict.value}. {one.summary}"
        )
        for other, one in ordered[1:]
    )
    words = (
        f"logs of one job only: these are of {plural(len(single), 'job')}, told apart; this is"
        f" about {job.name}; name one job's logs to see it alone"
    )
    return replace(worst, missing=(*worst.missing, words), others=(*worst.others, *notes))


def _again(worst: Diagnosis, other: Diagnosis) -> str:
    """How another job is introduced: it may have failed in the same way."""
    if other.category is None or other.category is not worst.category:
        return "Another job"
    blamed = (Role.GUILTY, Role.SUSPECT)
    one, two = ({r.who for r in d.ranks if r.role in blamed} for d in (worst, other))
    both = one & two
    return f"The same on {ranks_words(both)} in another job" if both else "The same in another job"
