"""All ranks' dumps together: what they prove, and what they leave open."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from trainwatch.diagnose.recorder import across, lacking
from trainwatch.diagnose.recorder.across import job_of
from trainwatch.diagnose.recorder.dump import Dump
from trainwatch.diagnose.recorder.evidence import (
    Confidence,
    Finding,
    Kind,
    Outcome,
    RecorderEvidence,
)
from trainwatch.diagnose.recorder.groups import Group, groups_of
from trainwatch.diagnose.recorder.lateness import Timing, timing_of
from trainwatch.diagnose.recorder.select import Selection, select
from trainwatch.diagnose.recorder.stands import newest_of
from trainwatch.diagnose.recorder.trouble import examine
from trainwatch.diagnose.recorder.verdict import findings_of
from trainwatch.diagnose.recorder.waits import messages_of

HOUR_NS = 3600 * 10**9

_WEAKER = {
    Confidence.CERTAIN: Confidence.LIKELY,
    Confidence.LIKELY: Confidence.POSSIBLE,
    Confidence.POSSIBLE: Confidence.POSSIBLE,
}


def analyse_dumps(files: Mapping[str, bytes]) -> RecorderEvidence:
    """What the flight-recorder dumps of a job say.

    Args:
        files: The bytes of each dump by its file's name, which should end in the rank. Pickle and
            JSON of one rank may both be there; what cannot be read is said and left out.
    """
    chosen = select(files)
    if len(chosen.worlds) > 1:
        return _of_several_jobs(chosen)
    groups = groups_of(chosen.dumps, chosen.world)
    job = job_of(groups, [examine(group) for group in groups], messages_of(groups))
    timings = [timing for group in groups if (timing := timing_of(group)) is not None]
    findings = _ranked(_doubted(chosen.dumps.values(), findings_of(job)), _late(timings))
    return RecorderEvidence(
        outcome=_outcome(chosen, findings),
        accused=_accused(findings),
        suspects=_suspects(findings),
        victims=_victims(findings, job.waits.victims),
        ranks=tuple(chosen.dumps),
        absent=chosen.absent,
        findings=tuple(findings),
        lateness=tuple(line for timing in timings for line in timing.table()),
        stands=tuple(newest_of(groups, rank) for rank in chosen.dumps),
        files=chosen.files,
        unreadable=chosen.unreadable,
        missing=tuple(_missing(chosen, groups, findings)),
        libraries=frozenset(group.library for group in groups),
    )


def _late(timings: Iterable[Timing]) -> list[Finding]:
    """One finding a rank, though it is late in all its groups."""
    found: dict[int, Finding] = {}
    habits = [(timing.group, habit) for timing in timings if (habit := timing.habit()) is not None]
    for group, habit in sorted(habits, key=lambda pair: -pair[1].usual):
        found.setdefault(habit.rank, across.late(group, habit))
    return list(found.values())


def _ranked(found: list[Finding], late: list[Finding]) -> list[Finding]:
    """Being late, or not knowing, is a cause only where nothing better is known."""
    if not _accused(found):
        return found + late
    known = [replace(each, root=each.root and each.kind is not Kind.UNDECIDED) for each in found]
    return known + [replace(each, root=False) for each in late]


def _doubted(dumps: Iterable[Dump], findings: list[Finding]) -> list[Finding]:
    """Weaker findings where the dumps may be of several runs, or the clocks disagree by hours."""
    if not _apart(dumps):
        return findings
    return [
        replace(each, confidence=_WEAKER[each.confidence], missing=(*each.missing, lacking.APART))
        for each in findings
    ]


def _apart(dumps: Iterable[Dump]) -> bool:
    newest = [dump.newest_ns for dump in dumps if dump.newest_ns]
    return bool(newest) and max(newest) - min(newest) > HOUR_NS


_NAMING = frozenset(Kind) - {Kind.PENDING, Kind.UNDECIDED}


def _accused(findings: list[Finding]) -> tuple[int, ...]:
    sure = [
        finding
        for finding in findings
        if finding.root
        and finding.kind in _NAMING
        and finding.confidence is not Confidence.POSSIBLE
    ]
    return _ranks(finding.ranks for finding in sure)


def _suspects(findings: list[Finding]) -> tuple[int, ...]:
    """Whom possible causes name; where two ranks merely stand apart it could be either."""
    accused = set(_accused(findings))
    doubtful = [
        finding
        for finding in findings
        if finding.root
        and finding.kind in _NAMING | {Kind.UNDECIDED}
        and finding.confidence is Confidence.POSSIBLE
    ]
    named = [finding.ranks for finding in doubtful]
    if not accused:
        named += [each.waiting for each in doubtful if each.kind is Kind.MISSING]
    return tuple(rank for rank in _ranks(named) if rank not in accused)


def _victims(findings: list[Finding], waiting: Iterable[int]) -> tuple[int, ...]:
    named = {*_accused(findings), *_suspects(findings)}
    causes = (each for each in findings if each.root and each.kind in _NAMING | {Kind.UNDECIDED})
    every = _ranks([tuple(waiting), *(each.waiting for each in causes)])
    return tuple(rank for rank in every if rank not in named)


def _ranks(parts: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted({rank for part in parts for rank in part}))


def _outcome(chosen: Selection, findings: list[Finding]) -> Outcome:
    kinds = {finding.kind for finding in findings}
    if _accused(findings):
        return Outcome.LATE if findings[0].kind is Kind.LATE else Outcome.FAULT
    if not chosen.dumps or kinds - {Kind.LATE, Kind.PENDING}:
        return Outcome.UNDECIDED
    if kinds:
        return Outcome.LATE if Kind.LATE in kinds else Outcome.PENDING
    return Outcome.UNDECIDED if chosen.absent else Outcome.QUIET


def _missing(chosen: Selection, groups: Iterable[Group], findings: list[Finding]) -> list[str]:
    of_job = lacking.of_job(chosen.dumps.values(), groups, chosen.absent)
    of_findings = [text for finding in findings if finding.root for text in finding.missing]
    return list(dict.fromkeys([*of_job, *of_findings]))


def _of_several_jobs(chosen: Selection) -> RecorderEvidence:
    sizes = " and ".join(str(len(world)) for world in sorted(chosen.worlds, key=len))
    return RecorderEvidence(
        outcome=Outcome.UNDECIDED,
        accused=(),
        suspects=(),
        victims=(),
        ranks=tuple(chosen.dumps),
        absent=(),
        findings=(),
        lateness=(),
        stands=(),
        files=chosen.files,
        unreadable=chosen.unreadable,
        missing=(f"Dumps of one job: these are of several, of {sizes} ranks.",),
    )
