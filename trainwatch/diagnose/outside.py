"""Ends that only the supervisor or the process table knows: stopped on request, an exit code."""

from collections.abc import Iterator

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.catalogue import endings
from trainwatch.diagnose.complaints import last_complaints
from trainwatch.diagnose.diagnosis import Category, Confidence, Verdict
from trainwatch.diagnose.exits import signal_of
from trainwatch.diagnose.lead import Lead, When
from trainwatch.diagnose.missing import console
from trainwatch.diagnose.signature import Standing
from trainwatch.diagnose.words import signal_name
from trainwatch.events import LaunchFailed

_ASKED = (1, 2, 15)


def outside(case: Case) -> Iterator[Lead]:
    """A lead for an end that was asked for."""
    info = case.info
    signal = signal_of(info.exit_code) if info.exit_code is not None else None
    if info.stopped:
        yield _asked("it was stopped on request", case, Confidence.CERTAIN)
    elif signal in _ASKED:
        yield _asked(f"{signal_name(str(signal))} ended it", case, Confidence.LIKELY)


def _asked(summary: str, case: Case, confidence: Confidence) -> Lead:
    return Lead(
        name="stopped",
        category=Category.EXTERNAL_SIGNAL,
        verdict=Verdict.INTERRUPTED,
        standing=Standing.OUTER,
        summary=summary,
        confidence=confidence,
        when=When(case.crew.attempt, case.info.ended),
        refute="if a rank had failed or hung before: then that is the cause",
        advice=endings.DEATH_SIGNAL.advice[1:],
    )


def unexplained(case: Case) -> Lead:
    """The attempt is over, and no line says why."""
    info = case.info
    code = f" with exit code {info.exit_code}" if info.exit_code is not None else ""
    if info.alive is False and info.exit_code is None:
        summary = "the launcher is dead, and no log says why; ranks that still write are orphans"
    elif info.reason:
        summary = f"trainwatch ended it: {info.reason}"
    else:
        summary = f"the training failed{code}, and these logs do not show why"
    return Lead(
        name="unexplained",
        category=None,
        verdict=Verdict.FAILED,
        standing=Standing.ECHO,
        summary=summary,
        confidence=Confidence.LIKELY,
        when=When(case.crew.attempt),
        proofs=tuple(last_complaints(case)),
        refute="if the training goes on, or its end is found in another log",
        advice=("find every rank's stderr, and the scheduler's and the kernel's log of that time",),
        missing=(
            *console(case),
            "the kernel's log of that node and time: dmesg -T | grep -iE 'oom|killed process|xid'",
        ),
    )


def reported(case: Case) -> bool:
    """Whether the launcher itself says that it failed."""
    return any(isinstance(one.event, LaunchFailed) for one in case.health.ends.reports)
