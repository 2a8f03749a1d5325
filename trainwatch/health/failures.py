"""Findings about failures that the logs report: out of memory, CUDA errors, exceptions, exits."""

from collections import Counter
from collections.abc import Iterator, Sequence

from trainwatch.events import (
    NOBODY,
    Fault,
    FaultKind,
    Finding,
    LaunchFailed,
    Severity,
    WorkerFailure,
)
from trainwatch.health.ends import Ends
from trainwatch.model.faults import Reported

_RULES = {
    FaultKind.OUT_OF_MEMORY: ("out_of_memory", "out of memory"),
    FaultKind.CUDA_ERROR: ("cuda_error", "CUDA error"),
    FaultKind.EXCEPTION: ("exception", "exception"),
    FaultKind.SHARD_ERROR: ("shard_error", "a shard could not be read"),
}
_SIGNALS = {-9: "SIGKILL", -11: "SIGSEGV", -6: "SIGABRT", -15: "SIGTERM", -7: "SIGBUS"}
_CLEANED_UP = -15


def failure_findings(ends: Ends) -> Iterator[Finding]:
    """What the reports of the current attempt show: one finding a rule and rank, first place.

    What a rank reports itself comes before what its launcher says of it.
    """
    for reports in _grouped(ends.survived).values():
        event = reports[0].event
        if isinstance(event, Fault) and event.kind in _REMARKABLE:
            yield _survived(event)
    groups = list(_grouped(ends.reports).values())
    groups.sort(key=lambda reports: not isinstance(reports[0].event, Fault))
    for reports in groups:
        first = reports[0].event
        if isinstance(first, Fault):
            yield _fault(first, _times(reports), survived=not ends.failed)
        elif isinstance(first, WorkerFailure):
            yield _worker(first)
        elif isinstance(first, LaunchFailed):
            yield Finding(
                "launch_failed",
                Severity.CRITICAL,
                NOBODY,
                "the launcher reports that the job failed",
                (first.evidence,),
            )


def _grouped(reports: Sequence[Reported]) -> dict[tuple[object, ...], list[Reported]]:
    groups: dict[tuple[object, ...], list[Reported]] = {}
    for report in reports:
        event = report.event
        if isinstance(event, Fault) and event.kind in _RULES:
            groups.setdefault(("fault", event.kind, event.who), []).append(report)
        elif isinstance(event, WorkerFailure) and event.exitcode != _CLEANED_UP:
            groups.setdefault(("worker", event.who), []).append(report)
        elif isinstance(event, LaunchFailed):
            groups.setdefault(("launch",), []).append(report)
    return groups


_REMARKABLE = (FaultKind.OUT_OF_MEMORY, FaultKind.CUDA_ERROR)


def _survived(fault: Fault) -> Finding:
    rule, words = _RULES[fault.kind]
    message = f"{words}, survived: the training went on"
    evidence = (fault.evidence,)
    return Finding(rule, Severity.WARNING, fault.who, message, evidence, active=False)


def _times(reports: Sequence[Reported]) -> int:
    """How often it was reported, by the log that says it most often: others repeat the same."""
    span: dict[tuple[str, int, bool], list[int]] = {}
    for report in reports:
        fatal = isinstance(report.event, Fault) and report.event.fatal
        span.setdefault((report.base, report.attempt, fatal), []).append(report.number)
    by_log: Counter[str] = Counter()
    for (base, _, _), numbers in span.items():  # the ones between first and newest are not kept
        by_log[base] += max(numbers) - min(numbers) + 1
    return max(by_log.values())


def _fault(fault: Fault, count: int, *, survived: bool) -> Finding:
    rule, words = _RULES[fault.kind]
    named = f" ({fault.exception})" if fault.exception else ""
    times = f", {count} times" if count > 1 else ""
    mild = fault.kind is FaultKind.SHARD_ERROR or (survived and not fault.fatal)
    return Finding(
        rule,
        Severity.WARNING if mild else Severity.CRITICAL,
        fault.who,
        f"{words}{named}{times}",
        (fault.evidence,),
        refute="if the training handles it and goes on",
    )


def _worker(failure: WorkerFailure) -> Finding:
    code = failure.exitcode
    how = "failed" if code is None else f"exited with code {code}"
    if code in _SIGNALS:
        how = f"was ended by {_SIGNALS[code]}"
    cause = "; torchrun observed this failure first" if failure.root_cause else ""
    return Finding(
        "worker_failed",
        Severity.CRITICAL,
        failure.who,
        f"the worker {how}{cause}",
        (failure.evidence,),
        refute="torchrun's first observed failure can be a victim of another rank",
    )
